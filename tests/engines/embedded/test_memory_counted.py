"""The memory that is counted from shapes alone is what a real training takes, to the byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks.from_shapes import Counted, FromShapes
from benchmarks.live_bytes import LiveBytes
from benchmarks.workshop import SMALL, Workshop, quiet
from sd_scripts_bridge.engines.embedded.model import tiny
from sd_scripts_bridge.engines.embedded.stepping.step import Step, inputs_of
from sd_scripts_bridge.options.params import TrainingParams

UNET_ONLY = {"network_train_unet_only": True}


@pytest.mark.parametrize(
    ("family", "values"),
    [
        ("sd1", {"train_batch_size": 2}),
        ("sd1", {**UNET_ONLY, "gradient_checkpointing": True}),
        ("sdxl", UNET_ONLY),
    ],
)
def test_a_step_takes_what_was_counted(tmp_path: Path, family: str, values: dict[str, Any]) -> None:
    """In fp32: in bf16 a CPU's norms keep their means in 16 bits where a GPU's keep 32."""
    real = taken(Workshop(tmp_path), family, values)
    params = TrainingParams().with_values({**SMALL, **values}).fitted_buckets()
    counted = FromShapes(family, params, tiny.SHAPES[family]).count(
        (64, 64), params.train_batch_size
    )
    assert counted.step == real.step
    assert counted.lying > real.lying, "the base's weights lay there before"


def taken(workshop: Workshop, family: str, values: dict[str, Any]) -> Counted:
    """By the second step of a real training; the first makes the optimizer's state."""
    base = tiny.make(workshop.root / "base.safetensors", family)
    dataset = workshop.dataset()
    with quiet():
        training = workshop.training(family, base, dataset, **values)
        step = Step(training.network, training.objective, training.optimizer)
        rows = next(training._batches())
        inputs = [inputs_of(one, training.objective, None, training.dice) for one in rows]
        live = LiveBytes()
        with live:
            step(inputs)
            lying = live.most = live.now
            step(inputs)
    return Counted(lying, live.most - lying)


def test_memory_that_is_shared_counts_once_and_is_let_go() -> None:
    before = torch.ones(100)
    with LiveBytes() as live:
        mine = before + 1
        view, other = mine[:10], before[:10]
        assert live.now == 400 and view.shape == other.shape
        del mine, view
        assert (live.now, live.most) == (0, 400)
