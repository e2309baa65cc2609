"""How many operations one training step dispatches, and how many of them launch a kernel.

Counted below autograd on the CPU, on networks with every block and layer of the real ones but few
channels: the count doesn't depend on the width. Views and empty allocations launch nothing.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

from sd_scripts_bridge.engines.embedded.stepping.step import Step

from .outcome import Outcome
from .workshop import Workshop, quiet

WARM = 2
"""Steps before the counted one: the first makes the optimizer's state."""

LAUNCH_NOTHING = frozenset(
    (
        "_record_function_enter_new",
        "_record_function_exit",
        "_unsafe_view",
        "empty",
        "empty_like",
        "empty_strided",
        "lift_fresh",
        "new_empty",
        "new_empty_strided",
    )
)
PURPOSES: Mapping[str, tuple[str, ...]] = {
    "matrix products: frozen weights, LoRAs, and their gradients": (
        "mm",
        "addmm",
        "addmm_",
        "bmm",
        "baddbmm",
        "baddbmm_",
    ),
    "convolutions": ("convolution", "convolution_backward"),
    "attention": (
        "_scaled_dot_product_flash_attention_for_cpu",
        "_scaled_dot_product_flash_attention_for_cpu_backward",
    ),
    "norms": (
        "native_layer_norm",
        "native_layer_norm_backward",
        "native_group_norm",
        "native_group_norm_backward",
    ),
    "activations": (
        "gelu",
        "gelu_backward",
        "silu",
        "silu_backward",
        "sigmoid",
        "sigmoid_backward",
    ),
    "additions: residuals, and gradients that meet": ("add", "add_"),
    "products: gates and scales": ("mul", "mul_"),
    "pieces put together: skips, and the gradients of pieces": ("cat", "stack"),
    "copies and casts": ("clone", "copy_", "_to_copy"),
    "resizing": ("upsample_nearest2d", "upsample_nearest2d_backward"),
}
OTHERS = "the rest: noise, look-ups, loss, clipping, the optimizer"


@dataclass(frozen=True)
class Case:
    """One training whose step is counted, and the most kernels that it may launch."""

    title: str
    family: str
    ceiling: int
    values: Mapping[str, Any] = field(default_factory=dict)


CASES = (
    Case("SD 1.5, U-Net only", "sd1", 1900, {"network_train_unet_only": True}),
    Case("SD 1.5, with text encoder", "sd1", 2300),
    Case("SDXL, U-Net only", "sdxl", 6500, {"network_train_unet_only": True}),
)


class DispatchCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts every operation that is dispatched while it is on, forward and backward."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.dispatched: Counter[str] = Counter()
        self.kernels: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = func.overloadpacket.__name__
        self.dispatched[name] += 1
        if not (_is_view(func) or name in LAUNCH_NOTHING):
            self.kernels[name] += 1
        return func(*args, **(kwargs or {}))


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kinds", action="store_true", help="every operation by its name")


def measure(chosen: argparse.Namespace) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        counted = [(case, count(case, Workshop(Path(folder)))) for case in CASES]
    kinds = _by_name if chosen.kinds else _by_purpose
    rows: list[tuple[object, ...]] = []
    for name in _order(kinds, [counter for _, counter in counted]):
        rows.append((name, *(kinds(counter)[name] for _, counter in counted)))
    rows.append(("kernels", *(counter.kernels.total() for _, counter in counted)))
    rows.append(("at most", *(case.ceiling for case, _ in counted)))
    rows.append(("operations dispatched", *(c.dispatched.total() for _, c in counted)))
    said = ", ".join(f"{case.title} {counter.kernels.total()}" for case, counter in counted)
    return Outcome(
        ("what for", *(case.title for case, _ in counted)),
        rows,
        f"Kernels a step: {said}.",
        all(counter.kernels.total() <= case.ceiling for case, counter in counted),
    )


def count(case: Case, workshop: Workshop) -> DispatchCounter:
    """One step of ``case``, counted, as a real network takes it; steps before it are warm-up."""
    training = workshop.training(
        case.family, workshop.base(case.family, narrow=True), workshop.dataset(), **case.values
    )
    training.take_step = Step(training.network, training.objective, training.optimizer)
    steps = training._batches()
    with quiet():
        for _ in range(WARM):
            training._step(next(steps))
        counter = DispatchCounter()
        with counter:
            training._step(next(steps))
    return counter


def _is_view(func: Any) -> bool:
    """Whether the result shares its input's memory and writes nothing."""
    return any(
        returned.alias_info is not None and not returned.alias_info.is_write
        for returned in func._schema.returns
    )


def _by_name(counter: DispatchCounter) -> Counter[str]:
    return counter.kernels


def _by_purpose(counter: DispatchCounter) -> Counter[str]:
    purposes = {name: purpose for purpose, names in PURPOSES.items() for name in names}
    found: Counter[str] = Counter()
    for name, number in counter.kernels.items():
        found[purposes.get(name, OTHERS)] += number
    return found


def _order(
    kinds: Callable[[DispatchCounter], Counter[str]], counters: list[DispatchCounter]
) -> list[str]:
    """The kinds of all cases, most used first."""
    total: Counter[str] = Counter()
    for counter in counters:
        total.update(kinds(counter))
    return [name for name, _ in total.most_common()]
