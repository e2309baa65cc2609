"""``--subject "Ada woman=DIR"``: one of several subjects, with the photos that show it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ...datasets import subjects
from ...datasets.kohya_folder import Dataset, Subset
from ...datasets.subjects import PhotoShare
from ...errors import Invalid, Problem
from ...photos import files as photo_files

FORM = "NAME CLASS=PHOTOS"


def add_subjects(sub: argparse.ArgumentParser) -> None:
    """Add it to the verb."""
    sub.add_argument(
        "--subject",
        action="append",
        default=[],
        metavar=f'"{FORM}"',
        help="one of several subjects; repeat it for each. All are shown equally often; "
        '"30_NAME CLASS=PHOTOS" sets the repeats of these photos',
    )


def read(words: Sequence[str]) -> list[PhotoShare]:
    """What was typed. The last word of a name is the class. Raises `Invalid`."""
    problems = [problem for word in words for problem in _problems(word)]
    if problems:
        raise Invalid(problems)
    shares = [_share(word) for word in words]
    if found := [problem for share in shares for problem in share.problems]:
        raise Invalid(found)
    return shares


def _share(word: str) -> PhotoShare:
    said, _, photos = word.partition("=")
    leaf = photo_files.LEAF.fullmatch(said.strip())
    spoken = (leaf[2] if leaf else said).strip()
    name, _, class_token = spoken.rpartition(" ")
    if not name:
        name, class_token = spoken, ""
    repeats = int(leaf[1]) if leaf else None
    return subjects.share(name, class_token, [Path(photos).expanduser()], repeats)


def _problems(word: str) -> list[Problem]:
    said, equals, photos = word.partition("=")
    if not equals or not said.strip() or not photos.strip():
        return [
            Problem(
                "subjects.no_pair",
                "subject",
                "{word} is not of the form {form}",
                'Write --subject "Ada woman=photos/ada", once for each subject.',
                word=repr(word),
                form=FORM,
            )
        ]
    leaf = photo_files.LEAF.fullmatch(said.strip())
    if leaf and not int(leaf[1]):
        return [
            Problem(
                "subjects.no_repeats",
                "subject",
                "{word} has 0 repeats",
                "Give 1 or more, or leave the number out.",
                word=repr(word),
            )
        ]
    return []


def dataset_of(shares: Sequence[PhotoShare], steps: int) -> Dataset:
    """The subjects' folders as they lie, with the repeats that balance them over about ``steps``
    steps. Raises `Invalid`.
    """
    counts = [(share, len(photo_files.find(share.photos))) for share in shares]
    if problems := [_empty(share) for share, count in counts if not count]:
        raise Invalid(problems)
    repeats = subjects.repeats_of(counts, steps)
    found = [
        Subset(share.photos[0], times, share.name, share.class_token, count)
        for (share, count), times in zip(counts, repeats, strict=True)
    ]
    folder = found[0].folder
    return Dataset(folder, folder, tuple(found), wanted_steps=steps, named=True)


def _empty(share: PhotoShare) -> Problem:
    return Problem(
        "subjects.no_photos",
        "subject",
        "{folder} holds no photos of {subject}",
        "Name the folder that does.",
        folder=repr(str(share.photos[0])),
        subject=share.words,
    )
