from __future__ import annotations

import random

import numpy as np
import pytest
from PIL import Image

from sd_scripts_bridge.datasets.framing.buckets import Buckets
from sd_scripts_bridge.datasets.framing.frame import batches, bucket_counts, cut_out, frame
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.photos.faces import Box

AT_512 = Buckets(TrainingParams(resolution="512"))


def test_the_frame_is_what_sd_scripts_trains() -> None:
    """A 4:3 photo upright goes to 448 x 597 and is cut to 448 x 576 around its middle."""
    found = frame((3000, 4000), AT_512)
    assert found.bucket == (448, 576)
    assert (found.box.left, found.box.width) == (0, 1)
    assert found.box.height == pytest.approx(576 / 597)
    assert found.box.top == pytest.approx((1 - 576 / 597) / 2)
    assert found.can_move == (False, True)


def test_it_moves_to_the_edges_and_no_further() -> None:
    lowest, beyond = frame((3000, 4000), AT_512, (0, 1)), frame((3000, 4000), AT_512, (0, 9))
    assert lowest == beyond and lowest.box.bottom == pytest.approx(1)
    assert frame((3000, 4000), AT_512, (0, -1)).box.top == 0


@pytest.mark.parametrize("no_upscale", [False, True])
def test_the_copy_lands_where_the_frame_was(no_upscale: bool) -> None:
    buckets = Buckets(TrainingParams(resolution="512", bucket_no_upscale=no_upscale))
    draw = random.Random(3)
    for _ in range(60):
        size = draw.randrange(400, 1500), draw.randrange(400, 1500)
        moved = frame(size, buckets, (draw.uniform(-1, 1), draw.uniform(-1, 1)))
        copy = frame(cut_out(Image.new("L", size), moved, buckets).size, buckets)
        assert copy.bucket == moved.bucket
        assert min(copy.box.width, copy.box.height) > 0.99, "the copy is trained whole"


def test_the_copy_shows_what_is_in_the_frame() -> None:
    wide = np.zeros((400, 1000, 3), np.uint8)
    wide[:, 700:] = 255
    right = frame((1000, 400), AT_512, (1, 0))
    cut = np.asarray(cut_out(Image.fromarray(wide), right, AT_512))
    share = (1000 - right.box.left * 1000 - 300) / (right.box.width * 1000)
    assert (cut[0, :, 0] == 0).mean() == pytest.approx(share, abs=0.01)


def test_a_face_that_leaves_the_frame_is_cut() -> None:
    long = frame((2800, 1000), AT_512)
    assert not long.cuts(Box(0.4, 0.2, 0.2, 0.4))
    assert long.cuts(Box(0.0, 0.2, 0.1, 0.4))
    assert not frame((2800, 1000), AT_512, (-1, 0)).cuts(Box(0.0, 0.2, 0.1, 0.4))


def test_each_bucket_fills_batches_of_its_own() -> None:
    sizes = [(1000, 1000)] * 5 + [(3000, 4000)] * 3
    counts = bucket_counts(frame(size, AT_512) for size in sizes)
    assert counts == [((512, 512), 5), ((448, 576), 3)]
    assert batches(counts, repeats=1, batch=4) == 3
    assert batches(counts, repeats=10, batch=4) == 21
    assert batches(counts, repeats=10, batch=1) == 80
