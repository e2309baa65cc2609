"""Which bucket a picture goes into: the shapes, the choice and the crop that sd-scripts makes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...options.params import TrainingParams

Size = tuple[int, int]


@dataclass(frozen=True)
class Placement:
    """Where a picture lands: its bucket, its size before the centre crop, and how far off its shape
    is.
    """

    bucket: Size
    resized: Size
    ratio_error: float


def bucket_sizes(area: Size, shortest: int, longest: int, step: int) -> list[Size]:
    """All buckets of at most ``area`` pixels whose sides are multiples of ``step``, sorted."""
    pixels = area[0] * area[1]
    square = int(math.sqrt(pixels) // step) * step
    sizes = {(square, square)}
    for width in range(shortest, longest + 1, step):
        height = min(longest, pixels // width // step * step)
        if height >= shortest:
            sizes |= {(width, height), (height, width)}
    return sorted(sizes)


class Buckets:
    """The buckets of one run."""

    def __init__(self, params: TrainingParams) -> None:
        self.params = params
        if not params.enable_bucket:
            self.sizes = [params.area]
        elif params.bucket_no_upscale:
            self.sizes = []
        else:
            self.sizes = bucket_sizes(
                params.area,
                params.min_bucket_reso,
                params.max_bucket_reso,
                params.bucket_reso_steps,
            )

    def place(self, picture: Size) -> Placement:
        """The bucket of a picture of this width and height."""
        if not self.sizes:
            return self._place_without_enlarging(picture)
        ratio = picture[0] / picture[1]
        bucket = (
            picture
            if picture in self.sizes
            else min(self.sizes, key=lambda size: abs(size[0] / size[1] - ratio))
        )
        error = bucket[0] / bucket[1] - ratio
        scale = bucket[1] / picture[1] if error < 0 else bucket[0] / picture[0]
        return Placement(
            bucket, (int(picture[0] * scale + 0.5), int(picture[1] * scale + 0.5)), error
        )

    def _place_without_enlarging(self, picture: Size) -> Placement:
        ratio, step = picture[0] / picture[1], self.params.bucket_reso_steps
        pixels = self.params.area[0] * self.params.area[1]
        resized = picture
        if picture[0] * picture[1] > pixels:
            width = _floor_to(math.sqrt(pixels * ratio), step)
            height = _floor_to(pixels / math.sqrt(pixels * ratio), step)
            by_width, by_height = (
                width / _floor_to(width / ratio, step),
                _floor_to(height * ratio, step) / height,
            )
            if abs(by_width - ratio) < abs(by_height - ratio):
                resized = width, int(width / ratio + 0.5)
            else:
                resized = int(height * ratio + 0.5), height
        bucket = resized[0] - resized[0] % step, resized[1] - resized[1] % step
        return Placement(bucket, resized, bucket[0] / bucket[1] - ratio)


def crop_corner(bucket: Size, picture: Size) -> tuple[float, float, float]:
    """(left, top, right) of the crop as SDXL's size conditioning counts them: 0 or negative where
    nothing was cut.
    """
    ratio = picture[0] / picture[1]
    if bucket[0] / bucket[1] > ratio:
        width, height = bucket[1] * ratio, float(bucket[1])
    else:
        width, height = float(bucket[0]), bucket[0] / ratio
    left, top = (bucket[0] - width) // 2, (bucket[1] - height) // 2
    return left, top, left + width


def _floor_to(value: float, step: int) -> int:
    whole = int(value + 0.5)
    return whole - whole % step
