"""Steps whose transformer blocks are compiled (regional compilation, as diffusers'
``compile_repeated_blocks``): all blocks of one size share one compilation.

It begins with steps as they are, which are timed; then one block is compiled, which tells what all
would take. What can't be earned back in the steps that are left isn't compiled.
"""

from __future__ import annotations

import importlib
import math
import os
import shutil
import time
from collections.abc import Callable, Generator, Hashable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor

from ....jobs.events import Note, Phase
from ....jobs.job import TrainingJob
from ....jobs.meter import duration
from ....messages import Message
from ..model import device
from ..model.lean import Block
from ..training.loss import Inputs
from ..training.said import say
from .earnings import Earnings, EarningsBook, kind_of
from .graphs import Graphs, Take, shape_of
from .step import Step

WARM, TIMED = 6, 5
"""Steps before the first that is timed (a GPU's first are recorded), and those that are."""
BACKEND: Any = "inductor"
MOST_BYTES = 2_000_000_000
"""Of what is kept compiled; beyond that it is all compiled again."""


class Blocks:
    """The blocks of a U-Net, each as it is or compiled."""

    def __init__(self, blocks: Sequence[Block], *, dynamic: bool = False) -> None:
        self.blocks, self.dynamic = list(blocks), dynamic
        self.kinds = len({block.width for block in blocks})

    def compile(self, count: int | None = None) -> None:
        """Compile the first ``count`` at their next use in training; None: all of them."""
        for block in self.blocks[:count]:
            if "forward" not in vars(block):
                block.forward = _either(block, dynamic=self.dynamic)  # type: ignore[method-assign]

    def restore(self) -> None:
        """All as they are."""
        for block in self.blocks:
            vars(block).pop("forward", None)


def _either(block: Block, *, dynamic: bool) -> Callable[..., Tensor]:
    """Compiled where gradients are wanted: samples and measurements have other shapes."""
    plain = block.forward
    compiled = torch.compile(plain, fullgraph=True, dynamic=dynamic, backend=BACKEND)

    def forward(*inputs: Tensor) -> Tensor:
        return (compiled if torch.is_grad_enabled() else plain)(*inputs)

    return forward


class Compiled:
    """Takes steps as ``take`` does, with compiled blocks from where that is worth it."""

    def __init__(
        self,
        take: Take,
        blocks: Blocks,
        break_off: Callable[[], None],
        book: EarningsBook,
        kind: str,
    ) -> None:
        self.take, self.blocks, self.break_off = take, blocks, break_off
        self.book, self.kind, self.clock = book, kind, _now
        self._course: Generator[None, float, None] | None = None
        self._shape: Hashable = None

    def start(self, steps: int) -> None:
        """Begin a training that has ``steps`` to take."""
        known = self.book.of(self.kind)
        if steps <= 2 * (WARM + TIMED):
            say(Note(_too_few(steps)))
        elif known is not None and not known.pays(steps):
            say(Note(known.outlook(steps)))
        else:
            self._course = self._run(steps)
            next(self._course)

    def __call__(self, batches: Sequence[Inputs]) -> list[Tensor]:
        if self._course is None:
            return self._taken(batches)
        shape = self._shape = self._shape or shape_of(batches)
        if shape_of(batches) != shape:  # steps of one shape can be compared
            return self._taken(batches)
        began = self.clock()
        losses = self._taken(batches)
        self._go_on(self.clock() - began)
        return losses

    def _go_on(self, seconds: float) -> None:
        try:
            if self._course is not None:
                self._course.send(seconds)
        except StopIteration:
            self._course = None

    def _taken(self, batches: Sequence[Inputs]) -> list[Tensor]:
        try:
            return self.take(batches)
        except RuntimeError as error:
            if isinstance(error, torch.OutOfMemoryError) or not self._is_compiled:
                raise
            self._stay_eager(_failed(error))
        self.break_off()
        return self.take(batches)

    @property
    def _is_compiled(self) -> bool:
        return any("forward" in vars(block) for block in self.blocks.blocks)

    # ---- the course of a training, a step at each yield ----

    def _run(self, steps: int) -> Generator[None, float, None]:
        eager = yield from _timed()
        left, was = steps - WARM - TIMED, misses()
        say(Phase(Message("phase.compiling", "compiling the U-Net's blocks")))
        self._compile(1)
        cost = yield from self._until_compiled(eager)
        whole = cost * self.blocks.kinds
        if self.book.of(self.kind) is None and whole > eager * left:
            return self._stay_eager(_too_short(whole, left, eager * left))
        self._compile(None)
        cost += yield from self._until_compiled(eager)
        compiled = yield from _timed()
        cold = misses() > was
        found = Earnings(eager, compiled, *((cost, None) if cold else (None, cost)))
        self.book.write(self.kind, found)
        if compiled >= eager:
            return self._stay_eager(_slower(found))
        say(Note(_done(found)))
        say(Phase(Message("phase.training", "training")))
        return None

    def _until_compiled(self, eager: float) -> Generator[None, float, float]:
        """One step, and what it takes beyond an eager one."""
        return max(0.0, (yield) - eager)

    def _compile(self, count: int | None) -> None:
        self.blocks.compile(count)
        self._record_anew()

    def _stay_eager(self, reason: Message) -> None:
        self.blocks.restore()
        self._record_anew()
        self._course = None
        say(Note(reason))
        say(Phase(Message("phase.training", "training")))

    def _record_anew(self) -> None:
        if isinstance(self.take, Graphs):
            self.take.start_over()


def compiled_steps(
    take: Take, step: Step, job: TrainingJob, folder: Path, *, dynamic: bool
) -> Compiled:
    """``take``, compiled; ``folder`` keeps what is. ``dynamic``: pictures of several sizes share a
    compilation.
    """
    unet = step.objective.unet.forward.__self__
    blocks = Blocks([one for one in unet.modules() if isinstance(one, Block)], dynamic=dynamic)
    on_gpu = torch.cuda.is_available()
    kind = kind_of(job, torch.cuda.get_device_name() if on_gpu else "cpu")
    return Compiled(take, blocks, step.optimizer.break_off, _book_in(folder), kind)


def _timed() -> Generator[None, float, float]:
    """Seconds of a step, once the first are taken."""
    for _ in range(WARM):
        yield
    found = []
    for _ in range(TIMED):
        found.append((yield))
    return median(found)


def _now() -> float:
    """Seconds, once the GPU has done what it was given."""
    device.wait()
    return time.perf_counter()


def misses() -> int:
    """How many graphs weren't found in the cache, and were compiled."""
    counters = importlib.import_module("torch._dynamo.utils").counters["inductor"]
    return int(counters["fxgraph_cache_miss"] + counters["fxgraph_cache_bypass"])


def _book_in(folder: Path) -> EarningsBook:
    """Have PyTorch keep what it compiles in ``folder``, under its version; what another version has
    compiled is of no use to any, and goes.
    """
    own = folder / torch.__version__
    for other in folder.iterdir() if folder.is_dir() else ():
        if other != own or _size(other) > MOST_BYTES:
            shutil.rmtree(other, ignore_errors=True)
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(own)
    return EarningsBook(own)


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


# ---- what is said ----


def _too_few(steps: int) -> Message:
    text = "The U-Net's blocks stay uncompiled: {steps} steps are too few to earn that back."
    return Message("compile.too_few", text, steps=steps)


def _too_short(cost: float, steps: int, left: float) -> Message:
    text = (
        "The U-Net's blocks stay uncompiled: compiling all of them would take about {cost} (the "
        "first was timed), and the {steps} steps that are left take {left}."
    )
    told = {"cost": duration(cost), "steps": steps, "left": duration(left)}
    return Message("compile.too_short", text, **told)


def _slower(found: Earnings) -> Message:
    text = (
        "A step takes {compiled} ms with the U-Net's blocks compiled, and {eager} ms without: they "
        "stay uncompiled."
    )
    return Message("compile.slower", text, compiled=_ms(found.compiled), eager=_ms(found.eager))


def _done(found: Earnings) -> Message:
    text = (
        "The U-Net's blocks are compiled, which took {cost}: a step takes {compiled} ms instead of "
        "{eager} ms, so {steps} steps earn it back."
    )
    steps = math.ceil(found.cost / (found.eager - found.compiled))
    told = {"cost": duration(found.cost), "steps": steps}
    return Message(
        "compile.done", text, compiled=_ms(found.compiled), eager=_ms(found.eager), **told
    )


def _failed(error: RuntimeError) -> Message:
    text = "The U-Net's blocks could not be compiled, and stay as they are: {error}"
    cause = getattr(error, "inner_exception", error)  # what the compiler itself said
    return Message("compile.failed", text, error=str(cause).strip().partition("\n")[0])


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.1f}"
