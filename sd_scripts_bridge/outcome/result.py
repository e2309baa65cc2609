"""What a finished training gave: its LoRA, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import Conflict, NotFound
from ..jobs.events import Proof, Published
from ..jobs.job import TrainingJob
from ..jobs.store import JobRow
from ..messages import Message, joined
from .fold import Fold

FACTS = ("steps", "planned_steps", "seconds")
"""What a result tells of report.json, besides the trainer's own facts."""


@dataclass(frozen=True)
class TrainingResult:
    """A published LoRA. ``facts`` are the trainer's own and report.json's; ``healed`` the failures
    that were cured on the way.
    """

    job: TrainingJob
    stem: str
    file: Path
    activation_text: str
    prompted: str
    """What a prompt says of it: of several subjects the first."""
    sentence: str
    proof: Proof | None
    facts: Mapping[str, Any]
    healed: Sequence[str]
    notes: Sequence[str]


def result(row: JobRow, fold: Fold, report: Mapping[str, Any]) -> TrainingResult:
    """From a job's events and its report.json.

    Raises `NotFound` for a job that is no training, `Conflict` while there is no LoRA.
    """
    published, job = _published(row, fold), row.job
    assert isinstance(job, TrainingJob)
    told = {note: note for note in fold.notes}  # these know their codes, the report's do not
    return TrainingResult(
        job=job,
        stem=published.stem,
        file=Path(published.path),
        activation_text=published.activation_text or job.activation_text,
        prompted=job.spoken[0] if job.subjects else published.activation_text,
        sentence=_sentence(fold, row.sentence, report),
        proof=fold.proof,
        facts={**fold.facts, **{key: report[key] for key in FACTS if key in report}},
        healed=[told.get(text, text) for text in report.get("healed", [])],
        notes=list(fold.notes),
    )


def _published(row: JobRow, fold: Fold) -> Published:
    if row.kind != "train":
        raise NotFound(
            "result.job_trains_nothing_lora",
            "Job {job_id} trains nothing, so it has no LoRA.",
            job_id=row.id,
        )
    if fold.published is None:
        text = "Job {job} has no LoRA yet ({status}).{why}"
        why = Message("result.why", " {why}", why=row.sentence) if row.sentence else ""
        raise Conflict("result.no_lora_yet", text, job=row.id, status=row.status.value, why=why)
    return fold.published


def _sentence(fold: Fold, sentence: str, report: Mapping[str, Any]) -> str:
    parts = [
        Message(
            "result.steps",
            "{report} of {report2} steps",
            report=report["steps"],
            report2=report["planned_steps"],
        )
        if report.get("planned_steps")
        else ""
    ]
    facts = fold.facts
    if "captions_used" in facts and "images" in facts:
        parts.append(
            Message(
                "result.captions_used",
                "{facts} of {facts2} captions used",
                facts=facts["captions_used"],
                facts2=facts["images"],
            )
        )
    if "modules" in facts:
        parts.append(
            Message("result.modules", "{count} {count:module|modules}", count=facts["modules"])
        )
    parts.append(Message("result.nothing_broken", "nothing broken"))
    if fold.proof:
        parts.append(
            Message(
                "result.denoising_loss_training_pictures",
                "denoising loss on the training pictures {without} without it, {with_lora} with it",
                without=f"{fold.proof.without:.4f}",
                with_lora=f"{fold.proof.with_lora:.4f}",
            )
        )
    did = Message("result.did", "{facts}.", facts=joined(parts, ", "))
    return joined([sentence, did])
