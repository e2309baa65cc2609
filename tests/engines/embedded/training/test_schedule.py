"""Learning rates against transformers' own schedules, which sd-scripts uses."""

from __future__ import annotations

from typing import Any

import pytest

from sd_scripts_bridge.engines.embedded.refusals import SCHEDULERS
from sd_scripts_bridge.engines.embedded.training.schedule import factor
from sd_scripts_bridge.options.params import TrainingParams

torch = pytest.importorskip("torch", reason="transformers' schedules need torch")
optimization = pytest.importorskip(
    "transformers.optimization", reason="transformers is not installed"
)

NEEDS: dict[str, dict[str, Any]] = {
    "constant": {},
    "constant_with_warmup": {"num_warmup_steps": 10},
    "linear": {"num_warmup_steps": 10, "num_training_steps": 100},
    "cosine": {"num_warmup_steps": 10, "num_training_steps": 100},
    "cosine_with_restarts": {"num_warmup_steps": 10, "num_training_steps": 100, "num_cycles": 3},
    "polynomial": {"num_warmup_steps": 10, "num_training_steps": 100, "power": 2.0},
}


@pytest.mark.parametrize("kind", SCHEDULERS)
def test_equals_transformers(kind: str) -> None:
    params = TrainingParams(
        lr_scheduler=kind,
        max_train_steps=100,
        lr_warmup_steps=10,
        lr_scheduler_num_cycles=3,
        lr_scheduler_power=2.0,
    )
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=params.learning_rate)
    make = optimization.TYPE_TO_SCHEDULER_FUNCTION[optimization.SchedulerType(kind)]
    theirs = make(optimizer, **NEEDS[kind])
    for step in range(100):
        assert params.learning_rate * factor(params, step) == pytest.approx(
            optimizer.param_groups[0]["lr"], rel=1e-12
        )
        optimizer.step()
        theirs.step()


def test_a_run_without_warm_up_starts_at_full_speed() -> None:
    assert factor(TrainingParams(lr_scheduler="cosine"), 0) == 1.0
