"""What a dataset holds, to tell two apart: each picture by its content,
with caption and repeats.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...photos import files as photo_files
from .. import manifest
from ..kohya_folder import Subset, open_dataset


@dataclass(frozen=True)
class HeldPicture:
    """One picture. ``name`` is the photo's own where we copied it, else the file's; ``sha256`` is
    of the file's bytes.
    """

    name: str
    sha256: str
    caption: str
    repeats: int
    is_reg: bool = False


@dataclass(frozen=True)
class Contents:
    """All that is trained of a dataset."""

    pictures: tuple[HeldPicture, ...]

    @property
    def photos(self) -> dict[str, HeldPicture]:
        """The training pictures by their content."""
        return {picture.sha256: picture for picture in self.pictures if not picture.is_reg}

    @property
    def regularization(self) -> int:
        """How many regularization images there are."""
        return sum(picture.is_reg for picture in self.pictures)

    @property
    def repeats(self) -> tuple[int, ...]:
        """Every number of repeats that occurs, smallest first."""
        return tuple(sorted({picture.repeats for picture in self.photos.values()}))

    @property
    def digest(self) -> str:
        """Changes with any picture, caption or number of repeats, and with nothing else."""
        rows = sorted((p.is_reg, p.sha256, p.caption, p.repeats) for p in self.pictures)
        return hashlib.sha256(repr(rows).encode(errors="surrogateescape")).hexdigest()


def read(folder: Path) -> Contents:
    """The dataset at ``folder``. Raises `Invalid` where there is none, OSError."""
    dataset = open_dataset(folder)
    files = manifest.read(dataset.root).get("files", {})
    found = [
        HeldPicture(*_known(path, dataset.root, files), _caption(path), subset.repeats, is_reg)
        for subsets, is_reg in ((dataset.subsets, False), (dataset.regularisation, True))
        for subset in subsets
        for path in _pictures(subset)
    ]
    return Contents(tuple(found))


def _pictures(subset: Subset) -> Iterator[Path]:
    files = sorted(subset.folder.iterdir(), key=lambda file: photo_files.natural_key(file.name))
    return (file for file in files if photo_files.has_picture_name(file))


def _known(path: Path, root: Path, files: dict[str, dict[str, str]]) -> tuple[str, str]:
    """(name, hash): as written down when the copy was made, where it is still that."""
    entry = files.get(path.relative_to(root).as_posix(), {}) if path.is_relative_to(root) else {}
    name = str(entry.get("from") or path.name)
    return name, entry["sha256"] if manifest.unchanged(path, entry) else manifest.sha256(path)


def _caption(path: Path) -> str:
    try:
        return path.with_suffix(".txt").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
