"""What a finished training gave: docs/rest.md's `Result`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from ..datasets.kohya_folder import held_out_folders
from ..jobs.job import TrainingJob
from ..likeness.measured import LikenessView
from ..messages import Message
from ..models import lora
from ..models.offered import BaseFile
from ..options.families import FAMILIES, Family
from ..outcome.fold import Fold
from ..outcome.result import TrainingResult, result
from ..photos.files import has_picture_name
from ..publishing import infotext
from ..publishing.card import preview_of, read_card
from ..running.asked.evaluation import saves_of
from ..shapes.marks import Example
from .finished.average import AverageView, average_of
from .jobs import JobViews, read_report
from .progress.best import BestView, best_of
from .progress.samples import SampleView, sample_views
from .progress.strip import StripView


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
    strip: Annotated[StripView | None, "the samples by step and prompt"]
    best: Annotated[BestView | None, "which saved step to use; null where no photo was held out"]
    best_of_all: Annotated[
        BestView | None, "which step to train all photos for; null: `find-step` was not asked"
    ]
    average: Annotated[
        AverageView | None, "null: not offered, since the learning rate wasn't constant"
    ]
    saves: Annotated[Sequence[int], "steps whose LoRA is kept, the last included", Example([750])]
    published_step: Annotated[int | None, "the step of the job's own LoRA", Example(750)]
    held_out: Annotated[int, "photos that were never trained on", Example(1)]
    forgotten: Annotated[bool, "its photos are deleted: nothing can be measured any more"]
    preview: Annotated[str | None, "below this API's prefix", Example("jobs/12/preview?v=5a1b")]
    facts: Annotated[
        Mapping[str, Any], "what the trainer and report.json say", Example({"modules": 722})
    ]
    likeness: Annotated[LikenessView | None, "null: no job of this home made it"]
    healed: Annotated[Sequence[str], "failures that were cured on the way"]
    notes: Sequence[str]


def result_of(views: JobViews, job_id: int, bases: list[BaseFile]) -> ResultView:
    """Raises `NotFound`, or `Conflict` while there is no LoRA."""
    row, fold, folder = views.row(job_id), views.fold(job_id), views.bridge.folder(job_id)
    found = result(row, fold, read_report(folder))
    saves = [step for _, step in saves_of(found.job, folder)]
    return ResultView(
        **vars(_texts(found)),
        job=job_id,
        stem=found.stem,
        file=str(found.file),
        activation_text=found.activation_text,
        family=found.job.family,
        base_title=base_title(Path(found.job.base), bases),
        sentence=found.sentence,
        proof=ProofView(found.proof.without, found.proof.with_lora) if found.proof else None,
        samples=sample_views(folder, job_id, fold),
        strip=views.strip(row),
        best=best_of(folder),
        best_of_all=_best_of_all(views, job_id),
        average=average_of(found.job, saves, best_of(folder)),
        held_out=_held_out(found.job),
        forgotten=found.job.is_forgotten,
        saves=saves,
        published_step=_published_step(found.notes, saves),
        preview=_address(f"jobs/{job_id}/preview?", preview(fold)),
        facts=found.facts,
        likeness=views.bridge.likeness(job_id),
        healed=found.healed,
        notes=found.notes,
    )


def result_of_file(file: Path, name: str) -> ResultView:
    """Of a LoRA that no job of this home made; ``name`` is its path in the Lora folder.

    Raises `Invalid`.
    """
    found = lora.inspect(file)
    card, _ = read_card(file.with_suffix(".json"))
    spoken = str(card.get("activation text") or "")
    return ResultView(
        **vars(texts(file.stem, spoken, FAMILIES.get(found.family, FAMILIES["sd1"]))),
        job=None,
        stem=file.stem,
        file=str(file),
        activation_text=spoken,
        family=found.family,
        base_title="",
        sentence=_found(file, found),
        proof=None,
        samples=[],
        strip=None,
        best=None,
        best_of_all=None,
        average=None,
        held_out=0,
        forgotten=False,
        saves=[],
        published_step=None,
        preview=_address(f"loras/preview?file={quote(name)}&", preview_of(file)),
        facts={},
        likeness=None,
        healed=[],
        notes=[],
    )


def _found(file: Path, found: lora.LoraFile) -> Message:
    return Message(
        "loras.found",
        "{file} is in {folder}: {count} {count:module|modules}, rank {rank}.",
        file=file.name,
        folder=file.parent,
        count=found.modules,
        rank=", ".join(map(str, found.dims)),
    )


def _texts(found: TrainingResult) -> Txt2Img:
    family = FAMILIES.get(found.job.family, FAMILIES["sd1"])
    return texts(found.stem, found.prompted, family)


def _best_of_all(views: JobViews, job_id: int) -> BestView | None:
    found = views.bridge.step_found(job_id)
    return None if found is None else best_of(views.bridge.folder(found))


def _published_step(notes: Sequence[str], saves: Sequence[int]) -> int | None:
    """As publishing has said it, where it isn't the last one."""
    for note in notes:
        if isinstance(note, Message) and note.code == "choice.recommended":
            return int(note.values["step"])
    return max(saves, default=None)


def _held_out(job: TrainingJob) -> int:
    folders = held_out_folders(Path(job.dataset).parent)
    return sum(has_picture_name(file) for folder in folders for file in folder.glob("*"))


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


def base_title(path: Path, bases: list[BaseFile]) -> str:
    """What the host's list calls the base; its file name where it isn't listed any more."""
    return next((base.title for base in bases if Path(base.path) == path), path.name)


def preview(fold: Fold) -> Path | None:
    """The card's picture, as the WebUI finds it."""
    return preview_of(Path(fold.published.path)) if fold.published else None
