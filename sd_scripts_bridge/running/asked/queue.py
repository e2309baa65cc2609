"""What people ask of jobs that are queued: stop, pause, resume, retry, remove."""

from __future__ import annotations

import shutil

from ... import engines
from ...errors import Conflict, Invalid, Problem
from ...jobs.folder import JobFolder
from ...jobs.job import Job, Status, TrainingJob
from ...jobs.store import JobRow, Store
from ...messages import Message
from ...paths import Home
from ...planning import inputs
from .. import supervisor
from . import again, start_time

PAUSE_MINUTES = 10.0
LONGEST_PAUSE_MINUTES = 24 * 60


class Queue:
    """The jobs of one home. Each verb answers with a sentence."""

    def __init__(self, home: Home, store: Store) -> None:
        self.home, self.store = home, store

    def add(self, job: Job, at: float | None = None) -> int:
        """Queue a job, to start no earlier than ``at`` (seconds since 1970); returns its number."""
        job_id = self.store.add(job, at, start_time.said(at) if at else "")
        if isinstance(job, TrainingJob):
            inputs.write(JobFolder.of(self.home, job_id), job)
        supervisor.spawn(self.home)
        return job_id

    def job(self, job_id: int) -> JobRow:
        """One job, its status true as of now. Raises `NotFound`."""
        row = self.store.get(job_id)
        if not row.status.is_over:
            supervisor.reconcile(self.home, self.store)
            row = self.store.get(job_id)
        return row

    def stop(self, job_id: int, *, now: bool = False) -> str:
        """Stop after the next save, or now; returns what will happen.

        Raises `Conflict` where it is over already.
        """
        row = self.job(job_id)
        before = (
            Message("queue.stopped_waiting", "Stopped while it waited; what is saved is kept.")
            if row.attempt
            else Message("queue.stopped_before", "Stopped before it began.")
        )
        if row.status is Status.QUEUED and self.store.move(
            job_id, Status.STOPPED, of=[Status.QUEUED], attempt=row.attempt, sentence=before
        ):
            return Message("queue.out", "Job {job} is out of the queue.", job=job_id)
        if self.store.ask_to_stop(job_id, "now" if now else "save"):
            if engines.traits_of(row.job, self.home).is_remote:
                return Message(
                    "queue.stops_cluster", "Job {job} stops, here and on the cluster.", job=job_id
                )
            if now:
                return again.stops_now(self.store, job_id)
            if row.kind == "tool":
                text = "Job {job} stops; `resume {job}` continues with what is left."
                return Message("queue.stops_tool", text, job=job_id)
            return Message("queue.stops_save", "Job {job} stops after its next save.", job=job_id)
        row = self.store.get(job_id)
        if row.status.is_over:
            raise Conflict(
                "queue.job_over_already",
                "Job {job_id} is already over ({status}).",
                job_id=job_id,
                status=row.status,
            )
        return Message("queue.stopping", "Job {job} is already stopping.", job=job_id)

    def pause(self, job_id: int, minutes: float = PAUSE_MINUTES) -> str:
        """Leave the GPU to something else: after the next save for ``minutes``, then go on by
        itself. Raises `Conflict`.
        """
        _check_minutes(minutes)
        row = self.job(job_id)
        if row.kind == "setup" or row.status not in (Status.RUNNING, Status.QUEUED):
            raise Conflict(
                "queue.job_training_runs_waits",
                "Job {job_id} ({title}, {status}) can't be paused; only a job that runs or waits "
                "can, "
                "and not a set-up.",
                job_id=job_id,
                title=row.title,
                status=row.status,
            )
        self._refuse_pause(row.id, row.job)
        self.store.ask_for_pause(row.device, 60 * minutes)
        if row.status is Status.RUNNING and self.store.ask_to_stop(job_id, "pause"):
            text = "Job {job} pauses at its next save, and goes on by itself."
            return Message("queue.pauses", text, job=job_id)
        self.store.begin_pause(row.device)
        return Message(
            "queue.waits",
            "Job {job} waits, and begins by itself after {minutes} {minutes:minute|minutes}.",
            job=job_id,
            minutes=minutes if minutes % 1 else int(minutes),
        )

    def _refuse_pause(self, job_id: int, job: Job) -> None:
        if engines.traits_of(job, self.home).is_remote:
            raise Conflict(
                "queue.job_trains_cluster_machines",
                "Job {job_id} trains on a cluster: this machine's GPU is free.",
                job_id=job_id,
            )
        if isinstance(job, TrainingJob) and job.params.save_state and not job.saves_states:
            raise Conflict(
                "queue.job_saves_states_several",
                "Job {job_id} saves no states (several machines, or DeepSpeed): a pause would "
                "lose all.",
                job_id=job_id,
            )

    def resume(self, job_id: int, step: int | None = None) -> str:
        """See `again.resume`."""
        return self._spawned(again.resume(self.home, self.store, self.job(job_id), step))

    def retry(self, job_id: int) -> str:
        """See `again.retry`."""
        return self._spawned(again.retry(self.home, self.store, self.job(job_id)))

    def _spawned(self, sentence: str) -> str:
        supervisor.spawn(self.home)
        return sentence

    def remove(self, job_id: int) -> str:
        """Forget a job and delete its folder; a published LoRA stays.

        Raises `Conflict` while it runs.
        """
        row = self.job(job_id)
        if not self.store.remove(job_id):
            raise Conflict(
                "queue.job_stop_first",
                "Job {job_id} is {status}. Stop it first.",
                job_id=job_id,
                status=row.status,
            )
        again.take_back(JobFolder.of(self.home, job_id))
        folder = JobFolder.of(self.home, job_id).root
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            return Message(
                "queue.removed_partly",
                "Job {job} is gone. Part of {folder} could not be deleted: a program has it open, "
                "or you have no permission.",
                job=job_id,
                folder=str(folder),
            )
        return Message("queue.removed", "Job {job} and its folder are gone.", job=job_id)


def _check_minutes(minutes: float) -> None:
    if not 0 < minutes <= LONGEST_PAUSE_MINUTES:
        raise Invalid(
            [
                Problem(
                    "queue.outside",
                    "minutes",
                    "{minutes} is outside 0 to {longest_pause_minutes}",
                    minutes=f"{minutes:g}",
                    longest_pause_minutes=LONGEST_PAUSE_MINUTES,
                )
            ]
        )
