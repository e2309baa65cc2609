"""The embedded engine on a GPU: graphs equal to steps one by one, and both precisions."""

from __future__ import annotations

import gc
import os
import subprocess
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from benchmarks import contenders
from benchmarks.outcome import Missing
from benchmarks.workshop import SMALL, Workshop, quiet
from sd_scripts_bridge.engines.embedded.stepping.graphs import Graphs
from sd_scripts_bridge.engines.embedded.stepping.policy import WARM, Policy
from sd_scripts_bridge.engines.embedded.stepping.step import Step
from sd_scripts_bridge.models import lora
from sd_scripts_bridge.options.memory import count as memory_count

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no CUDA GPU here"),
]
STEPS = 60


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """Networks refer to themselves, so that they go only when they are collected."""
    yield
    gc.collect()
    torch.cuda.empty_cache()


def training(workshop: Workshop, family: str, **values: Any) -> Any:
    base = workshop.base(family, narrow=True)
    options = {"max_train_steps": STEPS, "learning_rate": 1e-3, "min_snr_gamma": 5.0, **values}
    try:
        return workshop.training(family, base, workshop.dataset(), "cuda", **options)
    except Missing as missing:
        pytest.skip(str(missing))


def losses(run: Any) -> list[float]:
    found = []
    with quiet():
        for batches in run._batches():
            before = run.losses.count
            run._step(batches)
            found += [float(run.losses.ring[at]) for at in range(before, run.losses.count)]
    return found


def eager_losses(workshop: Workshop, family: str, **values: Any) -> list[float]:
    run = training(workshop, family, **values)
    run.take_step = Step(run.network, run.objective, run.optimizer)
    return losses(run)


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
@pytest.mark.parametrize("precision", ["no", "bf16", "fp16"])
@pytest.mark.parametrize("unet_only", [True, False])
def test_graphs_train_as_steps_one_by_one(
    workshop: Workshop, family: str, precision: str, unet_only: bool
) -> None:
    """As near to them as they are to themselves: a GPU adds up in an order of its own, and in its
    first steps AdamW makes much of small gradients' signs.
    """
    values = {"mixed_precision": precision, "network_train_unet_only": unet_only}
    one_by_one, again = (eager_losses(workshop, family, **values) for _ in range(2))
    apart = max(abs(one / other - 1) for one, other in zip(one_by_one, again, strict=True))
    recorded = training(workshop, family, **values)
    with_graphs = losses(recorded)

    assert isinstance(recorded.take_step, Graphs)
    assert recorded.take_step.kept and not recorded.take_step.policy.reasons
    assert len(with_graphs) == STEPS > WARM
    least = 2e-3 if precision == "no" else 2e-2
    assert with_graphs == pytest.approx(one_by_one, rel=max(least, 3 * apart))
    assert apart < 0.1, "else that says nothing"


def test_gradient_checkpointing_can_be_recorded_too(workshop: Workshop) -> None:
    run = training(workshop, "sd1", network_train_unet_only=True, gradient_checkpointing=True)
    losses(run)
    assert run.take_step.kept and not run.take_step.policy.reasons


def test_what_reads_from_the_gpu_is_not_recorded_and_the_training_goes_on(
    workshop: Workshop,
) -> None:
    run = training(workshop, "sd1", network_train_unet_only=True, mixed_precision="fp16")
    take = run.take_step
    plain = take.recorder.step

    def reads(batches: Sequence[Any]) -> list[Any]:
        found: list[Any] = plain(batches)
        found[0].item()
        return found

    take.recorder.step = reads
    found = losses(run)
    assert len(found) == STEPS and not take.kept
    assert [one.code for one in take.policy.reasons] == ["note.graph_failed"]
    torch.cuda.empty_cache()
    take.recorder.step = plain
    take.policy = Policy(STEPS)
    run.optimizer.done = 0
    assert len(losses(run)) == STEPS and take.kept, "the next recording is a whole one"


@pytest.mark.parametrize("checkpointing", [False, True])
def test_the_most_memory_is_what_was_counted(workshop: Workshop, checkpointing: bool) -> None:
    """SD 1.5 at its own size; what libraries take for themselves is an assumption."""
    values = {
        "resolution": "512",
        "max_bucket_reso": 1024,
        "mixed_precision": "bf16",
        "network_train_unet_only": True,
        "gradient_checkpointing": checkpointing,
    }
    base, dataset = workshop.base("sd1", narrow=False), workshop.dataset(4, 512)
    run = workshop.training("sd1", base, dataset, "cuda", **values)
    run.take_step = Step(run.network, run.objective, run.optimizer)
    batches = run._batches()
    run._step(next(batches))
    torch.cuda.reset_peak_memory_stats()
    run._step(next(batches))
    counted = memory_count.count("sd1", run.params)
    assert counted is not None
    peak = torch.cuda.max_memory_allocated()
    assert 0.95 * counted.peak <= peak <= counted.peak + memory_count.OVERHEAD


def test_graphs_keep_no_more_than_was_counted(workshop: Workshop) -> None:
    values = {
        "resolution": "512",
        "max_bucket_reso": 1024,
        "mixed_precision": "bf16",
        "network_train_unet_only": True,
        "max_train_steps": STEPS,
    }
    base, dataset = workshop.base("sd1", narrow=False), workshop.dataset(4, 512)
    run = workshop.training("sd1", base, dataset, "cuda", **values)
    losses(run)
    counted, take = memory_count.count("sd1", run.params), run.take_step
    assert counted is not None and isinstance(take, Graphs) and take.kept
    assert torch.cuda.memory_reserved() <= counted.with_graphs + memory_count.OVERHEAD


@pytest.mark.skipif(
    not (os.environ.get("SD_SCRIPTS_DIR") and os.environ.get("SD_SCRIPTS_PYTHON")),
    reason="SD_SCRIPTS_DIR and SD_SCRIPTS_PYTHON name no sd-scripts",
)
@pytest.mark.parametrize("optimizer", ["AdamW8bit", "Lion8bit"])
def test_sd_scripts_trains_with_an_8_bit_optimizer(workshop: Workshop, optimizer: str) -> None:
    """Such optimizers are sd-scripts' alone; a run that fails names its log."""
    asked = [os.environ["SD_SCRIPTS_PYTHON"], "-c", "import bitsandbytes"]
    if subprocess.run(asked, capture_output=True, check=False).returncode:
        pytest.skip("bitsandbytes isn't installed beside sd-scripts")
    values = {
        **SMALL,
        "max_train_steps": 20,
        "optimizer_type": optimizer,
        "mixed_precision": "bf16",
        "network_train_unet_only": True,
    }
    base = workshop.base("sd1", narrow=False)
    run = contenders.sd_scripts(workshop, "sd1", base, workshop.dataset(), values)
    assert not lora.problems(run.lora)


def test_a_whole_run_on_the_gpu_ends_with_a_whole_file(workshop: Workshop) -> None:
    from sd_scripts_bridge.engines.embedded.training import trainer

    base = workshop.base("sd1", narrow=True)
    folder = workshop.job("sd1", base, workshop.dataset(), max_train_steps=STEPS)
    assert trainer.main([str(folder.root), "--tokenizers", str(workshop.tokenizers())]) == 0
    assert not lora.problems(folder.final_lora("Ada"))
