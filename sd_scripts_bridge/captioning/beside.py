"""Captions in the files beside photos: a dataset of ours, kohya's folder, or any folder.

What somebody has written stays: a photo gets a caption where it has none, or none but the name and
the class. Photos themselves are never touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..datasets import caption_text, manifest
from ..datasets.captions.draft import composed
from ..photos.files import caption_files
from ..system.files import write_text

HAND = "hand"
BY, WROTE = "by", "caption_sha256"
"""In the manifest, of each picture: who wrote its caption, and what he wrote."""


class Author(NamedTuple):
    """Who wrote a caption: a captioner's name or `HAND`; and whether somebody has changed it since."""

    by: str
    edited: bool = False


class Beside:
    """``root``: the folder of `dataset.json` where the photos are a dataset of ours, else None;
    ``again``: captions that a captioner wrote, and nobody changed, are written anew.
    """

    def __init__(
        self, name: str, class_token: str, root: Path | None = None, *, again: bool = False
    ) -> None:
        self.name, self.class_token, self.root, self.again = name, class_token, root, again
        self._files: dict[str, Any] = dict(manifest.read(root).get("files", {})) if root else {}

    def wants(self, photo: Path) -> bool:
        """Whether nobody has said anything of it yet."""
        text = text_of(photo)
        if text in ("", self.name, caption_text.draft(self.name, self.class_token)):
            return True
        author = author_of(self._entry(photo), text)
        return self.again and author.by != HAND and not author.edited

    def take(self, photo: Path, description: str, by: str) -> bool:
        """Write the caption, unless somebody has written one meanwhile."""
        caption = composed(self.name, self.class_token, description)
        if text_of(photo) != caption:  # else an earlier run, which was killed, has written it
            if not self.wants(photo):
                return False
            write_text(photo.with_suffix(".txt"), caption + "\n")
        if self.root:
            entry = {**self._entry(photo), BY: by, WROTE: fingerprint(caption)}
            self._files[self._key(photo)] = entry
        return True

    def close(self) -> None:
        """Say in the manifest who wrote what; what others wrote there meanwhile stays."""
        if not self.root:
            return
        now = manifest.read(self.root)
        files = now.get("files", {})
        for key, entry in self._files.items():
            if key in files:
                files[key].update({name: entry[name] for name in (BY, WROTE) if name in entry})
        about = {key: value for key, value in now.items() if key not in ("files", "version")}
        manifest.write(self.root, about, files)

    def _key(self, photo: Path) -> str:
        return photo.relative_to(self.root).as_posix() if self.root else photo.name

    def _entry(self, photo: Path) -> Mapping[str, Any]:
        found = self._files.get(self._key(photo))
        return found if isinstance(found, dict) else {}


def text_of(photo: Path) -> str:
    """The caption beside ``photo``, as one line; empty where there is none."""
    files = caption_files(photo)
    if not files:
        return ""
    return caption_text.repair(files[0].read_bytes(), "", "").text


def author_of(entry: Mapping[str, Any], caption: str) -> Author:
    """Who wrote ``caption``, of a picture about which the manifest says ``entry``."""
    by = entry.get(BY)
    if not isinstance(by, str) or not by:
        return Author(HAND)
    return Author(by, entry.get(WROTE) != fingerprint(caption))


def fingerprint(caption: str) -> str:
    return hashlib.sha256(caption.encode("utf-8", "surrogatepass")).hexdigest()


def authors(root: Path, photos: Sequence[Path]) -> dict[Path, Author]:
    """Who wrote the caption of each photo of a dataset of ours."""
    files = manifest.read(root).get("files", {})
    found = {}
    for photo in photos:
        entry = files.get(photo.relative_to(root).as_posix())
        found[photo] = author_of(entry if isinstance(entry, dict) else {}, text_of(photo))
    return found
