"""Numbers about one photo's looks (sharpness, light) and the fingerprint by which copies of it are
found.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from ..messages import Message
from .faces import Box

SIDE = 512
"""Everything is measured at this long side: the same photo at another size would measure quite
differently.
"""
SOFT, VERY_SOFT = 20.0, 5.0
DARK, BRIGHT = 40.0, 205.0
CLIPPED = 0.20
COPY_DISTANCE = 6
"""Differing bits of 64: every resent or re-encoded photo was within 6, and different scenes were at
least 19 apart.
"""
_COPY_COLOURS = 4.0
"""Levels of 255 between small colour versions: resent photos were within 1.2, drawings with the
same layout from 4.7 on.
"""
_FLAT = 8.0
_THUMB = 16
_FACE_SIDE = 256
_TINY = 64
"""What fingerprint and small colours are taken from: quicker to make, and enough."""

Floats = np.ndarray[Any, np.dtype[np.float32]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Shorts = np.ndarray[Any, np.dtype[np.int16]]


@dataclass(frozen=True)
class Measures:
    """``sharpness``: variance of the Laplacian.

    ``brightness``: mean of 0 to 255. ``white``, ``black``: clipped shares.
    """

    sharpness: float
    brightness: float
    white: float
    black: float
    fingerprint: int
    thumb: Bytes = field(repr=False, compare=False)

    def concerns(self) -> list[str]:
        """What to mind, in a few words each."""
        found: list[str] = []
        if self.brightness < DARK or self.black > CLIPPED:
            found.append(
                Message("photo.dark_black", "dark, {black} pure black", black=f"{self.black:.0%}")
                if self.black > CLIPPED
                else Message("photo.dark", "dark")
            )
        if self.brightness > BRIGHT or self.white > CLIPPED:
            found.append(
                Message(
                    "photo.bright_white",
                    "bright, {white} pure white",
                    white=f"{self.white:.0%}",
                )
                if self.white > CLIPPED
                else Message("photo.bright", "bright")
            )
        if (
            DARK <= self.brightness <= BRIGHT and self.sharpness < SOFT
        ):  # in the dark everything measures soft
            found.append(
                Message("photo.very_blurred", "very blurred")
                if self.sharpness < VERY_SOFT
                else Message("photo.soft", "soft")
            )
        return found

    def is_copy_of(self, other: Measures) -> bool:
        """Whether both are the very same photo: resent, re-encoded, another size, lighter or
        darker. Not re-cropped.
        """
        return (
            self.fingerprint ^ other.fingerprint
        ).bit_count() <= COPY_DISTANCE and self._same_colours(other)

    def _same_colours(self, other: Measures) -> bool:
        """The fingerprint knows shapes in grey only; the same drawing in other colours is another
        picture.
        """
        mine, theirs = self.thumb.astype(np.float32), other.thumb.astype(np.float32)
        if (
            min(mine.std(), theirs.std()) > _FLAT
        ):  # one exposure change for the whole photo is allowed
            gain = float(((mine - mine.mean()) * (theirs - theirs.mean())).mean() / mine.var())
            mine = (mine - mine.mean()) * np.float32(min(max(gain, 0.5), 2.0)) + theirs.mean()
            return float(np.sqrt(((mine - theirs) ** 2).mean())) < _COPY_COLOURS
        return float(np.abs(mine - theirs).mean()) < 2.0


def measure(pixels: Image.Image) -> Measures:
    """Measure an upright RGB picture."""
    small = _at_side(pixels)
    grey = small.convert("L")
    tiny = small.reduce(max(1, min(small.size) // _TINY))
    levels = np.asarray(grey.histogram(), dtype=np.float64) / (grey.width * grey.height)
    return Measures(
        sharpness=_laplacian_variance(np.asarray(grey, dtype=np.int16)),
        brightness=float(levels @ np.arange(256)),
        white=float(levels[251:].sum()),
        black=float(levels[:5].sum()),
        fingerprint=_fingerprint(tiny),
        thumb=np.asarray(_shrunk(tiny, _THUMB)),
    )


def face_sharpness(pixels: Image.Image, face: Box) -> float:
    """Variance of the Laplacian in the box of a face, at 256 pixels: a soft face before a sharp
    background measures sharp as a whole.
    """
    left, top, right, bottom = face.of(pixels.size)
    if right - left < 8 or bottom - top < 8:
        return 0.0
    scale = min(1.0, _FACE_SIDE / max(right - left, bottom - top))
    size = max(3, round((right - left) * scale)), max(3, round((bottom - top) * scale))
    cut = pixels.resize(size, Image.Resampling.LANCZOS, box=(left, top, right, bottom))
    return _laplacian_variance(np.asarray(cut.convert("L"), dtype=np.int16))


def _at_side(pixels: Image.Image) -> Image.Image:
    scale = SIDE / max(pixels.size)
    if scale >= 1:
        return pixels
    size = max(1, round(pixels.width * scale)), max(1, round(pixels.height * scale))
    return pixels.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _shrunk(picture: Image.Image, side: int) -> Image.Image:
    return picture.resize((side, side), Image.Resampling.BILINEAR)


def _laplacian_variance(grey: Shorts) -> float:
    if min(grey.shape) < 3:
        return 0.0
    edges = grey[1:-1, 1:-1] * np.int16(4)
    for neighbour in (grey[:-2, 1:-1], grey[2:, 1:-1], grey[1:-1, :-2], grey[1:-1, 2:]):
        edges -= neighbour
    flat = edges.astype(np.float32).ravel()
    return float(flat @ flat / flat.size - flat.mean() ** 2)


def _fingerprint(tiny: Image.Image) -> int:
    """64 bits: which of the picture's 8 x 8 slowest waves (cosine transform) are stronger than
    their median.
    """
    small = np.asarray(_shrunk(tiny.convert("L"), 32), dtype=np.float32)
    waves = (_cosines() @ small @ _cosines().T).ravel()
    bits = np.packbits(waves > np.median(waves[1:]))
    return int.from_bytes(bits.tobytes(), "big")


@functools.cache
def _cosines() -> Floats:
    """The first 8 rows of the cosine transform of 32 samples."""
    wave, sample = np.arange(8)[:, None], np.arange(32)[None, :]
    return np.cos(np.pi * wave * (2 * sample + 1) / 64).astype(np.float32)
