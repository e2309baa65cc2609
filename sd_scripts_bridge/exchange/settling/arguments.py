"""The words of optimizer_args, lr_scheduler_args and network_args: those that sd-scripts would stop
at, or pass over in silence, are left out and named.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...messages import Message, joined
from ...options.known import arguments, optimizers, schedulers
from .work import Settling


def check(work: Settling) -> None:
    """Leave out the words that can't be used."""
    optimizer = str(work.values.get("optimizer_type", work.defaults.get("optimizer_type", "AdamW")))
    schedule = str(work.values.get("lr_scheduler", work.defaults.get("lr_scheduler", "")))
    module = str(work.values.get("network_module", work.defaults.get("network_module", "")))
    found = {
        "optimizer_args": arguments.of_optimizer(
            _words(work, "optimizer_args"), optimizers.arguments(optimizer)
        ),
        "lr_scheduler_args": arguments.of_optimizer(
            _words(work, "lr_scheduler_args"), schedulers.arguments(schedule, work.extra)
        ),
        "network_args": arguments.of_network(module, _words(work, "network_args")),
    }
    for option, wrong in found.items():
        _leave_out(work, option, list(wrong))


def _words(work: Settling, option: str) -> list[str]:
    value = work.extra.get(option)
    return [str(word) for word in value] if isinstance(value, (list, tuple)) else []


def _leave_out(work: Settling, option: str, wrong: Iterable[arguments.Wrong]) -> None:
    wrong = list(wrong)
    if not wrong:
        return
    bad = {word.word for word in wrong}
    kept = [word for word in _words(work, option) if word not in bad]
    work.extra[option] = kept
    if not kept:
        del work.extra[option]
    item = work.keys[option]
    reasons = [
        Message("arguments.wrong", "{word} {why}", word=word.word, why=word.why) for word in wrong
    ]
    work.ledger.changed(item.key, item.value, f"{option}={' '.join(kept)}", joined(reasons, "; "))
