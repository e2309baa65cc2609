"""How long a training will take, from one of its kind that was measured here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..errors import BridgeError
from ..jobs.job import TrainingJob
from ..jobs.launch import Launch, processes_of
from ..jobs.store import JobRow
from ..messages import Message
from ..options.params import TrainingParams

HISTORY = 50
"""Jobs that are looked through, the newest first."""
UNKNOWN = Message(
    "plan.no_estimate",
    "No estimate yet: nothing comparable has been trained on this machine. One appears after the "
    "first steps.",
)


@dataclass(frozen=True)
class Estimate:
    """``seconds`` for the whole training, None where they can't be known; ``reason``: from where
    they are known, or why not.
    """

    seconds: float | None
    reason: Message


@dataclass(frozen=True)
class RunKind:
    """What makes two runs take equally long a step, roughly."""

    family: str
    engine: str
    processes: int
    area: tuple[int, int]
    batch: int
    accumulation: int
    has_checkpointing: bool

    @classmethod
    def of(cls, family: str, engine: str, params: TrainingParams, launch: Launch | None) -> RunKind:
        return cls(
            family,
            engine,
            processes_of(launch),
            params.area,
            params.train_batch_size,
            params.gradient_accumulation_steps,
            params.gradient_checkpointing,
        )


def estimate(
    kind: RunKind, steps: int, rows: Iterable[JobRow], seconds_a_step: Callable[[int], float | None]
) -> Estimate:
    """As fast as the first of ``rows`` of that kind; ``seconds_a_step`` measures a job, by its
    number.
    """
    for row in rows:
        seconds = seconds_a_step(row.id) if _kind(row) == kind else None
        if seconds:
            reason = Message(
                "plan.fast_job_step",
                "As fast as job {id} ({title}) was: {seconds} s a step.",
                id=row.id,
                title=row.title,
                seconds=f"{seconds:.2g}",
            )
            return Estimate(seconds * steps, reason)
    return Estimate(None, UNKNOWN)


def _kind(row: JobRow) -> RunKind | None:
    """None for what is no training, or can't be read."""
    try:
        job = row.job
    except BridgeError:
        return None
    if not isinstance(job, TrainingJob):
        return None
    return RunKind.of(job.family, job.engine, job.params, job.launch)
