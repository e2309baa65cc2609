"""The schedules of the learning rate that sd-scripts accepts: those that `get_scheduler_fix` in its
library/train_util.py made when each was tried with sd-scripts 0.10.1 and transformers 4.54.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...messages import Message

SCHEDULERS = (
    "constant",
    "constant_with_warmup",
    "linear",
    "cosine",
    "cosine_with_restarts",
    "polynomial",
    "cosine_with_min_lr",
    "inverse_sqrt",
    "warmup_stable_decay",
    "piecewise_constant",
    "adafactor",
)
"""transformers' ``reduce_lr_on_plateau`` and ``cosine_warmup_with_min_lr`` have names there, too,
and end with a TypeError.
"""

WITHOUT_WARMUP = ("constant", "adafactor")
"""With a warm-up sd-scripts stops: "does not require num_warmup_steps"."""

ARGUMENTS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        ("constant", "constant_with_warmup", "linear", "cosine_with_restarts", "inverse_sqrt"),
        frozenset({"last_epoch"}),
    ),
    "cosine": frozenset({"num_cycles", "last_epoch"}),
    "polynomial": frozenset({"lr_end", "last_epoch"}),
    "cosine_with_min_lr": frozenset({"min_lr", "last_epoch"}),
    "warmup_stable_decay": frozenset({"warmup_type", "decay_type", "last_epoch"}),
    "piecewise_constant": frozenset({"step_rules", "last_epoch"}),
}
"""What lr_scheduler_args may name: what transformers' and diffusers' functions take and
`get_scheduler_fix` doesn't give them itself (a second value ends with a TypeError).
"""


def arguments(name: str, options: Mapping[str, Any]) -> frozenset[str] | None:
    """What lr_scheduler_args may name; None where that isn't known: of a class of torch's
    (lr_scheduler_type), and of Adafactor's own schedule, which gets none.
    """
    return None if options.get("lr_scheduler_type") else ARGUMENTS.get(name)


def lacking(
    name: str, options: Mapping[str, Any], optimizer: str, optimizer_args: Iterable[str] = ()
) -> str:
    """What the schedule still needs before sd-scripts can make it, as a sentence; "" for nothing.

    ``options`` are those beyond the known parameters (``TrainingParams.extra``).
    """
    args = [str(word) for word in options.get("lr_scheduler_args") or ()]
    ratio = options.get("lr_scheduler_min_lr_ratio")
    if name == "cosine_with_min_lr" and ratio is None and not _given(args, "min_lr"):
        return Message(
            "schedulers.min_lr",
            "needs lr_scheduler_min_lr_ratio, for example {example}",
            example="0.1",
        )
    if name == "piecewise_constant" and not _given(args, "step_rules"):
        return Message(
            "schedulers.step_rules",
            "needs lr_scheduler_args, for example {example}",
            example='step_rules="1:10,0.1:20,0.01"',
        )
    if name == "adafactor" and (
        optimizer.lower() != "adafactor" or "relative_step=False" in [*optimizer_args]
    ):
        return Message(
            "schedulers.adafactor",
            "works only with optimizer_type=Adafactor and its own relative_step",
        )
    return ""


def _given(args: Iterable[str], *names: str) -> bool:
    return any(word.partition("=")[0] in names for word in args)
