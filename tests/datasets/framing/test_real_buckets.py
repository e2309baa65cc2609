"""Our buckets and those of sd-scripts 48d368f, on 2,000 random sizes."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.datasets.framing.buckets import Buckets
from sd_scripts_bridge.options.params import TrainingParams
from tests.support import real_buckets

SCRIPTS, PYTHON = os.environ.get("SD_SCRIPTS_DIR"), os.environ.get("SD_SCRIPTS_PYTHON")
RECORDED = Path(__file__).parents[2] / "recorded" / "buckets.json"
SETTINGS = [
    {"side": 512, "shortest": 256, "longest": 1024, "step": 64, "no_upscale": 0},
    {"side": 1024, "shortest": 512, "longest": 2048, "step": 32, "no_upscale": 0},
    {"side": 768, "shortest": 320, "longest": 1536, "step": 64, "no_upscale": 0},
    {"side": 768, "shortest": 256, "longest": 1536, "step": 64, "no_upscale": 1},
]


def asked() -> list[dict[str, Any]]:
    """Sizes as cameras, phones and browsers make them, and any others."""
    draw = random.Random(48)
    common = [(512, 512), (1024, 1024), (4032, 3024), (3024, 4032), (1920, 1080), (1080, 1920)]
    asked = []
    for setting in SETTINGS:
        sizes = [list(size) for size in common]
        while len(sizes) < 500:
            width = round(32 * 2 ** draw.uniform(0, 7.5))
            height = round(width * 2 ** draw.uniform(-1.5, 1.5))
            if height >= 32 and (not setting["no_upscale"] or min(width, height) >= 64):
                sizes.append([width, height])
        asked.append({"setting": setting, "sizes": sizes})
    return asked


def ours(setting: dict[str, int], sizes: list[list[int]]) -> list[list[int]]:
    buckets = Buckets(
        TrainingParams(
            resolution=str(setting["side"]),
            min_bucket_reso=setting["shortest"],
            max_bucket_reso=setting["longest"],
            bucket_reso_steps=setting["step"],
            bucket_no_upscale=bool(setting["no_upscale"]),
        )
    )
    places = [buckets.place((width, height)) for width, height in sizes]
    return [[*place.bucket, *place.resized] for place in places]


def test_all_of_them_are_placed_as_sd_scripts_places_them() -> None:
    recorded = json.loads(RECORDED.read_text())
    for one, theirs in zip(asked(), recorded, strict=True):
        assert ours(one["setting"], one["sizes"]) == theirs
        assert len({tuple(answer[:2]) for answer in theirs}) >= 10, "many different buckets"


@pytest.mark.skipif(
    not SCRIPTS or not PYTHON,
    reason="needs SD_SCRIPTS_DIR and SD_SCRIPTS_PYTHON",
)
def test_the_recording_is_what_the_real_code_says() -> None:
    assert SCRIPTS and PYTHON
    answer = subprocess.run(
        [PYTHON, str(Path(real_buckets.__file__).resolve())],
        input=json.dumps(asked()),
        cwd=SCRIPTS,
        env={**os.environ, "PYTHONPATH": SCRIPTS},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(answer.stdout.splitlines()[-1]) == json.loads(RECORDED.read_text())
