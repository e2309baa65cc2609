"""A JPEG's size and orientation, from its marker segments (ITU T.81, annex B) and its EXIF."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a frame (SOF); the three others define tables."""
_SCAN, _END, _APP1, _FILLING = 0xDA, 0xD9, 0xE1, 0xFF
_EXIF, _ORIENTATION, _SHORT = b"Exif\0\0", 0x0112, 3
_MOST_EXIF = 1 << 16


def size_and_orientation(file: BinaryIO) -> tuple[int, int, int]:
    """(width, height, EXIF's orientation) as stored; (0, 0, 1) where the header says none."""
    orientation = 1
    for marker, length in _segments(file):
        if marker in _FRAMES:
            height, width = struct.unpack(">xHH", file.read(5).ljust(5, b"\0"))
            return width, height, orientation
        if marker == _APP1 and orientation == 1:
            orientation = _orientation(file.read(min(length, _MOST_EXIF)))
    return 0, 0, orientation


def _segments(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """(marker, length) of each segment before the picture; the file stands where it begins."""
    at = 2
    while True:
        file.seek(at)
        head = file.read(4)
        if len(head) < 4 or head[0] != _FILLING or head[1] in (_SCAN, _END):
            return
        if head[1] == _FILLING:
            at += 1
            continue
        length = int.from_bytes(head[2:], "big") - 2
        if length < 0:
            return
        yield head[1], length
        at += 4 + length


def _orientation(segment: bytes) -> int:
    """Of an APP1 segment; 1 (upright) where it is no EXIF, says nothing, or is damaged."""
    tiff = segment[len(_EXIF) :] if segment.startswith(_EXIF) else b""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < 8:
        return 1
    at = struct.unpack_from(order + "I", tiff, 4)[0]
    if at + 2 > len(tiff):
        return 1
    for number in range(struct.unpack_from(order + "H", tiff, at)[0]):
        entry = tiff[at + 2 + 12 * number :][:12]
        if len(entry) < 12:
            return 1
        tag, kind, _, value = struct.unpack(order + "HHIH2x", entry)
        if tag == _ORIENTATION and kind == _SHORT:
            return value if 1 <= value <= 8 else 1
    return 1
