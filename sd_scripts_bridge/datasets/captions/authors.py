"""Who wrote the captions of a dataset of ours, as its `dataset.json` says of each picture."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .. import manifest

HAND = "hand"
BY, WROTE = "by", "caption_sha256"
"""In the manifest, of each picture: which captioner wrote its caption, and what it wrote."""


class Author(NamedTuple):
    """Who wrote a caption: a captioner's name or `HAND`;
    and whether somebody has changed it since.
    """

    by: str
    edited: bool = False


NOBODY = Author("")
"""Of a caption that nobody has written yet."""


def author_of(entry: Mapping[str, Any], caption: str) -> Author:
    """Who wrote ``caption``, of a picture about which the manifest says ``entry``."""
    by = entry.get(BY)
    if not isinstance(by, str) or not by:
        return Author(HAND)
    return Author(by, entry.get(WROTE) != fingerprint(caption))


def authors(root: Path, captions: Mapping[Path, str]) -> dict[Path, Author]:
    """Who wrote each picture's caption."""
    files = manifest.read(root).get("files", {})
    found = {}
    for image, caption in captions.items():
        entry = files.get(image.relative_to(root).as_posix())
        found[image] = author_of(entry if isinstance(entry, dict) else {}, caption)
    return found


def record(root: Path, written: Mapping[Path, tuple[str, str]]) -> None:
    """Say in the manifest who wrote what: picture -> (who, caption)."""
    now = manifest.read(root)
    files = now.get("files", {})
    for image, (by, caption) in written.items():
        entry = files.get(image.relative_to(root).as_posix())
        if isinstance(entry, dict):
            entry.update({BY: by, WROTE: fingerprint(caption)})
    about = {key: value for key, value in now.items() if key not in ("files", "version")}
    manifest.write(root, about, files)


def fingerprint(caption: str) -> str:
    """What is kept of a caption to know it again."""
    return hashlib.sha256(caption.encode("utf-8", "surrogatepass")).hexdigest()
