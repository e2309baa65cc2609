"""What a file's bytes say undecoded: its kind, the size in its header,
how much of a JPEG is there.
"""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

from ..messages import Message

HEAD = 4096
"""Bytes from the beginning that `kind` wants to see."""

PICTURES = {
    "JPEG": ("JPEG", "MPO"),
    "PNG": ("PNG",),
    "WebP": ("WEBP",),
    "BMP": ("BMP",),
    "GIF": ("GIF",),
    "TIFF": ("TIFF",),
    "AVIF": ("AVIF",),
    "HEIC": (),
}
"""Kinds that we read, and the only Pillow formats that may open each. HEIC has a reader of its own.
"""

ARCHIVES = frozenset({"ZIP", "RAR", "7-Zip", "gzip"})

_BEGINNINGS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"8BPS", "Photoshop"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"%PDF", "PDF"),
    (b"%!PS", "EPS"),
    (b"\xc5\xd0\xd3\xc6", "EPS"),
    (b"\x1aE\xdf\xa3", Message("content.video", "video")),
    (b"FLV", Message("content.video", "video")),
    (b"\0\0\x01\xba", Message("content.video", "video")),
    (b"PK\x03\x04", "ZIP"),
    (b"Rar!", "RAR"),
    (b"7z\xbc\xaf", "7-Zip"),
    (b"\x1f\x8b", "gzip"),
    (b"MZ", Message("content.windows_program", "Windows program")),
    (b"\x7fELF", Message("content.linux_program", "Linux program")),
    (b"ID3", Message("content.sound", "sound")),
    (b"OggS", Message("content.sound", "sound")),
)
_HEIF_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_PNG_TEXT = (b"tEXt", b"zTXt", b"iTXt")


def kind(head: bytes) -> str:
    """The kind of content that begins with ``head``: a key of `PICTURES`, or a word for what it is
    instead.
    """
    if not head.strip(b"\0"):
        return (
            Message("content.zeros", "only zero bytes")
            if head
            else Message("content.empty", "empty")
        )
    if head[4:8] == b"ftyp":
        brands = [
            head[at : at + 4]
            for at in (8, *range(16, min(len(head), int.from_bytes(head[:4], "big")), 4))
        ]
        if any(brand in (b"avif", b"avis") for brand in brands):
            return "AVIF"
        return (
            "HEIC"
            if any(brand in _HEIF_BRANDS for brand in brands)
            else Message("content.video", "video")
        )
    if head[4:8] in (b"moov", b"mdat", b"wide"):
        return Message("content.video", "video")
    if head[:4] == b"RIFF":
        return {
            b"WEBP": "WebP",
            b"AVI ": Message("content.video", "video"),
            b"WAVE": Message("content.sound", "sound"),
        }.get(head[8:12], Message("content.unknown", "unknown"))
    return next(
        (name for beginning, name in _BEGINNINGS if head.startswith(beginning)), None
    ) or _text_kind(head)


def _text_kind(head: bytes) -> str:
    text = head.decode(
        "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8", errors="ignore"
    ).lower()
    if "<svg" in text:
        return "SVG"
    if "<html" in text or "<!doctype html" in text:
        return "HTML"
    readable = sum(character.isprintable() or character.isspace() for character in text)
    if len(head) * 0.4 < readable > 0.95 * len(text):
        return Message("content.text", "text")
    return Message("content.unknown", "unknown")


def header_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) as a PNG's or a JPEG's header says, without decoding;
    None where it doesn't.
    """
    if data[:4] == b"\x89PNG" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    return _jpeg_size(data) if data[:2] == b"\xff\xd8" else None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 1 if marker == 0xFF else 2 + length
    return None


def without_png_text(data: bytes) -> bytes:
    """The PNG ``data`` without its texts: one of 100 MB fits into 100 kB, and then Pillow refuses
    the whole file.
    """
    kept, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] not in _PNG_TEXT:
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def jpeg_percent(data: bytes) -> int | None:
    """About how much of a broken-off JPEG is there, in percent of its height; None where it can't
    be told.

    An end mark is put behind the data, so that the decoder fills the rest with one even colour, and
    that is measured.
    """
    try:
        with Image.open(io.BytesIO(data + b"\xff\xd9"), formats=["JPEG"]) as picture:
            picture.draft("L", (picture.width // 8, picture.height // 8))
            rows = np.asarray(picture.convert("L"), dtype=np.int16)
    except (OSError, SyntaxError, ValueError):
        return None
    differs = np.flatnonzero(np.abs(rows - rows[-1]).max(axis=1) > 2)
    percent = round(100 * (int(differs[-1]) + 1) / len(rows)) if len(differs) else 0
    return percent if 0 < percent < 97 else None
