"""Which steps are recorded, which run operation by operation, and that both do the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from sd_scripts_bridge.engines.embedded.stepping.graphs import Graphs, shape_of, taker
from sd_scripts_bridge.engines.embedded.stepping.policy import SHORTEST, WARM, Policy, Way, no_room
from sd_scripts_bridge.engines.embedded.training.loss import Inputs
from sd_scripts_bridge.options.memory.count import MemoryCount
from sd_scripts_bridge.options.memory.count import count as counted
from sd_scripts_bridge.options.params import TrainingParams


def inputs(width: int = 8, value: float = 1.0) -> list[Inputs]:
    one = torch.full((1, 4, 8, width), value)
    return [Inputs(one, one, torch.zeros(1, dtype=torch.long), torch.ones(1), one, None, None)]


class Steps:
    """A step that adds up what it is given, and counts how often it runs in Python."""

    def __init__(self) -> None:
        self.total, self.runs, self.forgotten = 0.0, 0, 0
        self.error: Exception | None = None

    def __call__(self, batches: Sequence[Inputs]) -> list[Any]:
        self.runs += 1
        if self.error is not None:
            raise self.error
        self.total += float(batches[0].latents.sum())
        return [batches[0].latents.mean()]

    def forget(self) -> None:
        self.forgotten += 1


class Recorder:
    """Stands in for CUDA: keeps the step, takes none while recording, fails where it is told to."""

    def __init__(self, step: Steps) -> None:
        self.step, self.made, self.replays = step, 0, 0
        self.error: Exception | None = None

    def record(self, batches: Sequence[Inputs]) -> Any:
        if self.error is not None:
            raise self.error
        self.made += 1
        recorder = self

        class Kept:
            def replay(self, given: Sequence[Inputs]) -> list[Any]:
                recorder.replays += 1
                recorder.step.runs -= 1
                return recorder.step(given)

        return Kept()


def graphs(steps: int = 1000, **limits: int) -> tuple[Graphs, Steps, Recorder]:
    step = Steps()
    recorder = Recorder(step)
    return Graphs(step, step.forget, recorder, Policy(steps, **limits)), step, recorder


def test_the_first_steps_of_a_shape_run_in_python_and_the_rest_are_replayed() -> None:
    take, step, recorder = graphs()
    losses = [float(take(inputs(value=float(number)))[0]) for number in range(10)]
    assert losses == list(range(10)), "recording takes no step, and none is left out"
    assert (step.runs, recorder.made, recorder.replays) == (WARM, 1, 10 - WARM)
    assert step.total == sum(range(10)) * 4 * 8 * 8


def test_each_bucket_has_its_own_graph_and_rare_ones_have_none() -> None:
    take, step, recorder = graphs()
    for number in range(20):
        take(inputs(8))
        take(inputs(16))
        if number % 10 == 0:
            take(inputs(24))
    assert recorder.made == 2
    assert step.runs == 2 * WARM + 2
    assert shape_of(inputs(8)) != shape_of(inputs(16))


def test_the_number_of_graphs_is_bounded_and_the_least_used_goes() -> None:
    take, _, recorder = graphs(most=2)
    for width, count in ((8, 20), (16, 5), (24, 30)):
        for _ in range(count):
            take(inputs(width))
    assert set(take.kept) == {shape_of(inputs(8)), shape_of(inputs(24))}
    assert recorder.made == 3


def test_a_graph_goes_only_for_a_shape_that_is_used_more() -> None:
    take, _, recorder = graphs(most=1)
    for _ in range(30):
        take(inputs(8))
    for _ in range(20):
        take(inputs(16))
    assert set(take.kept) == {shape_of(inputs(8))} and recorder.made == 1


def test_what_cuda_refuses_runs_on_and_says_why_once(capsys: pytest.CaptureFixture[str]) -> None:
    take, step, recorder = graphs()
    recorder.error = RuntimeError("operation not permitted when stream is capturing\nmore")
    for width in (8, 16):
        for _ in range(8):
            take(inputs(width))
    said = capsys.readouterr().out
    assert step.runs == 16 and step.forgotten == 2
    assert len(said.splitlines()) == 1 and "operation not permitted" in said


@pytest.mark.parametrize(
    "error", [torch.OutOfMemoryError("no"), RuntimeError("CUDA error: out of memory")]
)
def test_too_little_memory_ends_all_graphs(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    take, _, recorder = graphs()
    for _ in range(6):
        take(inputs(8))
    recorder.error = error
    for _ in range(6):
        take(inputs(16))
    take(inputs(8))
    assert not take.kept and recorder.replays == 6 - WARM
    assert "too little GPU memory for CUDA graphs" in capsys.readouterr().out


def test_what_went_wrong_first_counts_not_the_error_of_ending_the_recording(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(first: RuntimeError) -> RuntimeError:
        second = RuntimeError("CUDA error: operation failed due to a previous error during capture")
        second.__context__ = first
        return second

    take, step, recorder = graphs()
    recorder.error = broken(RuntimeError("Cannot copy between CPU and CUDA tensors"))
    for _ in range(6):
        take(inputs(8))
    assert "Cannot copy between" in capsys.readouterr().out and step.forgotten == 1
    recorder.error = broken(torch.OutOfMemoryError("CUDA out of memory"))
    for _ in range(6):
        take(inputs(16))
    assert "too little GPU memory for CUDA graphs" in capsys.readouterr().out


def test_an_amd_gpu_takes_its_steps_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """HIP ends the whole program where something can't be recorded."""
    monkeypatch.setattr(torch.version, "hip", "6.2.4")
    step: Any = Steps()
    assert taker(step, torch.device("cuda"), 1000, toy=False) is step


def test_a_step_that_finds_no_memory_beside_the_graphs_is_taken_without_them() -> None:
    take, step, _ = graphs()
    for _ in range(6):
        take(inputs(8))
    steps, tries = [torch.OutOfMemoryError("no"), None], []

    def once(batches: Sequence[Inputs]) -> list[Any]:
        tries.append(1)
        error = steps.pop(0)
        if error is not None:
            raise error
        return [torch.tensor(7.0)]

    take.step = once
    assert float(take(inputs(16))[0]) == 7.0
    assert len(tries) == 2 and step.forgotten == 1 and not take.kept
    take.step, steps[:] = once, [torch.OutOfMemoryError("no")]
    with pytest.raises(torch.OutOfMemoryError):
        take(inputs(16))


def test_short_runs_are_not_recorded() -> None:
    policy = Policy(SHORTEST - 1)
    assert {policy.way("any") for _ in range(20)} == {Way.EAGER}


def test_the_cpu_takes_its_steps_as_they_are() -> None:
    step: Any = Steps()
    assert taker(step, torch.device("cpu"), 1000, toy=False) is step


GB = 10**9


@pytest.mark.parametrize(
    ("lying", "step", "available", "tried"),
    [
        (2, 1, 4, True),  # to the byte
        (2, 1, 3.99, False),
        (2, 1, 3, False),  # the training fits, its graphs don't
        (6, 7, 24, True),
        (6, 7, 16, False),
        (6, 0.65, 8, True),  # with checkpointing
    ],
)
def test_a_graph_is_tried_only_where_what_is_counted_fits(
    lying: float, step: float, available: float, tried: bool
) -> None:
    found = MemoryCount(round(lying * GB), round(step * GB))
    assert (no_room(found, round(available * GB)) is None) is tried


def test_what_was_not_counted_is_tried() -> None:
    assert no_room(None, 0) is None


@pytest.mark.parametrize(
    ("family", "resolution", "fits_in"), [("sd1", "512", 4), ("sdxl", "1024", 20)]
)
def test_real_trainings_say_what_they_need(family: str, resolution: str, fits_in: int) -> None:
    params = TrainingParams(resolution=resolution, network_dim=16, network_train_unet_only=True)
    found = counted(family, params)
    assert no_room(found, fits_in * GB) is None
    reason = no_room(found, round(0.8 * fits_in * GB))
    assert reason is not None and "without CUDA graphs" in reason


def test_a_refused_run_records_nothing_and_says_why_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    take, step, recorder = graphs()
    reason = no_room(MemoryCount(8 * GB, 4 * GB), 12 * GB)
    assert reason is not None
    take.policy.refuse(reason)
    for _ in range(10):
        take(inputs(8))
    said = capsys.readouterr().out
    assert (step.runs, recorder.made) == (10, 0)
    assert len(said.splitlines()) == 1 and "16.0 GB (counted), and 12.0 GB" in said
