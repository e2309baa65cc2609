"""What came of one training, to lay beside another's: figures, curves, samples."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ...evidence import measured
from ...evidence.curve import curve
from ...jobs.events import Measured
from ...jobs.job import TrainingJob
from ...jobs.store import JobRow
from ...outcome.fold import thinned
from ...system.files import mark
from ..jobs import JobViews, read_report
from ..progress.strip import sampled


@dataclass(frozen=True)
class RunSample:
    """A sample picture of a run."""

    step: int
    prompt: Annotated[int, "the prompt's row, from 0"]
    url: str
    path: Annotated[str, "where it lies on the server"]


@dataclass(frozen=True)
class RunView:
    """One of the trainings that are compared."""

    job: int
    title: str
    status: str
    base: str
    steps: Annotated[int, "done"]
    planned_steps: int
    seconds: Annotated[float | None, "of its last attempt"]
    loss: Annotated[float | None, "the last one, a running mean"]
    proof: Annotated[list[float] | None, "denoising loss without and with the LoRA"]
    file: Annotated[str | None, "the published LoRA"]
    curve: Annotated[list[tuple[int, float, int]], "[step, loss, attempt], ..."]
    held_out: Annotated[list[tuple[int, float, float]], "[step, loss, standard error], ..."]
    samples: list[RunSample]


def run_view(views: JobViews, row: JobRow, job: TrainingJob) -> RunView:
    """What job ``row`` did so far."""
    fold, report = views.fold(row.id), read_report(views.bridge.folder(row.id))
    reading, proof = fold.reading, fold.proof
    return RunView(
        job=row.id,
        title=row.title,
        status=row.status.value,
        base=Path(job.base).name,
        steps=reading.step if reading else 0,
        planned_steps=job.params.max_train_steps,
        seconds=report.get("seconds"),
        loss=reading.loss if reading else None,
        proof=[proof.without, proof.with_lora] if proof else None,
        file=fold.published.path if fold.published else None,
        curve=thinned([point for _, point in fold.curve]),
        held_out=_held_out(views, row.id),
        samples=_samples(views, row.id),
    )


def _held_out(views: JobViews, job_id: int) -> list[tuple[int, float, float]]:
    """As it was measured, during the run or later; of a forgotten job as the run said it."""
    points = curve(measured.read(views.bridge.folder(job_id).measured))
    if points:
        return [(point.step, point.held_out, point.error) for point in points]
    told = [entry.event for entry in views.bridge.events(job_id)]
    by_step = {event.step: event for event in told if isinstance(event, Measured)}
    return [(step, event.held_out, event.error) for step, event in sorted(by_step.items())]


def _samples(views: JobViews, job_id: int) -> list[RunSample]:
    found = sampled(views.bridge.folder(job_id), views.fold(job_id).samples)
    return [
        RunSample(one.step, one.row, f"jobs/{job_id}/samples/{n}?v={mark(one.path)}", str(one.path))
        for n, one in enumerate(found)
    ]
