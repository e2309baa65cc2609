"""Losses, step by step, as version 0.1 computed them; and going on from its states."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from benchmarks.outcome import Missing
from benchmarks.workshop import Workshop, quiet
from sd_scripts_bridge.engines.embedded.model import tiny
from sd_scripts_bridge.engines.embedded.training import state

RECORDED = Path(__file__).parents[3] / "recorded" / "embedded_losses.json"
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "sd1, text encoder": (
        "sd1",
        {
            "train_batch_size": 2,
            "min_snr_gamma": 5.0,
            "noise_offset": 0.03,
            "gradient_accumulation_steps": 2,
        },
    ),
    "sd1, U-Net only": (
        "sd1",
        {"network_train_unet_only": True, "network_dim": 6, "gradient_checkpointing": True},
    ),
    "sd2, text encoder": ("sd2", {}),
    "sdxl, text encoders": ("sdxl", {}),
}
STEPS, HALF = 16, 8


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


def training(workshop: Workshop, name: str) -> Any:
    family, values = CASES[name]
    base = workshop.root / f"{family}-toy.safetensors"
    if not base.exists():
        tiny.make(base, family)
    options = {"max_train_steps": STEPS, "learning_rate": 3e-3, "network_dim": 4, **values}
    try:
        return workshop.training(family, base, workshop.dataset(), **options)
    except Missing as missing:
        pytest.skip(str(missing))


def train_on(run: Any, last: int = STEPS) -> list[float]:
    """Steps until ``last``; the loss of every batch."""
    losses = []
    with quiet():
        for batches in run._batches():
            before = run.losses.count
            run._step(batches)
            losses += [float(run.losses.ring[at]) for at in range(before, run.losses.count)]
            if run.optimizer.done == last:
                break
    return losses


@pytest.mark.parametrize("name", CASES)
def test_losses_are_those_of_the_recorded_run(workshop: Workshop, name: str) -> None:
    torch.set_num_threads(1)
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))[name]
    losses = train_on(training(workshop, name))
    assert losses == pytest.approx(recorded, rel=1e-4)
    assert min(losses) < 0.9 * losses[0], "a run that learns nothing shows nothing"


def test_a_state_of_version_0_1_goes_on_where_it_was(workshop: Workshop) -> None:
    """Its weights and moments were matrices in the order of kohya's names."""
    run = training(workshop, "sd1, text encoder")
    train_on(run, HALF)
    saved = run._state()
    old = {
        **saved,
        "network": _as_matrices(run.network, dict(saved["network"])),
        "optimizer": _moments_as_matrices(run, saved["optimizer"]),
    }
    folder = state.save_state(run.folder, run.job.name, HALF, old)
    unbroken = train_on(run)

    resumed = training(workshop, "sd1, text encoder")
    with quiet():
        resumed._resume(folder)
    assert train_on(resumed) == unbroken


def _as_matrices(network: Any, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = {}
    for name, part in network.named_children():
        downs, ups = [], []
        for target, down, up in part.loras:
            flat_down, flat_up = weights[f"{name}.down"], weights[f"{name}.up"]
            downs.append(flat_down[down:][: part.rank * target.width_in].view(part.rank, -1))
            ups.append(flat_up[up:][: part.rank * target.width_out].view(-1, part.rank).t())
        found |= {f"{name}.down": torch.cat(downs, dim=1), f"{name}.up": torch.cat(ups, dim=1)}
    return found


def _moments_as_matrices(run: Any, optimizer: dict[str, Any]) -> dict[str, Any]:
    names = [f"{name}.{end}" for name, _ in run.network.named_children() for end in ("down", "up")]
    moments = {number: dict(one) for number, one in optimizer["adamw"]["state"].items()}
    for kind in ("exp_avg", "exp_avg_sq"):
        flat = {name: moments[number][kind] for number, name in enumerate(names)}
        for number, matrix in enumerate(_as_matrices(run.network, flat).values()):
            moments[number][kind] = matrix
    return {**optimizer, "adamw": {**optimizer["adamw"], "state": moments}}
