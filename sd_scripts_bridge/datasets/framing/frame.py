"""The part of a photo that a training sees, and at which size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import Image

from ...photos.faces import Box
from .buckets import Buckets, Size

_WHOLE = Box(0.0, 0.0, 1.0, 1.0)
_LOST = 0.02
"""A face may lose so much of its box, since no detector draws it exactly."""


@dataclass(frozen=True)
class Frame:
    """``bucket`` is the size that is trained; ``box`` the part of the photo that gets there, in
    shares of it.
    """

    bucket: Size
    box: Box

    @property
    def can_move(self) -> tuple[bool, bool]:
        """Whether something is cut off beside it, and above or below it."""
        return self.box.width < 1, self.box.height < 1

    def cuts(self, face: Box) -> bool:
        """Whether something of ``face`` is outside that is on the photo."""
        return _common(face, self.box) < (1 - _LOST) * _common(face, _WHOLE)


def _common(one: Box, other: Box) -> float:
    """The share of the photo that both cover."""
    wide = min(one.right, other.right) - max(one.left, other.left)
    high = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0.0, wide) * max(0.0, high)


def frame(picture: Size, buckets: Buckets, move: tuple[float, float] = (0.0, 0.0)) -> Frame:
    """The frame of an upright photo of this width and height, as sd-scripts places it: enlarged or
    made smaller until it covers its bucket, then cut to it around the middle.

    ``move``: -1 to 1, how far from the middle to the photo's left or right, upper or lower edge the
    frame is moved; see `cut_out`.
    """
    place = buckets.place(picture)
    shares = [min(1.0, place.bucket[at] / place.resized[at]) for at in (0, 1)]
    corners = [
        (1 - share) * (1 + min(max(way, -1.0), 1.0)) / 2
        for share, way in zip(shares, move, strict=True)
    ]
    return Frame(place.bucket, Box(*corners, *shares))


def cut_out(pixels: Image.Image, wanted: Frame, buckets: Buckets) -> Image.Image:
    """``pixels`` cut to the frame: a copy that ``buckets`` place where the frame is, whole.

    Where nothing is enlarged, the copy gets the bucket's size: sd-scripts rounds another size of
    the same shape to another bucket.
    """
    box = wanted.box.of(pixels.size)
    if buckets.params.bucket_no_upscale and pixels.size != buckets.place(pixels.size).resized:
        return pixels.resize(wanted.bucket, Image.Resampling.LANCZOS, box=box)
    return pixels.crop(box)


def bucket_counts(frames: Iterable[Frame]) -> list[tuple[Size, int]]:
    """(size, photos) of each bucket in use, the fullest first."""
    return sorted(
        Counter(one.bucket for one in frames).items(), key=lambda pair: (-pair[1], pair[0])
    )


def batches(counts: Sequence[tuple[Size, int]], repeats: int, batch: int) -> int:
    """Steps of one epoch: each bucket's pictures fill batches of their own, the last one partly."""
    return sum(-(-photos * repeats // batch) for _, photos in counts)
