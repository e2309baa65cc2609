"""From the same first weights, noise and timesteps the embedded engine goes the way that the real
sd-scripts goes, step by step, on a narrow SD 1.5: opt-in, a minute, 2 GB of memory.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from benchmarks import contenders
from benchmarks.workshop import Workshop
from sd_scripts_bridge.engines.embedded.model import tiny
from sd_scripts_bridge.engines.embedded.training.loss import Inputs
from sd_scripts_bridge.engines.embedded.training.trainer import Training
from sd_scripts_bridge.system.files import write_text
from sd_scripts_bridge.system.toml_file import dumps

from . import recorder

SCRIPTS = os.environ.get("SD_SCRIPTS_DIR", "")
PYTHON = os.environ.get("SD_SCRIPTS_PYTHON", "")

pytestmark = [
    pytest.mark.sd_scripts,
    pytest.mark.skipif(
        not (SCRIPTS and PYTHON), reason="SD_SCRIPTS_DIR and SD_SCRIPTS_PYTHON name no sd-scripts"
    ),
    pytest.mark.timeout(3600),
]


@pytest.mark.parametrize("more", [{"min_snr_gamma": None}, {"lr_scheduler": "cosine"}])
def test_losses_and_weights_are_those_of_sd_scripts(more: dict[str, Any], tmp_path: Path) -> None:
    workshop, base = Workshop(tmp_path), tmp_path / "narrow.safetensors"
    shape = dataclasses.replace(tiny.FULL_SIZE["sd1"], channels=recorder.CHANNELS)
    tiny.make(base, shape=shape)
    values = {"max_train_steps": 12, "network_train_unet_only": True, "learning_rate": 1e-3, **more}
    recorded = _record(workshop, base, values)
    training = workshop.training("sd1", base, workshop.dataset(), **values)
    _take_over(training, recorded["start"])
    losses = [_step(training, one) for one in recorded["steps"]]
    assert losses == pytest.approx([one["loss"] for one in recorded["steps"]], rel=1e-5)
    for name, value in training.network.tensors(torch.float32).items():
        torch.testing.assert_close(
            value, recorded["end"][name].view(value.shape), rtol=0, atol=1e-3
        )


def _record(workshop: Workshop, base: Path, values: dict[str, Any]) -> dict[str, Any]:
    folder = workshop.job("sd1", base, workshop.dataset(), **values)
    write_text(folder.config, dumps(contenders.script_options(workshop, folder)))
    record = workshop.root / "record.pt"
    words = [PYTHON, recorder.__file__, SCRIPTS, str(folder.config), str(record)]
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(words, env=environment | contenders.OFFLINE, check=True)
    found: dict[str, Any] = torch.load(record)
    return found


@torch.no_grad()
def _take_over(training: Training, weights: dict[str, Any]) -> None:
    part = training.network.unet
    assert part is not None
    for target, first_down, first_up in part.loras:
        for whole, first, name in ((part.down, first_down, "down"), (part.up, first_up, "up")):
            piece = weights[f"{target.name}.lora_{name}.weight"].flatten()
            whole[first : first + len(piece)] = piece


def _step(training: Training, one: dict[str, Any]) -> float:
    given = one["latents"], one["noise"], one["timesteps"], torch.ones(1), one["text"], None, None
    training.optimizer.set_rates()
    (loss,) = training.take_step([Inputs(*given)])
    training.optimizer.done += 1
    return float(loss)
