""" "Generate now" with a real card: a training holds the GPU's memory, leaves it at a pause, and
has it again when it goes on. `REHEARSE_ON_CPU=1` walks the same way without a GPU, as far as it
goes.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from benchmarks.outcome import Missing
from benchmarks.workshop import SMALL, Workshop
from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.events import Progress, Started
from sd_scripts_bridge.jobs.folder import state_step
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.models import lora
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.system import process
from sd_scripts_bridge.system.gpu_memory import GpuMemory
from tests.support.supervisor import end_all, submit, wait, wait_over, wait_step

HELD, LEFT = 1_000_000_000, 300_000_000
"""SD 1.5 and a step of it hold more than the first; within the second the GPU is as it was."""
STEPS, LATE = 100_000, 12

pytestmark = pytest.mark.gpu
ways = pytest.mark.parametrize(
    "device",
    [
        pytest.param(
            "cuda",
            marks=pytest.mark.skipif(
                not torch.cuda.is_available(), reason="PyTorch finds no CUDA GPU here"
            ),
        ),
        pytest.param(
            "cpu",
            marks=pytest.mark.skipif(
                not os.environ.get("REHEARSE_ON_CPU") or torch.cuda.is_available(),
                reason="REHEARSE_ON_CPU isn't set, or there is a GPU",
            ),
        ),
    ],
)


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Bridge]:
    made = Bridge(Home(tmp_path / "home"))
    yield made
    end_all(made)


@pytest.fixture
def job(tmp_path: Path) -> Callable[[str], TrainingJob]:
    """A training that only a stop ends: SD 1.5 at its own size on a GPU, else few channels."""
    workshop = Workshop(tmp_path)

    def made(device: str) -> TrainingJob:
        values = {**SMALL, "max_train_steps": STEPS, "save_every_n_steps": STEPS}
        if device == "cuda":
            values |= {"mixed_precision": "bf16", "resolution": "512", "max_bucket_reso": 1024}
        params = TrainingParams(extra={"sample_every_n_steps": 0}).with_values(values)
        return TrainingJob(
            name="Ada",
            subject="Ada",
            class_token="woman",
            dataset=str(workshop.dataset(4, 512 if device == "cuda" else 64)),
            base=str(workshop.base("sd1", narrow=device == "cpu")),
            family="sd1",
            engine="embedded",
            params=params.fitted_buckets(),
            lora_dir=str(tmp_path / "Lora"),
        )

    try:
        workshop.tokenizers()
    except Missing as missing:
        pytest.skip(str(missing))
    return made


def free(device: str) -> int:
    """What the driver says, not this process's own count; 0 without a GPU."""
    if device == "cpu":
        return 0
    here = torch.cuda.mem_get_info()[0]  # before the other: it makes this process' context
    found = GpuMemory()()
    assert found is not None, "nvidia-smi doesn't answer"
    assert abs(found.free - here) < LEFT
    return found.free


def settled(device: str, expected: int) -> int:
    """The free memory, once it is what was expected or doesn't come there."""
    for _ in range(100):
        if free(device) >= expected:
            break
        time.sleep(0.1)
    return free(device)


@ways
def test_a_pause_gives_the_memory_back_and_the_training_goes_on(
    bridge: Bridge, job: Callable[[str], TrainingJob], device: str
) -> None:
    before = free(device)
    job_id = submit(bridge, job(device))
    wait_step(bridge, job_id, LATE)
    if device == "cuda":
        assert free(device) < before - HELD

    bridge.pause(job_id, minutes=60)
    wait(bridge, job_id, lambda row: row.status is Status.QUEUED)
    assert not process.with_cookie(f"{bridge.home.root}#{job_id}#1")
    assert settled(device, before - LEFT) >= before - LEFT
    step = state_step(bridge.folder(job_id).states("Ada")[-1])
    assert step >= LATE

    bridge.resume(job_id)
    wait_step(bridge, job_id, step + LATE)
    if device == "cuda":
        assert free(device) < before - HELD
    events = [entry.event for entry in bridge.events(job_id) if entry.attempt == 2]
    steps = [event.step for event in events if isinstance(event, Progress)]
    assert any(isinstance(event, Started) for event in events) and steps[0] > step

    bridge.stop(job_id)
    assert wait_over(bridge, job_id).status is Status.STOPPED
    assert settled(device, before - LEFT) >= before - LEFT
    assert not lora.problems(bridge.folder(job_id).checkpoints("Ada")[-1][0])
