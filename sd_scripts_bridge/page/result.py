"""What a finished training gave: docs/rest.md's `Result`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..errors import Conflict, NotFound
from ..jobs.job import TrainingJob
from ..messages import Message, joined
from ..models.offered import BaseFile
from ..options.families import FAMILIES, Family
from ..publishing import infotext
from ..publishing.card import PREVIEW_KINDS
from .jobs import Fold, JobViews, read_report, sample_dicts


def result_dict(views: JobViews, job_id: int, bases: list[BaseFile]) -> dict[str, Any]:
    """Raises `NotFound`, or `Conflict` while there is no LoRA."""
    row, fold = views.row(job_id), views.fold(job_id)
    if row.kind != "train":
        raise NotFound(
            "result.job_trains_nothing_lora",
            "Job {job_id} trains nothing, so it has no LoRA.",
            job_id=job_id,
        )
    if fold.published is None:
        raise Conflict(
            "result.no_lora_yet",
            "Job {job} has no LoRA yet ({status}). {why}",
            job=job_id,
            status=row.status.value,
            why=row.sentence,
        )
    job = row.job
    assert isinstance(job, TrainingJob)
    folder = views.bridge.folder(job_id)
    told = {note: note for note in fold.notes}  # these know their codes, the report's do not
    report = read_report(folder)
    stem, spoken = fold.published.stem, fold.published.activation_text or job.activation_text
    family = FAMILIES.get(job.family, FAMILIES["sd1"])
    picture = preview(fold)
    return {
        "job": job_id,
        "stem": stem,
        "file": fold.published.path,
        "activation_text": spoken,
        **texts(stem, spoken, family),
        "family": job.family,
        "base_title": base_title(Path(job.base), bases),
        "sentence": _sentence(fold, row.sentence, report),
        "proof": {"without": fold.proof.without, "with_lora": fold.proof.with_lora}
        if fold.proof
        else None,
        "samples": sample_dicts(folder, job_id, fold),
        "preview": f"jobs/{job_id}/preview?v={f'{picture.stat().st_mtime_ns:x}'}"
        if picture
        else None,
        "facts": {
            **fold.facts,
            **{key: report[key] for key in ("steps", "planned_steps", "seconds") if key in report},
        },
        "healed": [told.get(text, text) for text in report.get("healed", [])],
        "notes": list(fold.notes),
    }


def _why_512(family: str) -> Message:
    return Message(
        "result.trained_tends_draw_everything",
        "{family} was trained on 512 x 512: at 1024 it tends to draw everything twice. 512 with "
        "hires fix ends at 1024 too, and looks better.",
        family=family,
    )


def texts(stem: str, spoken: str, family: Family) -> dict[str, Any]:
    """What goes to txt2img; ``spoken`` are the words that bring the subject."""
    prompt, small = infotext.prompt(spoken, stem), family.trained_at < 1024
    negative = infotext.negative(family)
    return {
        "prompt": prompt,
        "negative_prompt": negative,
        "batch_count": infotext.BATCH_COUNT,
        "infotext": infotext.infotext(prompt, negative, 1024, infotext.settings(family)),
        "infotext_512": infotext.infotext(prompt, negative, 512, infotext.HIRES) if small else None,
        "why_512": _why_512(family.title) if small else None,
    }


def _sentence(fold: Fold, sentence: str, report: dict[str, Any]) -> str:
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
        parts.append(Message("result.modules", "{count} modules", count=facts["modules"]))
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


def base_title(path: Path, bases: list[BaseFile]) -> str:
    """What the host's list calls the base; its file name where it isn't listed any more."""
    return next((base.title for base in bases if Path(base.path) == path), path.name)


def preview(fold: Fold) -> Path | None:
    """The card's picture, as the WebUI finds it."""
    return preview_of(Path(fold.published.path)) if fold.published else None


def preview_of(lora: Path) -> Path | None:
    """The picture beside a LoRA."""
    for middle in ("", ".preview"):
        for kind in PREVIEW_KINDS:
            path = lora.with_name(f"{lora.stem}{middle}.{kind}")
            if path.is_file():
                return path
    return None
