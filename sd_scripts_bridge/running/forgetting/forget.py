"""Forgetting a training: no photo, caption or picture of it stays in the home; its LoRA does, and
its place in the list with what it was set to.

In an order in which a crash leaves nothing that a second `forget` wouldn't finish: the database,
which knows where the rest lies, comes last.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from ...errors import Conflict
from ...jobs.events import without_text
from ...jobs.folder import JobFolder
from ...jobs.job import FORGOTTEN, TrainingJob
from ...jobs.store import JobRow, Store
from ...messages import Message
from ...options.params import TrainingParams
from ...paths import Home
from ...planning.preflight import size
from ...system.files import write_json
from . import others, traces
from .made_of import made_of

KEPT_TEXTS = frozenset({"network_args", "optimizer_args", "lr_scheduler_args", "loss_type"})
"""Options of sd-scripts that are texts and name nothing of the user's."""


@dataclass(frozen=True)
class Forgotten:
    """``sentence`` says what is gone; ``notes`` what stays, and why. ``bytes``: of all files that
    went. With ``dry_run`` nothing went yet.
    """

    sentence: str
    notes: tuple[str, ...] = ()
    bytes: int = 0
    dry_run: bool = False


def forget(home: Home, store: Store, row: JobRow) -> Forgotten:
    """Delete what the home holds of the photos of ``row``. Raises `Conflict` while the job or
    another with the same copies runs or waits.
    """
    job, concerned = _may_go(home, store, row)
    folder, copies = JobFolder.of(home, row.id), traces.copies(home, job)
    made = made_of(home, store, traces.loras(folder, job))
    scrubbed = chain(
        (traces.lora_words(record, copies) for record in traces.records(folder)),
        ([*traces.words_of(it), *traces.photo_of(it, made[it], copies)] for it in made),
    )
    sharing = others.sharing(store, row, job)
    notes = [*chain.from_iterable(scrubbed), *map(others.too, sharing)]
    gone = [other for other in concerned if store.remove(other.id)]
    going = traces.all_of(home, folder, job, gone)
    freed = traces.freed(going)
    traces.empty(folder, job, going, _sentence(row))
    blank, sentence = _blank(home, job), _sentence(row)
    write_json(folder.job, blank.as_dict())
    if not store.forget(row.id, blank, sentence):
        raise others.running(store.get(row.id))
    return Forgotten(_said(home, row.id, copies, sharing), tuple(notes), freed)


def look(home: Home, store: Store, row: JobRow) -> Forgotten:
    """What `forget` would delete. Raises as that."""
    job, concerned = _may_go(home, store, row)
    folder = JobFolder.of(home, row.id)
    freed = traces.freed(traces.all_of(home, folder, job, concerned, in_full=False))
    notes = map(others.too, others.sharing(store, row, job))
    return Forgotten(would(row.id, freed), tuple(notes), freed, dry_run=True)


def would(job_id: int, freed: int) -> Message:
    """What a look at it says."""
    text = "Forgetting the photos of job {job} would free {size}."
    return Message("forget.would", text, job=job_id, size=size(freed))


def _may_go(home: Home, store: Store, row: JobRow) -> tuple[TrainingJob, list[JobRow]]:
    """The training, and the tools' jobs that go with it."""
    job = row.job
    if not isinstance(job, TrainingJob):
        raise Conflict("bridge.job_training", "Job {job_id} is not a training.", job_id=row.id)
    concerned = others.concerned(home, store, row, job)
    others.refuse_active(row, concerned)
    return job, [other for other in concerned if other.kind != "train"]


def copies_of(home: Home, job: TrainingJob) -> list[Path]:
    """The clean copies of the job's photos in this home."""
    root = traces.copies(home, job)
    return sorted(root.rglob("*.png")) if root else []


# ---- what is said ----


def _blank(home: Home, job: TrainingJob) -> TrainingJob:
    """The job without its photos' folder, and without texts of the user's in its options."""
    extra = {
        key: value
        for key, value in job.params.extra.items()
        if key in KEPT_TEXTS or without_text(value) not in ("", [], {})
    }
    params: TrainingParams = replace(job.params, training_comment=None, extra=extra)
    return job.evolve(dataset=str(home.datasets / FORGOTTEN), params=params, healed=())


def _sentence(row: JobRow) -> str:
    if row.status.value == "succeeded":
        return row.sentence
    return Message("forget.job", "Its photos are forgotten.")


def _said(home: Home, job_id: int, copies: Path | None, sharing: list[JobRow]) -> Message:
    if copies is not None and copies.exists():
        text = "Job {job} is forgotten, except for part of {folder}: a program has it open."
        return Message("forget.partly", text, job=job_id, folder=str(copies))
    if sharing:
        text = "Job {job} is forgotten. What other trainings hold of its photos stays: {others}."
        others = ", ".join(str(other.id) for other in sharing)
        return Message("forget.but_others", text, job=job_id, others=others)
    text = "Job {job} is forgotten: no photo, caption or picture of it is left in {home}."
    return Message("forget.done", text, job=job_id, home=str(home.root))
