"""How the learning rate changes over the run: a factor for each step."""

from __future__ import annotations

import math

from ....options.params import TrainingParams

POLYNOMIAL_END = 1e-7


def factor(params: TrainingParams, step: int) -> float:
    """What every learning rate is multiplied by at optimizer step ``step``, counted from 0."""
    kind, warmup, total = params.lr_scheduler, params.lr_warmup_steps, params.max_train_steps
    if kind == "constant":
        return 1.0
    if step < warmup:
        return step / max(1, warmup)
    if kind == "constant_with_warmup":
        return 1.0
    if kind == "polynomial":
        return _polynomial(params, step)
    if kind == "linear":
        return max(0.0, (total - step) / max(1, total - warmup))
    done = (step - warmup) / max(1, total - warmup)
    if kind == "cosine":
        return max(0.0, 0.5 * (1.0 + math.cos(math.pi * done)))
    if kind == "cosine_with_restarts":
        if done >= 1.0:
            return 0.0
        return max(
            0.0, 0.5 * (1.0 + math.cos(math.pi * ((params.lr_scheduler_num_cycles * done) % 1.0)))
        )
    raise ValueError(f"lr_scheduler {kind!r}")


def _polynomial(params: TrainingParams, step: int) -> float:
    base, warmup, total = params.learning_rate, params.lr_warmup_steps, params.max_train_steps
    if base <= POLYNOMIAL_END:
        return 1.0
    if step > total:
        return POLYNOMIAL_END / base
    left = max(0.0, 1 - (step - warmup) / max(1, total - warmup))
    return float(
        ((base - POLYNOMIAL_END) * left**params.lr_scheduler_power + POLYNOMIAL_END) / base
    )
