"""Any picture that Pillow opened, as plain pixels: upright, sRGB, 8 bits, no transparency, and no
metadata at all.
"""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image, ImageCms

from ..messages import Message

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow and its plugins raise for damaged files; most were seen in 100,000 of them."""

_DEEP = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")


def plain(
    image: Image.Image, turn: bool = True, *, masked: bool = False
) -> tuple[Image.Image, tuple[str, ...]]:
    """(the picture as new RGB pixels, what was done to it).

    ``turn``: whether EXIF's orientation is still to be obeyed. ``masked``: with transparency kept,
    as RGBA, where there is any.
    """
    notes: list[str] = []
    if getattr(image, "is_animated", False) and image.format != "MPO":
        notes.append(
            Message("photo.first_page", "first page")
            if image.format == "TIFF"
            else Message("photo.first_frame_animation", "first frame of an animation")
        )
    image.load()
    way = orientation(image) if turn else 1
    profile = image.info.get("icc_profile")
    alpha = _alpha(image) if masked else None
    for step in (_eight_bits, _on_white if alpha is None else _uncovered):
        image, note = step(image)
        notes += [note] if note else []
    image, note = _to_srgb(image, profile if isinstance(profile, bytes) else b"")
    notes += [note] if note else []
    if alpha is not None:
        image.putalpha(alpha)
    if way in _TURNS:
        image = image.transpose(_TURNS[way])
        notes.insert(
            0,
            Message("photo.mirrored_back", "mirrored back")
            if way == 2
            else Message("photo.turned_upright", "turned upright"),
        )
    clean = image.copy()
    clean.info = {}  # a copy keeps the metadata, which none of our files shall have
    return clean, tuple(notes)


def turned(pixels: Image.Image, quarters: int) -> Image.Image:
    """``pixels`` turned clockwise by so many quarters."""
    ways = (None, 6, 3, 8)  # as EXIF counts them
    way = ways[quarters % 4]
    return pixels.transpose(_TURNS[way]) if way else pixels


def lies_on_its_side(image: Image.Image) -> bool:
    """Whether EXIF's orientation turns ``image`` by a quarter, so that width and height change."""
    return orientation(image) in (5, 6, 7, 8)


def orientation(image: Image.Image) -> int:
    """As EXIF counts it; 1 is upright."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except (SyntaxError, ValueError, TypeError, KeyError, IndexError, OSError, struct.error):
        return 1  # damaged EXIF: the picture itself is fine


def _eight_bits(image: Image.Image) -> tuple[Image.Image, str]:
    """Pillow's own conversion cuts 16 bits off at 255, which makes nearly everything white."""
    if image.mode not in _DEEP:
        return image, ""
    values = np.nan_to_num(np.asarray(image).astype(np.float32))
    top = float(values.max(initial=0))
    full = (1 if top <= 1 else 255) if image.mode == "F" and top <= 255 else max(top, 65535)
    grey = np.clip(values * (255 / full) + 0.5, 0, 255).astype(np.uint8)
    return Image.fromarray(grey), Message(
        "photo.bits", "16 bits to 8"
    ) if image.mode != "F" else Message("photo.floating_point_bits", "floating point to 8 bits")


def _on_white(image: Image.Image) -> tuple[Image.Image, str]:
    """Show transparency as white paper; the colours hidden under it are not meant to be seen."""
    coloured = _coloured(image)
    if coloured is None:
        return (image.convert("RGB") if image.mode == "P" else image), ""
    alpha = coloured.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return coloured.convert("RGB"), ""
    paper = Image.new("RGB", image.size, "white")
    paper.paste(coloured.convert("RGB"), mask=alpha)
    return paper, Message("photo.transparent", "transparency on white")


def _uncovered(image: Image.Image) -> tuple[Image.Image, str]:
    """The colours alone, those under transparency as they are."""
    coloured = _coloured(image) or image
    return coloured.convert("RGB"), Message("photo.alpha_kept", "transparency as its mask")


def _alpha(image: Image.Image) -> Image.Image | None:
    """The alpha channel, where anything is transparent."""
    coloured = _coloured(image)
    alpha = coloured.getchannel("A") if coloured else None
    return alpha if alpha and alpha.getextrema() != (255, 255) else None


def _coloured(image: Image.Image) -> Image.Image | None:
    """The picture as RGBA; None where it knows no transparency."""
    if image.mode not in ("RGBA", "LA", "PA", "RGBa", "La") and "transparency" not in image.info:
        return None
    return (image.convert("LA") if image.mode == "La" else image).convert("RGBA")


def _to_srgb(image: Image.Image, profile: bytes) -> tuple[Image.Image, str]:
    cmyk = Message("photo.cmyk_srgb", "CMYK to sRGB") if image.mode == "CMYK" else ""
    if not profile or image.mode not in ("RGB", "CMYK", "L", "LAB"):
        return (image if image.mode == "RGB" else image.convert("RGB")), cmyk
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = " ".join(
            "".join(filter(str.isprintable, ImageCms.getProfileDescription(source))).split()
        )[:40]
        if image.mode == "RGB" and "srgb" in name.lower():
            return image, ""
        turned = ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (
        ImageCms.PyCMSError,
        OSError,
        ValueError,
        TypeError,
        ImportError,
    ):  # damaged, or for another mode
        return image.convert("RGB"), cmyk
    return turned or image.convert("RGB"), cmyk or Message(
        "photo.srgb", "{name} to sRGB", name=name or "its colour profile"
    )
