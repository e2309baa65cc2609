"""Measuring how like its photos a training's last samples are, as a job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...engines import sample_prompts
from ...engines.tools.likeness import LikenessTool
from ...errors import Conflict
from ...jobs import facts
from ...jobs.folder import JobFolder, sample_place
from ...jobs.job import Status, ToolJob, TrainingJob
from ...jobs.store import JobRow, Store
from ...likeness import yardstick
from ...likeness.measured import LikenessView, view
from ...messages import Message
from ...paths import Home


def job_for(home: Home, row: JobRow, named: Path | None = None) -> ToolJob:
    """The job that measures training ``row``, by what is here or by ``named``.

    Raises `Conflict` where there are no samples or no photos any more, `Invalid` for a file that
    measures nothing.
    """
    job = row.job
    if not isinstance(job, TrainingJob):
        raise Conflict("bridge.job_training", "Job {job_id} is not a training.", job_id=row.id)
    samples, step = _samples(JobFolder.of(home, row.id), job)
    photos = _photos(job) if job.on is None else []
    if not samples or not photos:
        text = "Job {job} has {samples} sample pictures and {photos} photos: both are needed."
        values = {"job": row.id, "samples": len(samples), "photos": len(photos)}
        raise Conflict("likeness.nothing_to_compare", text, **values)
    found = yardstick.named(named) if named else yardstick.find(home, job.lora_dir)
    settings: dict[str, Any] = {
        "photos": list(map(str, photos)),
        "samples": samples,
        "step": step,
        "yardstick": str(found.path) if found else None,
        "kind": found.kind if found else None,
        "title": found.title if found else None,
        "detectors": [str(file) for file in yardstick.detectors(home, job.lora_dir)],
    }
    return ToolJob(LikenessTool.name, f"Likeness of {job.name}", settings, row.id, job.gpu)


def _photos(job: TrainingJob) -> list[Path]:
    """The pictures that were trained; of several subjects the first one's, whom samples name."""
    found = sorted(Path(job.dataset).glob("*/*.png"))
    own = [path for path in found if path.parent.name.partition("_")[2] == job.spoken[0]]
    return own if job.subjects else found


def of(home: Home, store: Store, job_id: int) -> LikenessView:
    """The newest measurement of job ``job_id``; without one how to get it."""
    for row in reversed(store.jobs([Status.SUCCEEDED])):
        job = row.job if row.kind == "tool" else None
        if isinstance(job, ToolJob) and job.tool == LikenessTool.name and job.about == job_id:
            return view(facts.read(JobFolder.of(home, row.id).result))
    text = "Not measured yet: `likeness {job}` does it."
    return LikenessView(False, Message("likeness.not_yet", text, job=job_id))


def _samples(folder: JobFolder, job: TrainingJob) -> tuple[list[dict[str, Any]], int]:
    """The newest step's samples whose prompt names the subject, or has no text that is known."""
    prompts = [prompt.text for prompt in sample_prompts.read_file(folder.prompts)]
    placed = [
        (place, path)
        for parent in folder.sample_folders
        for path in (sorted(parent.glob("*.png")) if parent.is_dir() else ())
        if (place := sample_place(path.name))
    ]
    last = max((place[0] for place, _ in placed), default=0)
    rows = [
        {"path": str(path), "row": row, "text": prompts[row] if row < len(prompts) else ""}
        for (step, row), path in placed
        if step == last
    ]
    return [r for r in rows if not r["text"] or job.subject in str(r["text"])], last
