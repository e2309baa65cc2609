"""The real programs of sd-scripts on LoRAs: what they write is measured with our own `verify`.

Needs SD_SCRIPTS_DIR and SD_SCRIPTS_PYTHON; extraction and merging into a base also SD15_CHECKPOINT.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines.sd_scripts.installed import installation
from sd_scripts_bridge.jobs.job import Status
from sd_scripts_bridge.models.verifying.verdict import verify
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.running.asked.lora_work import Destination, LoraRequest
from tests.support import model_headers as headers
from tests.support.supervisor import wait

SCRIPTS, PYTHON = os.environ.get("SD_SCRIPTS_DIR", ""), os.environ.get("SD_SCRIPTS_PYTHON", "")
BASE = os.environ.get("SD15_CHECKPOINT", "")

pytestmark = pytest.mark.skipif(
    not SCRIPTS or not PYTHON, reason="needs SD_SCRIPTS_DIR and SD_SCRIPTS_PYTHON"
)
with_base = pytest.mark.skipif(not BASE, reason="needs SD15_CHECKPOINT")


@pytest.fixture
def real(home: Home) -> Bridge:
    found = installation.Installation(SCRIPTS, PYTHON, facts={"device": "cpu"})
    installation.write(home, found)
    return Bridge(home)


def lora(path: Path, seed: int = 0, rank: int = 8) -> Path:
    tensors = headers.lora(rank=rank, width=320, text=768, seed=seed)
    return headers.write(path, tensors, headers.METADATA)


def done(bridge: Bridge, asked: LoraRequest) -> Path:
    number = bridge.work_on_loras(asked)
    row = wait(bridge, number, lambda row: row.status.is_over, seconds=600)
    assert row.status is Status.SUCCEEDED, (row.sentence, bridge.log(number, 30))
    return Path(json.loads(bridge.folder(number).result.read_text(encoding="utf-8"))["file"])


def change(path: Path) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """What each module adds."""
    from safetensors.numpy import load_file

    tensors = load_file(path)
    found = {}
    for name in (name for name in tensors if name.endswith("lora_down.weight")):
        module = name.partition(".")[0]
        down, up = tensors[name].astype("f8"), tensors[f"{module}.lora_up.weight"].astype("f8")
        rank, scale = down.shape[0], float(tensors[f"{module}.alpha"])
        found[module] = up.reshape(-1, rank) @ down.reshape(rank, -1) * scale / rank
    return found


def far(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> float:  # type: ignore[type-arg]
    """How far apart two changes are, as a part of the first."""
    off = sum(float(((one[name] - other[name]) ** 2).sum()) for name in one)
    return float((off / sum(float((part**2).sum()) for part in one.values())) ** 0.5)


def test_resize_gives_the_nearest_of_a_lower_rank(real: Bridge, tmp_path: Path) -> None:
    source = lora(tmp_path / "Ada.safetensors")
    small = done(real, LoraRequest("resize", (source,), 4))
    found = verify(small)
    assert found.whole and found.ranks == [4] and found.family == "sd1"
    whole, kept = change(source), change(small)
    for name, matrix in whole.items():
        best = np.linalg.svd(matrix, compute_uv=False)
        lost = float(((matrix - kept[name]) ** 2).sum())
        assert lost == pytest.approx(float((best[4:] ** 2).sum()), rel=0.02)


def test_merge_gives_the_weighted_sum(real: Bridge, tmp_path: Path) -> None:
    one, two = lora(tmp_path / "a.safetensors"), lora(tmp_path / "b.safetensors", seed=1, rank=4)
    merged = done(real, LoraRequest("merge", (one, two), weights=(1.0, 0.5)))
    a, b = change(one), change(two)
    wanted = {name: a[name] + 0.5 * b[name] for name in a}
    assert verify(merged).ranks == [12]
    clamped = 0.25  # the program cuts the largest hundredth of the factors' numbers
    assert far(wanted, change(merged)) < clamped < far(wanted, a)


@with_base
def test_a_lora_that_was_merged_into_a_base_is_extracted_again(
    real: Bridge, tmp_path: Path
) -> None:
    source = lora(tmp_path / "Ada.safetensors", rank=4)
    base, tuned = Path(BASE), tmp_path / "tuned.safetensors"
    asked = LoraRequest("merge", (source,), weights=(4.0,), into=base, to=Destination(out=tuned))
    assert done(real, asked) == tuned
    again = done(real, LoraRequest("extract", (tuned,), 4, base=base, to=Destination(name="Again")))
    found, wanted = change(again), change(source)
    assert found.keys() >= wanted.keys()
    near = {name: part / 4 for name, part in found.items() if name in wanted}
    assert far(wanted, near) < 0.2
