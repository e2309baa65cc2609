"""Clean copies of folders that people keep themselves: each made once, found again while the folder
stays as it was, and freed when no job needs it.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BridgeError
from ..photos.masking import NO_MASKS, Masks
from ..photos.masking.names import FOLDERS as MASK_FOLDERS
from ..system.files import folder_bytes, mark
from . import manifest
from .kohya_folder import Dataset, open_dataset

VERSION = 1
"""Counts up when copies are made in another way, so that older ones aren't taken any more."""

YOUNG_SECONDS = 60.0
"""A copy this new may belong to a job that is only about to be queued."""


@dataclass(frozen=True)
class Copy:
    """A clean copy that we made of somebody's folder. ``bytes`` is what it takes."""

    folder: Path
    source: tuple[str, ...]
    bytes: int


def record(copy: Dataset, dataset: Dataset, masks: Masks = NO_MASKS) -> None:
    """Write down in ``copy`` what it was made of, and whether with ``masks``."""
    data = manifest.read(copy.root)
    about = {key: value for key, value in data.items() if key not in ("version", "files")}
    source = {**_source(dataset, masks), "copy": _mark(copy, (".png", ".txt"))}
    manifest.write(copy.root, {**about, "source": source}, data["files"])


def find(folder: Path, dataset: Dataset, masks: Masks = NO_MASKS) -> Dataset | None:
    """A copy below ``folder`` of exactly this ``dataset``, with its ``masks`` or without,
    unchanged since it was made; or None.
    """
    wanted = _source(dataset, masks)
    for root, source in _copies(folder):
        if source.get("mark") != wanted["mark"]:
            continue
        try:
            copy = open_dataset(root)
        except BridgeError:  # somebody has emptied it
            continue
        if _mark(copy, (".png", ".txt")) == source.get("copy"):  # caches may lie beside them
            os.utime(root / manifest.NAME)  # `unused` spares what is about to be queued
            return copy
    return None


def unused(folder: Path, needed: Iterable[str]) -> list[Copy]:
    """The copies below ``folder`` that hold none of the ``needed`` datasets (a job's own text).

    What the tab wrote of uploaded photos is none of them: it may be all that is left of those.
    """
    roots = {os.path.realpath(Path(text).parent) for text in needed if text}
    old = time.time() - YOUNG_SECONDS
    return [
        Copy(root, tuple(source.get("folders", ())), folder_bytes(root))
        for root, source in _copies(folder)
        if os.path.realpath(root) not in roots and (root / manifest.NAME).stat().st_mtime < old
    ]


def _copies(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for root in sorted(folder.iterdir()) if folder.is_dir() else ():
        source = manifest.read(root).get("source")
        if isinstance(source, dict):
            yield root, source


def _source(dataset: Dataset, masks: Masks) -> dict[str, Any]:
    subsets = (*dataset.subsets, *dataset.regularisation)
    mark = _mark(dataset)
    if masks.wanted:
        weight = f" {masks.unmasked:g}" if masks.unmasked else ""
        mark = f"{mark} {_mask_mark(dataset)}{weight}"
    return {"folders": [str(subset.folder) for subset in subsets], "mark": mark}


def _mask_mark(dataset: Dataset) -> str:
    """Changes with any mask that doesn't lie right beside its picture."""
    files = (
        file
        for subset in (*dataset.subsets, *dataset.regularisation)
        for folder in subset.folders
        for name in MASK_FOLDERS
        for file in sorted((folder / name).glob("*"))
    )
    text = " ".join(f"{file.name} {mark(file)}" for file in files)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _mark(dataset: Dataset, endings: tuple[str, ...] = ()) -> str:
    """Changes with any file of the dataset (of those with ``endings``, if any):
    name, size, time.
    """
    named = "\nnamed" if dataset.named else ""
    digest = hashlib.sha256(f"{VERSION}\n{','.join(dataset.hold_out)}{named}".encode())
    for subset in (*dataset.subsets, *dataset.regularisation):
        said = (str(subset.folder), subset.repeats, subset.subject, subset.class_token)
        digest.update(repr(said).encode(errors="surrogateescape"))
        for file in sorted(file for folder in subset.folders for file in folder.iterdir()):
            if file.is_file() and (not endings or file.suffix in endings):
                status = file.stat()
                seen = (file.name, status.st_size, status.st_mtime_ns)
                digest.update(repr(seen).encode(errors="surrogateescape"))
    return digest.hexdigest()
