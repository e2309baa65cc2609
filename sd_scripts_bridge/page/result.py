"""What a finished training gave: docs/rest.md's `Result`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from ..errors import Conflict, NotFound
from ..jobs.events import Published
from ..jobs.job import TrainingJob
from ..jobs.store import JobRow
from ..messages import Message, joined
from ..models import lora
from ..models.offered import BaseFile
from ..options.families import FAMILIES, Family
from ..publishing import infotext
from ..publishing.card import PREVIEW_KINDS, read_card
from ..shapes.marks import Example
from .jobs import JobViews, read_report
from .progress.fold import Fold
from .progress.samples import SampleView, sample_views

FACTS = ("steps", "planned_steps", "seconds")
"""What a result tells of report.json, besides the trainer's own facts."""


@dataclass(frozen=True)
class ProofView:
    """The mean denoising loss on the training pictures, at fixed noise and timesteps."""

    without: Annotated[float, Example(0.1312)]
    with_lora: Annotated[float, Example(0.1174)]


@dataclass(frozen=True)
class Txt2Img:
    """What goes to txt2img to try a LoRA."""

    prompt: Annotated[str, Example("<lora:AlvaroBadia:1> AlvaroBadia man")]
    negative_prompt: str
    batch_count: Annotated[int, Example(5)]
    infotext: Annotated[
        str,
        "what A1111's paste reads: DPM++ 2M Karras, 60 steps, 1024x1024, CFG 7, batch size 1, "
        "seed -1",
        Example("<lora:AlvaroBadia:1> AlvaroBadia man\nSteps: 60, ..."),
    ]
    infotext_512: Annotated[
        str | None, "the same at 512x512 with hires fix, for SD 1.5 and SD 2", Example(None)
    ]
    why_512: Annotated[str | None, "why 512 is better", Example(None)]


@dataclass(frozen=True)
class ResultView(Txt2Img):
    """A finished LoRA, and how to try it."""

    job: Annotated[int | None, "null: no job of this home made it", Example(12)]
    stem: Annotated[str, "what prompts call it", Example("AlvaroBadia")]
    file: Annotated[str, Example("/webui/models/Lora/AlvaroBadia.safetensors")]
    activation_text: Annotated[str, Example("AlvaroBadia man")]
    family: Annotated[str, Example("sdxl")]
    base_title: Annotated[str, Example("sd_xl_base_1.0.safetensors [31e35c80fc]")]
    sentence: str
    proof: ProofView | None
    samples: Sequence[SampleView]
    preview: Annotated[str | None, "below this API's prefix", Example("jobs/12/preview?v=5a1b")]
    facts: Annotated[
        Mapping[str, Any], "what the trainer and report.json say", Example({"modules": 722})
    ]
    healed: Annotated[Sequence[str], "failures that were cured on the way"]
    notes: Sequence[str]


def result_of(views: JobViews, job_id: int, bases: list[BaseFile]) -> ResultView:
    """Raises `NotFound`, or `Conflict` while there is no LoRA."""
    row, fold = views.row(job_id), views.fold(job_id)
    published = _published(row, fold)
    job = row.job
    assert isinstance(job, TrainingJob)
    folder = views.bridge.folder(job_id)
    told = {note: note for note in fold.notes}  # these know their codes, the report's do not
    report = read_report(folder)
    spoken = published.activation_text or job.activation_text
    family = FAMILIES.get(job.family, FAMILIES["sd1"])
    return ResultView(
        **vars(texts(published.stem, spoken, family)),
        job=job_id,
        stem=published.stem,
        file=published.path,
        activation_text=spoken,
        family=job.family,
        base_title=base_title(Path(job.base), bases),
        sentence=_sentence(fold, row.sentence, report),
        proof=ProofView(fold.proof.without, fold.proof.with_lora) if fold.proof else None,
        samples=sample_views(folder, job_id, fold),
        preview=_address(f"jobs/{job_id}/preview?", preview(fold)),
        facts={**fold.facts, **{key: report[key] for key in FACTS if key in report}},
        healed=[told.get(text, text) for text in report.get("healed", [])],
        notes=list(fold.notes),
    )


def result_of_file(file: Path, name: str) -> ResultView:
    """Of a LoRA that no job of this home made; ``name`` is its path in the Lora folder.

    Raises `Invalid`.
    """
    found = lora.inspect(file)
    card, _ = read_card(file.with_suffix(".json"))
    spoken = str(card.get("activation text") or "")
    sentence = Message(
        "loras.found",
        "{file} is in {folder}: {count} modules, rank {rank}.",
        file=file.name,
        folder=file.parent,
        count=found.modules,
        rank=", ".join(map(str, found.dims)),
    )
    return ResultView(
        **vars(texts(file.stem, spoken, FAMILIES.get(found.family, FAMILIES["sd1"]))),
        job=None,
        stem=file.stem,
        file=str(file),
        activation_text=spoken,
        family=found.family,
        base_title="",
        sentence=sentence,
        proof=None,
        samples=[],
        preview=_address(f"loras/preview?file={quote(name)}&", preview_of(file)),
        facts={},
        healed=[],
        notes=[],
    )


def _published(row: JobRow, fold: Fold) -> Published:
    if row.kind != "train":
        raise NotFound(
            "result.job_trains_nothing_lora",
            "Job {job_id} trains nothing, so it has no LoRA.",
            job_id=row.id,
        )
    if fold.published is None:
        raise Conflict(
            "result.no_lora_yet",
            "Job {job} has no LoRA yet ({status}). {why}",
            job=row.id,
            status=row.status.value,
            why=row.sentence,
        )
    return fold.published


def _address(start: str, picture: Path | None) -> str | None:
    return f"{start}v={picture.stat().st_mtime_ns:x}" if picture else None


def _why_512(family: str) -> Message:
    return Message(
        "result.trained_tends_draw_everything",
        "{family} was trained on 512 x 512: at 1024 it tends to draw everything twice. 512 with "
        "hires fix ends at 1024 too, and looks better.",
        family=family,
    )


def texts(stem: str, spoken: str, family: Family) -> Txt2Img:
    """What goes to txt2img; ``spoken`` are the words that bring the subject."""
    prompt, small = infotext.prompt(spoken, stem), family.trained_at < 1024
    negative = infotext.negative(family)
    return Txt2Img(
        prompt=prompt,
        negative_prompt=negative,
        batch_count=infotext.BATCH_COUNT,
        infotext=infotext.infotext(prompt, negative, 1024, infotext.settings(family)),
        infotext_512=infotext.infotext(prompt, negative, 512, infotext.HIRES) if small else None,
        why_512=_why_512(family.title) if small else None,
    )


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
