"""Small pictures of photos, made when somebody looks at them, kept until the photo changes."""

from __future__ import annotations

import io
import os
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import NotFound
from ..system.files import mark

if TYPE_CHECKING:
    from PIL import Image

SIDE, LARGE = 256, 1024
_AT_ONCE = threading.BoundedSemaphore(2)
"""A page asks for forty at a time, and one large PNG alone can take 300 MB."""


def thumbnail(
    photo: Path,
    folder: Path,
    name: str,
    turn: int = 0,
    masked: Callable[[], Image.Image] | None = None,
) -> bytes:
    """``photo`` as an upright JPEG of at most 256 pixels a side, turned by so many quarters;
    ``masked``: its pixels where it is trained with a mask.

    Raises `NotFound` where there is nothing to show.
    """
    if masked:
        with _AT_ONCE:
            return _small(masked, turn, SIDE)
    kept = folder / f"{name}-{mark(photo)}{f'-{turn}' if turn else ''}.jpg"
    try:
        return kept.read_bytes()
    except OSError:
        with _AT_ONCE:
            data = _small(lambda: _pixels(photo, SIDE), turn, SIDE)
    _keep(kept, data)
    return data


def large(photo: Path, turn: int = 0) -> bytes:
    """As `thumbnail`, of at most `LARGE` pixels a side; it isn't kept."""
    with _AT_ONCE:
        return _small(lambda: _pixels(photo, LARGE), turn, LARGE)


def _pixels(photo: Path, side: int) -> Image.Image:
    from .reading import read

    return _quickly(photo, side) or read(photo).pixels


def _small(read: Callable[[], Image.Image], turn: int, side: int) -> bytes:
    from .pixels import turned
    from .reading import PhotoUnreadable

    try:
        pixels = read().convert("RGB")
    except PhotoUnreadable as error:
        raise NotFound(error.message) from error
    pixels.thumbnail((side, side), reducing_gap=2.0)
    out = io.BytesIO()
    pixels = turned(pixels, turn)
    pixels.save(out, "JPEG", quality=82 if side == SIDE else 88)
    return out.getvalue()


def _quickly(photo: Path, side: int) -> Image.Image | None:
    """A JPEG decoded at a fraction of its size; None for anything else, and for a damaged one."""
    from PIL import Image

    from . import content
    from . import pixels as photo_pixels
    from .reading import LARGEST_PIXELS

    try:
        with photo.open("rb") as file:
            if content.kind(file.read(content.HEAD)) != "JPEG":
                return None
            file.seek(0)
            with Image.open(file, formats=["JPEG"]) as image:
                if image.width * image.height > LARGEST_PIXELS:
                    return None
                image.draft("RGB", (2 * side, 2 * side))
                return photo_pixels.plain(image)[0]
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        KeyError,
        IndexError,
        TypeError,
        struct.error,
        Image.DecompressionBombError,
    ):
        return None


def _keep(path: Path, data: bytes) -> None:
    """A full disk only means making it again."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for older in path.parent.glob(f"{path.name.partition('-')[0]}-*.jpg"):
            older.unlink(missing_ok=True)
        aside = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
        aside.write_bytes(data)
        os.replace(aside, path)
    except OSError:
        return
