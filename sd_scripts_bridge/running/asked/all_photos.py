"""A training once more, on all of its photos: those that were held out are trained, too."""

from __future__ import annotations

from pathlib import Path

from ...datasets import held_out
from ...datasets.kohya_folder import open_dataset
from ...errors import Conflict
from ...evidence import measured
from ...evidence.curve import curve
from ...evidence.recommendation import recommend
from ...jobs.folder import JobFolder
from ...jobs.job import LAST, TrainingJob
from ...jobs.store import JobRow
from ...messages import Message
from ...paths import Home
from ...planning import staging
from .queue import Queue
from .repeat import Repeated, repeatable


def train_on_all(home: Home, queue: Queue, row: JobRow, steps: int | None = None) -> Repeated:
    """Queue what ``row`` trained with its held-out photos back in, for ``steps``: the recommended
    step where that is None, else as many as before. Raises as `repeatable`, and `Conflict` where
    it held nothing out.
    """
    job = repeatable(row)
    data = open_dataset(Path(job.dataset)) if job.on is None else None
    if data is None or not data.held_out:
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
