"""What the trainer says: one JSON event a line, and the mean loss without waiting for the device at
each step.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
import time
from typing import Any

import torch
from torch import Tensor

from ....errors import TrainingFailed
from ....jobs.events import Event, Progress, to_dict
from ....jobs.meter import duration
from ....messages import Message

SECONDS_BETWEEN = 0.5
LONGEST_MEAN = 100


def say(event: Event) -> None:
    """Print ``event`` as one line. A log on a full disk must not cost the training."""
    with contextlib.suppress(OSError):
        sys.stdout.write(json.dumps(to_dict(event)) + "\n")
        sys.stdout.flush()


class LossMean:
    """The mean of the latest losses, on the device: over one epoch, or over 100 batches where an
    epoch is longer.
    """

    def __init__(self, batches_per_epoch: int, device: torch.device) -> None:
        self.ring = torch.zeros(min(batches_per_epoch, LONGEST_MEAN), device=device)
        self.count = 0

    def add(self, loss: Tensor) -> None:
        self.ring[self.count % len(self.ring)] = loss.detach()
        self.count += 1

    def read(self) -> float | None:
        """The mean; this waits for the device."""
        if not self.count:
            return None
        return float(self.ring.sum()) / min(self.count, len(self.ring))

    def state(self) -> dict[str, object]:
        return {"ring": self.ring, "count": self.count}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a saved mean, unless the epoch's length has changed since."""
        if state["ring"].shape == self.ring.shape:
            self.ring.copy_(state["ring"])
            self.count = state["count"]


class Clock:
    """Says when it is time to look up from the work: at most twice a second."""

    def __init__(self) -> None:
        self.last = 0.0

    def rings(self) -> bool:
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN:
            return False
        self.last = now
        return True


def progress(step: int, total: int, losses: LossMean) -> float | None:
    """Print how far it is; returns the mean loss. Raises `TrainingFailed` when the loss is no
    number any more.
    """
    mean = losses.read()
    if mean is not None and not math.isfinite(mean):
        raise TrainingFailed(
            "report.loss_became_step_lower",
            "The loss became {mean} by step {step}. Lower the learning rate, or choose "
            "mixed_precision bf16 instead of fp16.",
            mean=mean,
            step=step,
        )
    say(Progress(step, total, mean))
    return mean


def saved(step: int, total: int, seconds: float) -> Message:
    """What a training that ends at ``step`` saves, at this many seconds a step."""
    return Message(
        "best.saved",
        "That saved {left} of {total} steps, about {time}.",
        left=total - step,
        total=total,
        time=duration((total - step) * seconds),
    )
