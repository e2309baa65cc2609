"""Each picture's place in the buckets, and what makes it known again."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass

from ....datasets.framing.buckets import Buckets, Placement, Size
from ....errors import Invalid, Problem
from ....options.params import TrainingParams
from .held_files import HeldFiles
from .subsets import SubsetPicture


@dataclass(frozen=True)
class Placed:
    """A picture with its place in the buckets."""

    picture: SubsetPicture
    size: Size
    place: Placement
    digest: str = ""
    """The SHA-256 of its file."""


def place(
    pictures: Sequence[SubsetPicture], params: TrainingParams, files: HeldFiles | None = None
) -> list[Placed]:
    """Every picture's size, bucket and digest; each file is read once, and kept in ``files``.

    Raises `Invalid` with all that can't be opened.
    """
    from PIL import Image

    files = files or HeldFiles(0)
    buckets, placed, problems = Buckets(params), [], []
    for picture in pictures:
        try:
            content = files.read(picture.path)
            with Image.open(io.BytesIO(content)) as image:
                size = image.size
        except OSError as error:
            problems.append(_unreadable(picture, error))
            continue
        where = buckets.place(size)
        if min(where.bucket) <= 0:
            problems.append(
                Problem(
                    "pictures.pixels_too_few_bucket",
                    str(picture.path),
                    "{size}x{size2} pixels are too few for a bucket",
                    "Remove it, or switch bucket_no_upscale off.",
                    size=size[0],
                    size2=size[1],
                )
            )
        placed.append(Placed(picture, size, where, hashlib.sha256(content).hexdigest()))
    if problems:
        raise Invalid(problems)
    return placed


def _unreadable(picture: SubsetPicture, error: OSError) -> Problem:
    return Problem(
        "pictures.cant_opened_picture",
        str(picture.path),
        "can't be opened as a picture ({error})",
        "Remove it.",
        error=error,
    )
