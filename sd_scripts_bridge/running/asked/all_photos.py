"""A training once more, on all of its photos: those that were held out are trained, too. Before it,
where that is wanted, short trainings that find its step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ... import engines
from ...datasets import held_out
from ...datasets.kohya_folder import open_dataset
from ...errors import Conflict, Invalid, Problem
from ...evidence import measured, recommendation
from ...evidence.crossed import FEWEST_SAVES
from ...jobs.folder import JobFolder
from ...jobs.job import LAST, Status, ToolJob, TrainingJob, job_from_dict
from ...jobs.store import JobRow, Store
from ...messages import Message, code_of
from ...paths import Home
from ...planning import staging
from ...planning.planner import Planner
from ...planning.request import Request
from .queue import Queue
from .repeat import Repeated, repeatable, still_there

FIND_STEP = "find-step"
"""The tool's name."""
FOLDS, FEWEST_FOLDS = 5, 3
MEASURES = "embedded"
"""The engine that measures while it trains."""
OF_A_LORA = ("samples.cost", "preflight.files_come_free")
"""What a training says of pictures and files that short trainings don't make."""


def train_on_all(home: Home, queue: Queue, row: JobRow, steps: int | None = None) -> Repeated:
    """Queue what ``row`` trained with its held-out photos back in, for ``steps``: the recommended
    step where that is None, else as many as before. Where ``row`` has found a step (`find-step`),
    queue the training that it was found for.

    Raises as `repeatable`, and `Conflict` where it held nothing out and no steps are given, or
    where no step was found.
    """
    searched = _searched(row)
    job = still_there(searched, row.id) if searched else repeatable(row)
    data = open_dataset(Path(job.dataset)) if job.on is None else None
    said = _said(home, row)
    if searched and not (steps or said["step"]):
        text = "Job {job} has found no step: say how many, --steps N. {reason}"
        raise Conflict("retry.no_step", text, job=row.id, reason=said["reason"])
    if data is None or not (data.held_out or steps or searched):
        text = "Job {job} held no photo out: it trained on all. `repeat {job}` trains it again."
        raise Conflict("retry.none_held_out", text, job=row.id)
    steps = steps or said["step"] or job.params.max_train_steps
    longer = _for_steps(job, steps)
    images, notes = staging.stage(home, job.name, held_out.whole(data))
    number = queue.add(longer.evolve(dataset=str(images), enough=False, publish=LAST))
    photos = data.images + len(data.held_out)
    values = {"number": number, "job": row.id, "photos": photos, "steps": steps}
    return Repeated(number, row.id, _sentence(values, bool(searched)), tuple(notes))


def _sentence(values: Mapping[str, Any], is_found: bool) -> Message:
    if is_found:
        text = "Job {number} trains all {photos} photos for {steps} {steps:step|steps}."
        return Message("retry.found", text, **values)
    text = (
        "Job {number} trains job {job} again on all {photos} photos, for {steps} "
        "{steps:step|steps}."
    )
    return Message("retry.all_photos", text, **values)


def _said(home: Home, row: JobRow) -> dict[str, Any]:
    """What is recommended by what ``row`` has measured."""
    return recommendation.as_dict(measured.read(JobFolder.of(home, row.id).measured))


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
    if job.on or job.dataset_config or not engines.of(job, home).traits.measures_saves:
        text = "job {job} wasn't trained by an engine that measures while it trains"
        remedy = "Train with --engine embedded, or give the photos: find-step DATASET --base FILE."
        raise Invalid([Problem("find_step.engine", "job", text, remedy, job=row.id)])
    data = open_dataset(Path(job.dataset))
    _refuse(job, data.images + len(data.held_out), folds)
    return _finder(job, folds, row.id)


def step_finder_of(home: Home, request: Request, folds: int) -> tuple[ToolJob, list[str]]:
    """The same for a training that nobody has run, by the engine that can measure; with what was
    decided for the user. Raises `Invalid`, `EngineNotReady`.
    """
    planner, all_of_them = Planner(home), (held_out.NONE,)
    request = replace(request, engine=MEASURES, held_out=all_of_them)
    job, notes, data = planner.dry_run(request)
    _refuse(job, data.images, folds)
    job, notes = planner.staged(job, notes, data)
    return _finder(job, folds), [note for note in notes if code_of(note) not in OF_A_LORA]


def _finder(job: TrainingJob, folds: int, about: int | None = None) -> ToolJob:
    label = Message("find_step.label", "find the step of {name}", name=job.name)
    settings = {"job": job.as_dict(), "folds": folds}
    return ToolJob(FIND_STEP, str(label), settings, about=about, gpu=job.gpu)


def _refuse(job: TrainingJob, photos: int, folds: int) -> None:
    found, steps, every = [], job.params.max_train_steps, job.params.save_interval
    if not FEWEST_FOLDS <= folds <= photos:
        text = "is {folds}, with {photos} photos"
        remedy = "From {fewest} to the number of photos."
        values = {"folds": folds, "photos": photos, "fewest": FEWEST_FOLDS}
        found.append(Problem("find_step.folds", "folds", text, remedy, **values))
    if steps < FEWEST_SAVES * every:
        text = "{steps} steps with a save every {every} have fewer than {fewest} saves"
        remedy = "Save more often: save_every_n_steps={most}, or less."
        most = max(1, steps // FEWEST_SAVES)
        values = {"steps": steps, "every": every, "fewest": FEWEST_SAVES, "most": most}
        name = "save_every_n_steps"
        found.append(Problem("find_step.too_few_saves", name, text, remedy, **values))
    if found:
        raise Invalid(found)


def _searched(row: JobRow) -> TrainingJob | None:
    """The training whose step ``row`` finds; None where it does something else."""
    job = row.job
    if not isinstance(job, ToolJob) or job.tool != FIND_STEP:
        return None
    found = job_from_dict(job.settings["job"])
    return found if isinstance(found, TrainingJob) else None


def found_step(home: Home, store: Store, job_id: int) -> int | None:
    """The newest job that found the step of training ``job_id``; None where none has."""
    for row in reversed(store.jobs([Status.SUCCEEDED])):
        job = row.job if row.kind == "tool" else None
        if isinstance(job, ToolJob) and job.tool == FIND_STEP and job.about == job_id:
            return row.id if JobFolder.of(home, row.id).measured.is_dir() else None
    return None
