"""Finding photos in what somebody names: files, folders, kohya folders.

Originals are only read.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from ..errors import Invalid, Problem
from .masking.names import masked_stem
from .places import path_problems

MOST_FILES = 100_000
PICTURE_ENDINGS = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".webp",
        ".bmp",
        ".gif",
        ".tif",
        ".tiff",
        ".heic",
        ".heif",
        ".hif",
        ".avif",
    }
)
LEAF = re.compile(r"(\d+)_(.*)", re.DOTALL)
"""kohya's folder names: repeats, then what is on the photos."""

SIDECARS = frozenset(
    {
        ".txt",
        ".caption",
        ".json",
        ".jsonl",
        ".npz",
        ".npy",
        ".db",
        ".ini",
        ".xmp",
        ".aae",
        ".toml",
        ".yaml",
        ".yml",
        ".csv",
        ".log",
        ".md",
        ".safetensors",
        ".part",
    }
)


def find(paths: Sequence[Path]) -> list[Path]:
    """Everything in ``paths`` that might be a photo, in natural order (10 after 9), absolute.
    Raises `Invalid`.

    A file stands for itself, a folder for its direct files; a folder as kohya users lay it out
    (``img/10_name class``) for the files in those. Side files (captions, caches, hidden files) are
    left out, and masks beside their photos; `read` judges anything else.
    """
    problems = [problem for path in paths for problem in path_problems(path)]
    if problems:
        raise Invalid(problems)
    found: set[Path] = set()
    folders: dict[Path, int] = {}
    for path in (path.absolute() for path in paths):
        for folder in folders_of(path) if path.is_dir() else ():
            found |= {file for file in folder.iterdir() if _is_candidate(file)}
            folders.setdefault(folder, len(folders))
        if not path.is_dir() and not is_mask(path):
            found.add(path)
            folders.setdefault(path.parent, len(folders))
    if len(found) > MOST_FILES:
        raise Invalid(
            [
                Problem(
                    "photos.files.files_too_many",
                    "photos",
                    "{count} files are too many",
                    "The limit is {most_files}.",
                    count=f"{len(found):,}",
                    most_files=f"{MOST_FILES:,}",
                )
            ]
        )
    return sorted(found, key=lambda file: (folders[file.parent], natural_key(file.name)))


def folders_of(path: Path) -> list[Path]:
    """``path``; or, where no photo lies directly in it, kohya's image folders in it or under its
    ``img``.
    """
    for parent in () if any(map(has_picture_name, path.iterdir())) else (path, path / "img"):
        leaves = [leaf for leaf in subfolders(parent) if LEAF.fullmatch(leaf.name)]
        if leaves:
            return leaves
    return [path]


def has_picture_name(file: Path) -> bool:
    """Whether ``file`` is called like a photo."""
    return file.suffix.lower() in PICTURE_ENDINGS and _is_candidate(file)


def is_mask(file: Path) -> bool:
    """Whether ``file`` is called like the mask of a photo that lies beside it."""
    stem = masked_stem(file)
    if stem is None:
        return False
    endings = (one for ending in PICTURE_ENDINGS for one in (ending, ending.upper()))
    return any(file.with_name(stem + ending).is_file() for ending in endings)


def subfolders(path: Path) -> list[Path]:
    """The visible folders in ``path``, in natural order; none where it isn't a folder."""
    if not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
        return []
    folders = [
        entry for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith(".")
    ]
    return sorted(folders, key=lambda folder: natural_key(folder.name))


def caption_files(photo: Path) -> list[Path]:
    """The caption files beside ``photo``, the one to prefer first."""
    files = (
        photo.with_name(photo.stem + ending) for ending in (".txt", ".caption", ".TXT", ".CAPTION")
    )
    return [file for file in files if file.is_file()]


def natural_key(name: str) -> tuple[object, ...]:
    """Sorts as people count: "2.jpg" before "10.jpg", "me.jpg" before "me again.jpg", without
    regard to case.
    """
    parts = re.split(r"(\d+)", unicodedata.normalize("NFC", Path(name).stem).casefold())
    return tuple(int(part) if part.isdecimal() else part for part in parts), name


def _is_candidate(file: Path) -> bool:
    if file.name.startswith(".") or file.suffix.lower() in SIDECARS or is_mask(file):
        return False
    return file.is_file() or (file.is_symlink() and not file.exists())
