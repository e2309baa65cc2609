"""Buckets against values recorded from sd-scripts 48d368f's BucketManager."""

from __future__ import annotations

import pytest

from sd_scripts_bridge.datasets.framing.buckets import Buckets, bucket_sizes, crop_corner
from sd_scripts_bridge.options.params import TrainingParams

AT_512 = [
    (256, 832),
    (256, 896),
    (256, 960),
    (256, 1024),
    (320, 704),
    (320, 768),
    (384, 640),
    (448, 576),
    (512, 512),
    (576, 448),
    (640, 384),
    (704, 320),
    (768, 320),
    (832, 256),
    (896, 256),
    (960, 256),
    (1024, 256),
]
AT_768x512 = [
    (256, 1024),
    (320, 1024),
    (384, 896),
    (384, 960),
    (384, 1024),
    (448, 832),
    (512, 704),
    (512, 768),
    (576, 576),
    (576, 640),
    (640, 576),
    (704, 512),
    (768, 512),
    (832, 448),
    (896, 384),
    (960, 384),
    (1024, 256),
    (1024, 320),
    (1024, 384),
]


def test_the_list() -> None:
    assert bucket_sizes((512, 512), 256, 1024, 64) == AT_512
    assert bucket_sizes((768, 512), 256, 1024, 64) == AT_768x512
    assert bucket_sizes((64, 64), 64, 128, 64) == [(64, 64)]
    assert len(bucket_sizes((1024, 1024), 512, 2048, 32)) == 65


@pytest.mark.parametrize(
    ("picture", "bucket", "resized"),
    [
        ((512, 512), (512, 512), (512, 512)),
        ((3000, 4000), (448, 576), (448, 597)),
        ((1920, 1080), (640, 384), (683, 384)),
        ((97, 640), (256, 1024), (256, 1689)),
        ((700, 699), (512, 512), (513, 512)),
    ],
)
def test_the_choice(
    picture: tuple[int, int], bucket: tuple[int, int], resized: tuple[int, int]
) -> None:
    place = Buckets(TrainingParams(resolution="512")).place(picture)

    assert (place.bucket, place.resized) == (bucket, resized)
    assert place.ratio_error == bucket[0] / bucket[1] - picture[0] / picture[1]


@pytest.mark.parametrize(
    ("picture", "bucket", "resized"),
    [
        ((300, 200), (256, 192), (300, 200)),
        ((3000, 4000), (384, 512), (384, 512)),
        ((1920, 1080), (640, 384), (683, 384)),
        ((513, 513), (512, 512), (512, 512)),
    ],
)
def test_never_enlarging(
    picture: tuple[int, int], bucket: tuple[int, int], resized: tuple[int, int]
) -> None:
    place = Buckets(TrainingParams(resolution="512", bucket_no_upscale=True)).place(picture)

    assert (place.bucket, place.resized) == (bucket, resized)


def test_without_buckets_there_is_one_size() -> None:
    place = Buckets(TrainingParams(resolution="512,768", enable_bucket=False)).place((1000, 1000))

    assert place.bucket == (512, 768)
    assert place.resized == (768, 768)


def test_crop_corner() -> None:
    assert crop_corner((448, 576), (3000, 4000)) == (8.0, 0, 440.0)
    assert crop_corner((640, 384), (1920, 1080)) == (0, 12.0, 640)
    assert crop_corner((512, 512), (512, 512)) == (0, 0.0, 512)
