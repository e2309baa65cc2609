"""Compiled blocks train as blocks that aren't, and what doesn't pay or can't be compiled stays as
it is. With PyTorch's own compiler, and its cache: `python -m benchmarks compiled`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from benchmarks.outcome import Missing
from benchmarks.workshop import Workshop
from sd_scripts_bridge.engines.embedded.model import tiny
from sd_scripts_bridge.engines.embedded.stepping import compiled
from sd_scripts_bridge.engines.embedded.stepping.compiled import TIMED, WARM, Compiled
from sd_scripts_bridge.engines.embedded.stepping.earnings import Earnings, EarningsBook

STEPS = 7
ONE_SIZE = dataclasses.replace(
    tiny.SHAPES["sdxl"], channels=(32, 32, 32), depths=(0, 0, 1), middle_depth=1
)
"""All blocks of one size: one compilation."""


# ---- when: on a clock of its own ----


class Device:
    """Steps of one second, half of it with all blocks compiled; compiling takes ten a block."""

    def __init__(self, kinds: int = 2, compiled_step: float = 0.5) -> None:
        self.kinds, self.compiled_step = kinds, compiled_step
        self.blocks: list[Any] = []
        self.now, self.waiting, self.ready = 0.0, 0, 0

    def compile(self, count: int | None = None) -> None:
        self.waiting = self.kinds if count is None else count

    def restore(self) -> None:
        self.waiting = self.ready = 0

    def take(self, _batches: Any) -> list[Any]:
        self.now += 10.0 * max(0, self.waiting - self.ready)
        self.ready = max(self.ready, self.waiting)
        self.now += self.compiled_step if self.ready == self.kinds else 1.0
        return []


def course(folder: Path, device: Device, steps: int) -> list[Any]:
    """What is said in a training of ``steps``."""
    run = Compiled(device.take, device, lambda: None, EarningsBook(folder), "kind")  # type: ignore[arg-type]
    run.clock = lambda: device.now
    with contextlib.redirect_stdout(io.StringIO()) as said:
        run.start(steps)
        for _ in range(steps):
            run([])
    return [line for line in said.getvalue().splitlines() if '"note"' in line]


def test_a_short_training_stays_as_it_is(tmp_path: Path) -> None:
    device = Device()
    (note,) = course(tmp_path, device, 2 * (WARM + TIMED))
    assert "too few" in note and device.ready == 0


def test_the_first_block_tells_when_all_would_take_longer_than_what_is_left(tmp_path: Path) -> None:
    device = Device(kinds=4)
    (note,) = course(tmp_path, device, 40)  # 40 s for all, 29 steps left
    assert "about 40 s" in note and "29 steps that are left take 29 s" in note
    assert device.ready == 0 and EarningsBook(tmp_path).of("kind") is None


def test_a_long_training_is_compiled_and_the_next_short_one_knows_better(tmp_path: Path) -> None:
    device = Device()
    (note,) = course(tmp_path, device, 60)
    assert "took 20 s: a step takes 500.0 ms instead of 1000.0 ms, so 39 steps earn it" in note
    assert device.ready == 2
    found = EarningsBook(tmp_path).of("kind")
    assert found is not None and (found.eager, found.compiled, found.cost) == (1.0, 0.5, 19.5)

    short = Device()
    (note,) = course(tmp_path, short, 30)
    assert "left out" in note and short.ready == 0


def test_what_is_slower_compiled_goes_on_uncompiled(tmp_path: Path) -> None:
    device = Device(compiled_step=1.5)
    (note,) = course(tmp_path, device, 100)
    assert "1500.0 ms" in note and device.ready == 0
    assert "left out" in course(tmp_path, Device(), 100)[0]


# ---- what it computes ----


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Nothing compiled in this process; traced and differentiated, without a C++ compiler."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "to be set")
    monkeypatch.setattr(compiled, "BACKEND", "aot_eager")
    monkeypatch.setattr(compiled, "WARM", 1)
    monkeypatch.setattr(compiled, "TIMED", 1)
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    yield monkeypatch
    torch._dynamo.reset()


def train(workshop: Workshop, extra: dict[str, object]) -> tuple[list[float], str, Any]:
    """The loss of each step, what was said, and the training."""
    base = workshop.root / "one-size.safetensors"
    if not base.exists():
        tiny.make(base, "sdxl", shape=ONE_SIZE)
    values: dict[str, Any] = {
        "max_train_steps": STEPS,
        "learning_rate": 1e-4,
        "network_train_unet_only": True,
    }
    try:
        run = workshop.training("sdxl", base, workshop.dataset(), extra=extra, **values)
    except Missing as missing:
        pytest.skip(str(missing))
    assert run.network.unet is not None
    run.network.unet.up.data.normal_(0, 0.1, generator=torch.Generator().manual_seed(1))
    with contextlib.redirect_stdout(io.StringIO()) as said:
        if isinstance(run.take_step, Compiled):
            pays = Earnings(eager=1000, compiled=0, cold=1)  # else a toy's steps are too short
            run.take_step.book.write(run.take_step.kind, pays)
            run.take_step.start(STEPS)
        losses = []
        for batches in run._batches():
            run._step(batches)
            losses.append(float(run.losses.ring[(run.losses.count - 1) % len(run.losses.ring)]))
    return losses, said.getvalue(), run


def test_compiled_blocks_train_as_they_are_from_one_graph(
    workshop: Workshop, fresh: pytest.MonkeyPatch
) -> None:
    eager, nothing, _ = train(workshop, {})
    losses, said, run = train(workshop, {"torch_compile": True})
    assert losses == pytest.approx(eager, rel=1e-5)
    assert "compile" not in nothing
    assert '"compile.done"' in said or '"compile.slower"' in said
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == 1  # all blocks share it
    assert run.take_step.book.of(run.take_step.kind).eager < 1000


def test_what_cannot_be_compiled_is_trained_as_it_is(
    workshop: Workshop, fresh: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("there is no compiler")

    fresh.setattr(compiled, "BACKEND", broken)
    eager, _, _ = train(workshop, {})
    losses, said, run = train(workshop, {"torch_compile": True})
    assert losses == pytest.approx(eager, rel=1e-5)  # which a toy's own ways have computed
    assert '"compile.failed"' in said and "there is no compiler" in said
    assert not run.take_step._is_compiled
