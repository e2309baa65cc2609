"""A training once more, as a new job: the same settings, seed, photos and base."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import Conflict, Invalid
from ...jobs.folder import JobFolder
from ...jobs.job import TrainingJob
from ...jobs.store import JobRow
from ...messages import Message
from ...paths import Home
from ...planning import inputs
from ...planning.preflight import gone
from .queue import Queue


@dataclass(frozen=True)
class Repeated:
    """The new job; ``notes`` say what has changed since, so that it will not be the same run."""

    job: int
    of: int
    sentence: str
    notes: tuple[str, ...] = ()


def repeat(home: Home, queue: Queue, row: JobRow) -> Repeated:
    """Queue what ``row`` trained. Raises as `repeatable`."""
    job = repeatable(row)
    notes = inputs.changes(JobFolder.of(home, row.id), job) if job.on is None else []
    number = queue.add(job)
    return Repeated(number, row.id, _sentence(row.id, number, job, bool(notes)), tuple(notes))


def repeatable(row: JobRow) -> TrainingJob:
    """What ``row`` trained. Raises `Conflict` where it trained nothing or its photos are forgotten,
    `Invalid` where they or the base are gone.
    """
    job = row.job
    if not isinstance(job, TrainingJob):
        raise Conflict("bridge.job_training", "Job {job_id} is not a training.", job_id=row.id)
    return still_there(job, row.id)


def still_there(job: TrainingJob, number: int) -> TrainingJob:
    """``job``, which job ``number`` trained. Raises as `repeatable`."""
    if job.is_forgotten:
        text = (
            "The photos of job {job} are forgotten. Start a new training: `train`, or in the tab."
        )
        raise Conflict("again.forgotten", text, job=number)
    problems = gone(job) if job.on is None else []
    if problems:
        raise Invalid(problems)
    return job


def _sentence(job_id: int, number: int, job: TrainingJob, is_other: bool) -> Message:
    values = {"number": number, "job": job_id, "seed": job.params.seed}
    if is_other:
        text = "Job {number} has the settings and the seed ({seed}) of job {job}."
        return Message("repeat.other", text, **values)
    text = "Job {number} repeats job {job}: the same settings, seed ({seed}), photos and base."
    return Message("repeat.same", text, **values)
