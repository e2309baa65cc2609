"""A job that ended, again: from a saved state, from the beginning, or only its publishing."""

from __future__ import annotations

import shutil
import time

from ... import engines
from ...errors import Conflict
from ...jobs.folder import JobFolder, state_step
from ...jobs.job import Job, Status, ToolJob, TrainingJob
from ...jobs.store import JobRow, Store
from ...messages import Message
from ...paths import Home
from ...publishing import job_card
from ...publishing.publish import settled
from ...publishing.record import Record

ANSWER_SECONDS = 3.0
"""A supervisor looks for requests four times a second."""

AGAIN = (Status.FAILED, Status.STOPPED, Status.LOST)


def resume(home: Home, store: Store, row: JobRow, step: int | None = None) -> str:
    """Queue it from its newest saved state, or the one of ``step``; or end its pause, or its wait
    for a time. Returns what will happen. Raises `Conflict`.
    """
    if row.status is Status.QUEUED and step is None and store.begin_now(row.id):
        text = "Job {job_id} doesn't wait for its time any longer."
        return Message("again.begins_now", text, job_id=row.id)
    if row.status is Status.QUEUED and step is None and store.end_pause(row.device):
        return Message("job.job_goes_now", "Job {job_id} continues now.", job_id=row.id)
    _refuse(row)
    job, folder = row.job, JobFolder.of(home, row.id)
    if isinstance(job, TrainingJob) and step is not None:
        _go_back(home, job, row.id, step)
    sentence = _outlook(home, job, row.id)
    folder.stop_request.unlink(missing_ok=True)
    _queue(store, row)
    return sentence


def retry(home: Home, store: Store, row: JobRow) -> str:
    """Queue it from step 0; what the last attempt wrote is removed. Raises `Conflict`."""
    _refuse(row)
    folder = JobFolder.of(home, row.id)
    shutil.rmtree(folder.output, ignore_errors=True)
    folder.result.unlink(missing_ok=True)
    _queue(store, row)
    return _anew(row.id)


def stops_now(store: Store, job_id: int) -> Message:
    """What has become of a request to stop now: whether its supervisor has heard it."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while store.get(job_id).status is Status.RUNNING:
        if time.monotonic() > deadline:
            text = (
                "Job {job_id} is asked to stop now, but nothing has answered for {seconds} s: its "
                "supervisor may be frozen, or the machine very busy. The request stays."
            )
            seconds = f"{ANSWER_SECONDS:g}"
            return Message("job.nothing_answered", text, job_id=job_id, seconds=seconds)
        time.sleep(0.1)
    return Message("job.job_stops_now", "Job {job_id} stops now.", job_id=job_id)


def take_back(folder: JobFolder) -> None:
    """What an interrupted publishing has left in a Lora folder, before the job is forgotten."""
    if folder.published.is_file():
        settled(Record.load(folder.published))


def _outlook(home: Home, job: Job, number: int) -> Message:
    if isinstance(job, ToolJob):
        text = "Job {job} continues with what is left."
        return Message("job.tool_goes", text, job=number)
    if not isinstance(job, TrainingJob):
        return _anew(number)
    folder = JobFolder.of(home, number)
    if engines.of(job, home).traits.is_remote:
        text = (
            "Job {job_id} is looked up on the cluster, and starts over if it isn't running there "
            "any "
            "more."
        )
        return Message("job.job_looked_cluster_starts", text, job_id=number)
    if job_card.is_trained(job, folder):
        text = "Job {job} has finished training; it is published now."
        return Message("again.publish_only", text, job=number)
    states = engines.of(job, home).states(job, folder)
    if not states:
        text = "Job {job_id} starts over: no state was saved."
        return Message("job.job_starts_anew_state", text, job_id=number)
    text = "Job {job_id} continues from {name}."
    return Message("job.job_goes", text, job_id=number, name=states[-1].name)


def _go_back(home: Home, job: TrainingJob, number: int, step: int) -> None:
    """Remove what came after ``step``, so that the state of that step is the newest."""
    folder = JobFolder.of(home, number)
    whole = [state_step(state) for state in engines.of(job, home).states(job, folder)]
    if step not in whole:
        there = ", ".join(map(str, whole)) or "none"
        text = "Job {job} has no complete state of step {step}. States that can be used: {there}."
        raise Conflict("again.no_such_state", text, job=number, step=step, there=there)
    for state in folder.states(job.name):
        if state_step(state) > step:
            shutil.rmtree(state, ignore_errors=True)
    folder.final_lora(job.name).unlink(missing_ok=True)


def _queue(store: Store, row: JobRow) -> None:
    if not store.move(row.id, Status.QUEUED, of=AGAIN, attempt=row.attempt):
        raise _refusal(store.get(row.id))


def _anew(number: int) -> Message:
    return Message("job.job_starts_anew", "Job {job_id} starts over.", job_id=number)


def _refuse(row: JobRow) -> None:
    """Raises `Conflict` for a job that can't run again."""
    if row.status not in AGAIN:
        raise _refusal(row)
    job = row.job
    if isinstance(job, TrainingJob) and job.is_forgotten:
        text = (
            "The photos of job {job} are forgotten. Start a new training: `train`, or in the tab."
        )
        raise Conflict("again.forgotten", text, job=row.id)


def _refusal(row: JobRow) -> Conflict:
    if row.status is Status.SUCCEEDED and isinstance(row.job, TrainingJob):
        text = "Job {job} has succeeded. `repeat {job}` trains it again, as a new job."
        return Conflict("again.succeeded", text, job=row.id)
    text = "Job {job_id} ({status}) can't continue; only one that failed, stopped or was lost can."
    return Conflict("bridge.job_failed_stopped_lost_2", text, job_id=row.id, status=row.status)
