"""Uploaded files into the draft's own folder of photos: unpacked, named safely, each once, its
caption and its mask beside each photo.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ...errors import BridgeError, Invalid, Problem
from ...messages import Message
from ...photos import zips
from ...photos.files import SIDECARS, is_mask
from ...photos.masking.names import masked_stem
from ...photos.zips import safe_name
from ...shapes.marks import Example
from ...system.files import numbered, replace_file

CAPTIONS = frozenset({".txt", ".caption"})
LEFT_ALONE = SIDECARS - CAPTIONS
MOST_PHOTOS = 10_000


@dataclass(frozen=True)
class Upload:
    """One file as it came: its own name, and where it lies until it is taken in."""

    name: str
    path: Path


@dataclass(frozen=True)
class VideoView:
    """A video whose frames are chosen, or were."""

    job: Annotated[int, "that chooses them", Example(4)]
    file: Annotated[str, Example("IMG_0042.MOV")]
    done: Annotated[int, "frames looked at", Example(120)]
    total: Annotated[int, "about how many there are; 0: not known yet", Example(900)]
    sentence: Annotated[str | None, "what came of it; null: it goes on"] = None


@dataclass(frozen=True)
class Taken:
    """The names of new photos in the folder, and what to say besides."""

    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def photos_in(folder: Path) -> list[str]:
    """The names of the photos that were taken in, in the order of their coming."""
    files = (
        [file for file in folder.iterdir() if file.is_file() and not _goes_with_photo(file)]
        if folder.is_dir()
        else []
    )
    return [
        file.name for file in sorted(files, key=lambda file: (file.stat().st_mtime_ns, file.name))
    ]


def take_in(files: Sequence[Upload], folder: Path, have: int = 0) -> Taken:
    """Put ``files`` into ``folder``; all or nothing.

    ``have``: photos in the draft already. Raises `Invalid`.
    """
    aside = folder.with_name(f".{folder.name}.{os.getpid()}-{os.urandom(4).hex()}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        aside.mkdir()
        try:
            groups = _groups(_written(files, aside), folder)
            count = sum(not _goes_with_photo(file, folder) for group in groups for file in group[1])
            if have + count > MOST_PHOTOS:
                raise Invalid(
                    [
                        Problem(
                            "intake.too_many",
                            "photos",
                            "{have} are too many",
                            "The limit is {most_photos}.",
                            have=have + count,
                            most_photos=MOST_PHOTOS,
                        )
                    ]
                )
            return _adopted(groups, folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise BridgeError(
            "intake.photos_cant_stored",
            "The photos can't be stored in {folder}: {strerror}.",
            folder=folder,
            strerror=error.strerror or error,
        ) from error


def _written(files: Sequence[Upload], aside: Path) -> list[Path]:
    """Everything as files below ``aside``, zips unpacked."""
    problems: list[Problem] = []
    written: list[Path] = []
    loose = aside / "loose"
    loose.mkdir()
    for number, file in enumerate(files):
        with file.path.open("rb") as opened:
            packed = zips.is_zip(opened.read(4))
        if not packed:
            written.append(zips.free_name(loose, safe_name(file.name)))
            shutil.move(file.path, written[-1])
            continue
        into = aside / f"zip{number}"
        into.mkdir()
        try:
            with file.path.open("rb") as opened:
                written += zips.unpack(opened, safe_name(file.name), into)
        except Invalid as error:
            problems += error.problems
        file.path.unlink()  # its room is needed
    if problems:
        raise Invalid(problems)
    return written


_Group = tuple[str, list[Path]]
"""A photo's stem, and its files."""


def _groups(files: Sequence[Path], folder: Path) -> list[_Group]:
    """Photos with their captions and masks: what lay in one folder under one stem."""
    groups: dict[Path, list[Path]] = {}
    for file in files:
        if file.suffix.lower() not in LEFT_ALONE:
            stem = masked_stem(file) if _is_mask(file, folder) else None
            groups.setdefault(file.with_name(stem or file.stem), []).append(file)
    return [(whole.name, group) for whole, group in groups.items()]


def _adopted(groups: Sequence[_Group], folder: Path) -> Taken:
    names: list[str] = []
    taken = {_folded(file.stem) for file in folder.iterdir() if not _goes_with_photo(file)}
    again = alone = 0
    for own, group in groups:
        photos = [file for file in group if not _goes_with_photo(file, folder)]
        new = [photo for photo in photos if not _is_there(photo, folder)]
        again += len(photos) - len(new)
        stem = _free_stem(taken, own) if new else own
        alone += not photos and _folded(stem) not in taken
        for file in group:
            if file in new or file not in photos:
                _flush(file)
                replace_file(file, folder / (stem + file.name[len(own) :]))
        taken |= {_folded(stem)} if new else set()
        names += [stem + photo.suffix for photo in new]
    notes = (
        [
            Message(
                "draft.photo_already",
                "{again} {again:photo was|photos were} here already.",
                again=again,
            )
        ]
        if again
        else []
    )
    notes += (
        [
            Message(
                "draft.caption_photo",
                "{alone} {alone:caption belongs|captions belong} to no photo that is here.",
                alone=alone,
            )
        ]
        if alone
        else []
    )
    return Taken(tuple(names), tuple(notes))


def _flush(file: Path) -> None:
    """What is said to be here outlives a power cut."""
    with file.open("r+b") as opened:
        os.fsync(opened.fileno())


def _is_caption(file: Path) -> bool:
    return file.suffix.lower() in CAPTIONS


def _goes_with_photo(file: Path, folder: Path | None = None) -> bool:
    """Whether it is no photo, but a caption, or the mask of one beside it or in ``folder``."""
    return _is_caption(file) or _is_mask(file, folder or file.parent)


def _is_mask(file: Path, folder: Path) -> bool:
    return is_mask(file) or is_mask(folder / file.name)


def _is_there(photo: Path, folder: Path) -> bool:
    """Whether this very file has been taken before, under its own name."""
    other = folder / photo.name
    return (
        other.is_file()
        and other.stat().st_size == photo.stat().st_size
        and other.read_bytes() == photo.read_bytes()
    )


def _free_stem(taken: set[str], stem: str) -> str:
    return next(one for one in numbered(stem, "{name} ({number})") if _folded(one) not in taken)


def _folded(stem: str) -> str:
    """Windows and macOS take "IMG_1" and "img_1" for one."""
    return stem.casefold()
