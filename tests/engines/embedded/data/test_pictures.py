"""Resizing, cropping, mirroring and SDXL's size conditioning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs torch")

from sd_scripts_bridge.datasets.framing.buckets import Placement
from sd_scripts_bridge.engines.embedded.data import pictures, placing, resizing
from sd_scripts_bridge.engines.embedded.data.subsets import SubsetPicture
from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.options.params import TrainingParams


def noisy(width: int, height: int) -> resizing.Pixels:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_shrinking_takes_area_means() -> None:
    pixels = noisy(6, 4)
    expected = pixels.reshape(2, 2, 3, 2, 3).mean(axis=(1, 3))

    assert np.abs(resizing.resize(pixels, (3, 2)) - expected).max() <= 0.5


def test_shrinking_by_a_broken_factor_shares_the_edge_pixels() -> None:
    pixels = np.array([[[0] * 3, [90] * 3, [240] * 3]], dtype=np.uint8)  # 3 x 1 to 2 x 1

    assert resizing.resize(pixels, (2, 1))[0, :, 0].tolist() == [30, 190]


def test_shrinking_equals_opencv() -> None:
    cv2 = pytest.importorskip(
        "cv2", reason="opencv, which sd-scripts shrinks with, is not installed"
    )
    for width, height, size in (
        (200, 150, (64, 48)),
        (333, 257, (100, 200)),
        (640, 480, (640, 100)),
    ):
        theirs = cv2.resize(noisy(width, height), size, interpolation=cv2.INTER_AREA)

        assert np.abs(resizing.resize(noisy(width, height), size).astype(int) - theirs).max() <= 1


def test_growing_uses_lanczos() -> None:
    from PIL import Image

    grown = Image.fromarray(noisy(30, 20)).resize((60, 45), Image.Resampling.LANCZOS)

    assert np.array_equal(resizing.resize(noisy(30, 20), (60, 45)), np.asarray(grown))


def test_the_crop_is_central() -> None:
    pixels = noisy(10, 9)

    assert np.array_equal(resizing.centre_crop(pixels, (6, 8)), pixels[0:8, 2:8])


def test_size_conditioning_and_its_mirror() -> None:
    placed = placing.Placed(
        SubsetPicture(Path("p"), "", 1, False, True),
        (3000, 4000),
        Placement((448, 576), (448, 597), 0.0),
    )

    assert pictures._size_ids(placed, flipped=False) == [4000, 3000, 0, 8, 576, 448]
    assert pictures._size_ids(placed, flipped=True) == [4000, 3000, 0, 8, 576, 448]


def test_a_mirrored_picture_tells_its_crop_from_the_other_side() -> None:
    """576 x 1000 / 1333 is 432.1 wide: 7 columns lack on the left, 8 on the right."""
    placed = placing.Placed(
        SubsetPicture(Path("p"), "", 1, False, True),
        (1000, 1333),
        Placement((448, 576), (448, 597), 0.0),
    )

    assert pictures._size_ids(placed, flipped=False)[3] == 7
    assert pictures._size_ids(placed, flipped=True)[3] == 8


def test_all_bad_pictures_are_named_at_once(tmp_path: Path) -> None:
    bad = [tmp_path / "1.png", tmp_path / "2.png"]
    for path in bad:
        path.write_bytes(b"no picture")

    with pytest.raises(Invalid) as caught:
        placing.place([SubsetPicture(path, "", 1, False, False) for path in bad], TrainingParams())

    assert [problem.where for problem in caught.value.problems] == [str(path) for path in bad]
