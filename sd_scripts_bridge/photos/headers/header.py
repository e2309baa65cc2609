"""One photo's header: format, size and orientation, without decoding a pixel."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from PIL import Image

from .. import content, pixels
from . import jpeg

_ON_ITS_SIDE = range(5, 9)
_BOMB = 80_000_000
"""Pixels; from somewhat more on Pillow warns."""
_PNG_EXIF = {"exif", "Raw profile type exif"}


class PhotoHeader(NamedTuple):
    """What a file's header says. ``width``, ``height``: as stored, 0 where it doesn't say."""

    kind: str
    """A key of `content.PICTURES`, or a word for what it is instead; empty: can't be opened."""
    width: int = 0
    height: int = 0
    orientation: int = 1
    """As EXIF counts it: 1 is upright, from 5 on it lies on its side."""

    @property
    def is_picture(self) -> bool:
        return self.kind in content.PICTURES

    @property
    def upright(self) -> tuple[int, int]:
        """(width, height) once it is turned as its orientation says."""
        if self.orientation in _ON_ITS_SIDE:
            return self.height, self.width
        return self.width, self.height


def read_header(path: Path) -> PhotoHeader:
    """The header of the file at ``path``. Raises nothing: what can't be told is left out."""
    try:
        with path.open("rb") as file:
            head = file.read(content.HEAD)
            kind = content.kind(head)
            if kind == "JPEG":
                return PhotoHeader(kind, *jpeg.size_and_orientation(file))
            if kind == "HEIC":
                return PhotoHeader(kind, *_heic(path))
            return (
                PhotoHeader(kind, *_pillow(file, kind, head))
                if kind in content.PICTURES
                else PhotoHeader(kind)
            )
    except pixels.BROKEN:
        return PhotoHeader("")


def _pillow(file: BinaryIO, kind: str, head: bytes) -> tuple[int, int, int]:
    """Pillow opens lazily: it reads a header only. Of a bomb not even that."""
    size = content.header_size(head)
    if size and size[0] * size[1] > _BOMB:
        return *size, 1
    file.seek(0)
    try:
        with Image.open(file, formats=content.PICTURES[kind]) as image:
            # of a PNG without EXIF before its pixels, Pillow would decode them to look behind
            says = kind != "PNG" or not _PNG_EXIF.isdisjoint(image.info)
            return *image.size, pixels.orientation(image) if says else 1
    except pixels.BROKEN:  # a PNG with a text of 100 MB among others
        return *(size or (0, 0)), 1


def _heic(path: Path) -> tuple[int, int, int]:
    """libheif gives the upright size; it has turned the picture itself."""
    if importlib.util.find_spec("pillow_heif") is None:
        return 0, 0, 1
    import pillow_heif  # type: ignore[import-untyped,unused-ignore]

    heif: Any = pillow_heif.open_heif(path)
    width, height = heif.size
    return int(width), int(height), 1
