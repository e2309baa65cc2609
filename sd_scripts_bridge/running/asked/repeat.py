"""A training once more, as a new job: the same settings, seed, photos and base."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    job, folder = repeatable(row), JobFolder.of(home, row.id)
    notes = inputs.changes(folder, job) if job.on is None else []
    encodes = inputs.encoded_itself(folder, job)
    number = queue.add(_encoding(job) if encodes else job)
    sentence = _sentence(row.id, number, job, bool(notes))
    return Repeated(number, row.id, sentence, (*notes, *([_encodes(row.id)] if encodes else [])))


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


def _encoding(job: TrainingJob) -> TrainingJob:
    """The same, without reading what lies encoded on the disk."""
    extra = {key: value for key, value in job.params.extra.items() if key != inputs.ON_DISK}
    return job.evolve(params=replace(job.params, extra=extra, cache_latents=True))


def _encodes(job_id: int) -> Message:
    text = (
        "It encodes its photos as job {job} did, with cache_latents_to_disk off: with latents from "
        "the disk sd-scripts draws other noise. It rounds them otherwise, so the LoRA is nearly "
        "the same, not bit for bit."
    )
    return Message("repeat.encodes", text, job=job_id)


def _sentence(job_id: int, number: int, job: TrainingJob, is_other: bool) -> Message:
    values = {"number": number, "job": job_id, "seed": job.params.seed}
    if is_other:
        text = "Job {number} has the settings and the seed ({seed}) of job {job}."
        return Message("repeat.other", text, **values)
    text = "Job {number} repeats job {job}: the same settings, seed ({seed}), photos and base."
    return Message("repeat.same", text, **values)
