"""Steps that are recorded and replayed, one recording for each shape; on a GPU as CUDA graphs: a
replay launches all kernels of a step at once.

At batch 1 a GPU waits for Python and for launches; a graph has neither. Losses are those of the
steps that run operation by operation: the same kernels in the same order.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Protocol
from weakref import WeakSet

import torch
from torch import Tensor

from ....jobs.events import Note
from ....options.memory.count import MemoryCount
from ..training.loss import Inputs
from ..training.said import say
from .policy import SHORTEST, Policy, Way, no_room
from .step import Step
from .taped import TapeRecorder

Take = Callable[[Sequence[Inputs]], list[Tensor]]
OUT_OF_MEMORY = "out of memory"


class Recorded(Protocol):
    """A step of one shape."""

    def replay(self, batches: Sequence[Inputs]) -> list[Tensor]: ...


class Recorder(Protocol):
    """Makes steps that can be replayed."""

    def record(self, batches: Sequence[Inputs]) -> Recorded: ...


class Graphs:
    """Takes steps like ``step`` does, recorded wherever the policy says so."""

    def __init__(
        self, step: Take, break_off: Callable[[], None], recorder: Recorder, policy: Policy
    ) -> None:
        self.step, self.break_off = step, break_off
        self.recorder, self.policy = recorder, policy
        self.kept: dict[Hashable, Recorded] = {}
        self._said = 0

    def __call__(self, batches: Sequence[Inputs]) -> list[Tensor]:
        shape = shape_of(batches)
        way = self.policy.way(shape)
        if way is Way.RECORD:
            way = self._record(shape, batches)
        losses = self.kept[shape].replay(batches) if way is Way.REPLAY else self._eager(batches)
        for reason in self.policy.reasons[self._said :]:
            say(Note(reason))
        self._said = len(self.policy.reasons)
        return losses

    def start_over(self) -> None:
        """Record anew: what a step does has changed."""
        self.kept.clear()
        self.policy.forget()

    def _record(self, shape: Hashable, batches: Sequence[Inputs]) -> Way:
        """Record this shape, or say why not. Recording takes no step: replaying does."""
        least = self.policy.least_used()
        if least is not None:
            del self.kept[least]
            self.policy.dropped(least)
        try:
            self.kept[shape] = self.recorder.record(batches)
        except RuntimeError as error:  # too little memory, or whatever can't be recorded
            why = _first(error)
        else:
            self.policy.recorded(shape)
            return Way.REPLAY
        if OUT_OF_MEMORY in why.lower():
            self._stop()
        else:
            self.break_off()
            self.policy.failed(shape, why.partition("\n")[0])
        return Way.EAGER

    def _eager(self, batches: Sequence[Inputs]) -> list[Tensor]:
        """Where the graphs' memory is what lacks, the step is taken again without them."""
        try:
            return self.step(batches)
        except torch.OutOfMemoryError:
            if not self.kept:
                raise
        self._stop()
        return self.step(batches)

    def _stop(self) -> None:
        self.kept.clear()
        self.break_off()
        self.policy.stop()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


class CudaRecorder:
    """CUDA graphs that share one pool of memory.

    What is recorded has run on the same stream before: there autograd's nodes and cuBLAS' handles
    are made for it, and those can't be made while recording.
    """

    def __init__(self, step: Take) -> None:
        self.step = step
        self.graphs: WeakSet[torch.cuda.CUDAGraph] = WeakSet()
        if torch.cuda.current_stream() == torch.cuda.default_stream():  # which can't be recorded
            torch.cuda.synchronize()
            torch.cuda.set_stream(torch.cuda.Stream())  # type: ignore[no-untyped-call]

    def record(self, batches: Sequence[Inputs]) -> Recorded:
        lying = [_copy(one) for one in batches]
        graph, pool = torch.cuda.CUDAGraph(), self._pool()
        try:
            stream = torch.cuda.current_stream()
            with _workspaces_of_its_own(), torch.cuda.graph(graph, pool=pool, stream=stream):
                losses = self.step(lying)
        except RuntimeError:
            _give_up(pool)
            raise
        self.graphs.add(graph)
        return CudaStep(graph, lying, losses)

    def _pool(self) -> Any:
        """The other graphs'; with its last graph a pool is gone, and its handle can't be used."""
        for graph in self.graphs:
            return graph.pool()
        return torch.cuda.graph_pool_handle()


@contextlib.contextmanager
def _workspaces_of_its_own() -> Iterator[None]:
    """Within it cuBLAS takes its working memory from the graphs' pool, as with PyTorch's compiler.
    That of other steps may be freed while a graph still writes into it: newer versions of PyTorch
    do so when another graph of the same stream goes (pytorch/pytorch#193402).
    """
    torch._C._cuda_clearCublasWorkspaces()
    try:
        yield
    finally:
        torch._C._cuda_clearCublasWorkspaces()


def _give_up(pool: Any) -> None:
    """Before version 2.12 PyTorch's allocator still believes that it is recording where that could
    not be ended: it would free no memory from then on, and raise errors.
    """
    for name in ("_cuda_endAllocateToPool", "_cuda_endAllocateCurrentStreamToPool"):
        end = getattr(torch._C, name, None)
        if end is not None:
            with contextlib.suppress(RuntimeError):  # it was ended
                end(torch.cuda.current_device(), pool)
                torch._C._cuda_releasePool(torch.cuda.current_device(), pool)


@dataclasses.dataclass(frozen=True)
class CudaStep:
    """A recorded step with the tensors that it reads and writes."""

    graph: torch.cuda.CUDAGraph
    lying: list[Inputs]
    losses: list[Tensor]

    def replay(self, batches: Sequence[Inputs]) -> list[Tensor]:
        for mine, given in zip(self.lying, batches, strict=True):
            for one, other in zip(mine.tensors, given.tensors, strict=True):
                one.copy_(other)
        self.graph.replay()
        return [loss.clone() for loss in self.losses]


def shape_of(batches: Sequence[Inputs]) -> Hashable:
    """What has to be equal for a recorded step to fit."""
    return tuple((tuple(one.shape), one.dtype) for inputs in batches for one in inputs.tensors)


def taker(
    step: Step,
    device: torch.device,
    steps: int,
    *,
    toy: bool,
    found: MemoryCount | None = None,
) -> Take:
    """How ``device`` takes the ``steps`` of a run: recorded on an NVIDIA GPU and for a ``toy``
    model, else as ``step`` does (an AMD GPU's driver can crash where something isn't recordable).

    ``found``: what the training takes of the GPU, where that was counted.
    """
    if device.type == "cpu" and toy:
        step.is_toy = True
        return Graphs(step, step.optimizer.break_off, TapeRecorder(step), Policy(steps))
    if device.type != "cuda" or torch.version.hip is not None:
        return step
    policy, reason = Policy(steps), no_room(found, _available(device))
    if reason is not None and steps >= SHORTEST:
        policy.refuse(reason)
    return Graphs(step, step.optimizer.break_off, CudaRecorder(step), policy)


def _first(error: BaseException | None) -> str:
    """What went wrong first: to end a recording that is broken raises another error."""
    said = ""
    while error is not None:
        if isinstance(error, RuntimeError):
            said = OUT_OF_MEMORY if isinstance(error, torch.OutOfMemoryError) else str(error)
        error = error.__context__
    return said


def _available(device: torch.device) -> int:
    """Bytes that are free, and those that this process holds already."""
    return int(torch.cuda.mem_get_info(device)[0]) + torch.cuda.memory_reserved(device)


def _copy(inputs: Inputs) -> Inputs:
    """The same values in tensors that nobody else writes."""
    found: dict[str, Any] = {}
    for one in dataclasses.fields(inputs):
        value = getattr(inputs, one.name)
        found[one.name] = None if value is None else value.clone()
    return Inputs(**found)
