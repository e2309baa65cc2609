"""Captions in the files beside photos: a dataset of ours, kohya's folder, or any folder.

What somebody has written stays: a photo gets a caption where it has none, or none but the name and
the class. Photos themselves are never touched.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..datasets import caption_text, manifest
from ..datasets.captions.authors import HAND, author_of, record
from ..datasets.captions.draft import composed
from ..photos.files import caption_files
from ..system.files import write_text


class Beside:
    """``names``: (name, class) of whom a photo shows; ``root``: the folder of `dataset.json` where
    the photos are a dataset of ours, else None; ``again``: captions that a captioner wrote, and
    nobody changed, are written again.
    """

    def __init__(
        self,
        names: Callable[[Path], tuple[str, str]],
        root: Path | None = None,
        *,
        again: bool = False,
    ) -> None:
        self.names, self.root, self.again = names, root, again
        self._files = manifest.read(root).get("files", {}) if root else {}
        self._written: dict[Path, tuple[str, str]] = {}

    def wants(self, photo: Path) -> bool:
        """Whether nobody has said anything of it yet."""
        text, (name, class_token) = text_of(photo), self.names(photo)
        if text in ("", name, caption_text.draft(name, class_token)):
            return True
        author = author_of(self._entry(photo), text)
        return self.again and author.by != HAND and not author.edited

    def take(self, photo: Path, description: str, by: str) -> bool:
        """Write the caption, unless somebody has written one meanwhile."""
        caption = composed(*self.names(photo), description)
        if text_of(photo) != caption:  # else an earlier run, which was killed, has written it
            if not self.wants(photo):
                return False
            write_text(photo.with_suffix(".txt"), caption + "\n")
        self._written[photo] = (by, caption)
        return True

    def close(self) -> None:
        """Say in the manifest who wrote what."""
        if self.root and self._written:
            record(self.root, self._written)

    def _entry(self, photo: Path) -> Mapping[str, Any]:
        name = photo.relative_to(self.root).as_posix() if self.root else ""
        found = self._files.get(name)
        return found if isinstance(found, dict) else {}


def text_of(photo: Path) -> str:
    """The caption beside ``photo``, as one line; empty where there is none."""
    files = caption_files(photo)
    if not files:
        return ""
    return caption_text.repair(files[0].read_bytes(), "", "").text
