"""A training once more, on all of its photos: those that were held out are trained, too. Before it,
where that is wanted, short trainings that find its step.
"""

from __future__ import annotations

from pathlib import Path

from ... import engines
from ...datasets import held_out
from ...datasets.kohya_folder import open_dataset
from ...errors import Conflict, Invalid, Problem
from ...evidence import measured
from ...evidence.crossed import FEWEST_SAVES
from ...evidence.curve import curve
from ...evidence.recommendation import recommend
from ...jobs.folder import JobFolder
from ...jobs.job import LAST, Status, ToolJob, TrainingJob
from ...jobs.store import JobRow, Store
from ...messages import Message
from ...paths import Home
from ...planning import staging
from .queue import Queue
from .repeat import Repeated, repeatable

FIND_STEP = "find-step"
"""The tool's name."""
FOLDS, FEWEST_FOLDS = 5, 3


def train_on_all(home: Home, queue: Queue, row: JobRow, steps: int | None = None) -> Repeated:
    """Queue what ``row`` trained with its held-out photos back in, for ``steps``: the recommended
    step where that is None, else as many as before. Raises as `repeatable`, and `Conflict` where
    it held nothing out and no steps are given.
    """
    job = repeatable(row)
    data = open_dataset(Path(job.dataset)) if job.on is None else None
    if data is None or not (data.held_out or steps):
        text = "Job {job} held no photo out: it trained on all. `repeat {job}` trains it again."
        raise Conflict("retry.none_held_out", text, job=row.id)
    steps = steps or _recommended(JobFolder.of(home, row.id)) or job.params.max_train_steps
    longer = _for_steps(job, steps)
    images, notes = staging.stage(home, job.name, held_out.whole(data))
    number = queue.add(longer.evolve(dataset=str(images), enough=False, publish=LAST))
    text = (
        "Job {number} trains job {job} again on all {photos} photos, for {steps} "
        "{steps:step|steps}."
    )
    photos = data.images + len(data.held_out)
    said = Message("retry.all_photos", text, number=number, job=row.id, photos=photos, steps=steps)
    return Repeated(number, row.id, said, tuple(notes))


def _recommended(folder: JobFolder) -> int | None:
    points = curve(measured.read(folder.measured))
    return recommend(points).step if points else None


def _for_steps(job: TrainingJob, steps: int) -> TrainingJob:
    """``job`` with this many steps, and a warm-up in proportion. Raises `Invalid`."""
    warmup = job.params.lr_warmup_steps * steps // job.params.max_train_steps
    values = {"max_train_steps": steps, "lr_warmup_steps": warmup}
    return job.evolve(params=job.params.with_values(values))


# ---- its step ----


def step_finder(home: Home, row: JobRow, folds: int = FOLDS) -> ToolJob:
    """The job that finds the step for all photos of training ``row``: ``folds`` short trainings,
    each without some of them. Raises as `repeatable`, and `Invalid`.
    """
    job = repeatable(row)
    if problems := _problems(home, row.id, job, folds):
        raise Invalid(problems)
    label = Message("find_step.label", "find the step of {name}", name=job.name)
    settings = {"job": job.as_dict(), "folds": folds}
    return ToolJob(FIND_STEP, str(label), settings, about=row.id, gpu=job.gpu)


def _problems(home: Home, number: int, job: TrainingJob, folds: int) -> list[Problem]:
    if job.on or job.dataset_config or not engines.of(job, home).traits.measures_saves:
        text = "job {job} wasn't trained by an engine that measures while it trains"
        remedy = "Train with --engine embedded."
        return [Problem("find_step.engine", "job", text, remedy, job=number)]
    data, found = open_dataset(Path(job.dataset)), []
    photos = data.images + len(data.held_out)
    if not FEWEST_FOLDS <= folds <= photos:
        text = "is {folds}, with {photos} photos"
        remedy = "From {fewest} to the number of photos."
        values = {"folds": folds, "photos": photos, "fewest": FEWEST_FOLDS}
        found.append(Problem("find_step.folds", "folds", text, remedy, **values))
    if job.params.max_train_steps < FEWEST_SAVES * job.params.save_interval:
        text = "job {job} saves fewer than {fewest} steps"
        remedy = "Save more often: save_every_n_steps."
        values = {"job": number, "fewest": FEWEST_SAVES}
        found.append(Problem("find_step.saves", "job", text, remedy, **values))
    return found


def found_step(home: Home, store: Store, job_id: int) -> int | None:
    """The newest job that found the step of training ``job_id``; None where none has."""
    for row in reversed(store.jobs([Status.SUCCEEDED])):
        job = row.job if row.kind == "tool" else None
        if isinstance(job, ToolJob) and job.tool == FIND_STEP and job.about == job_id:
            return row.id if JobFolder.of(home, row.id).measured.is_dir() else None
    return None
