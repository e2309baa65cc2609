"""A published LoRA's card as the WebUI shows it, to look at and to change."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ...errors import Conflict, Invalid, NotFound, Problem, short
from ...jobs.job import TrainingJob
from ...publishing.card import card_bytes, preview_bytes, preview_of, read_card
from ...system.files import mark, write_text
from ..jobs import JobViews
from ..progress import grid
from ..progress.samples import sample

FIELDS = {
    "activation_text": "activation text",
    "weight": "preferred weight",
    "negative": "negative text",
    "notes": "notes",
}
"""Ours -> the WebUI's name."""


@dataclass(frozen=True)
class CardView:
    """What the WebUI shows of a published LoRA."""

    file: Annotated[str, "the card's, beside the LoRA"]
    activation_text: str
    weight: float
    negative: str
    notes: str
    preview: Annotated[str | None, "below this API's prefix"]


def look(views: JobViews, job_id: int) -> CardView:
    """Raises `NotFound`, or `Conflict` where nothing is published."""
    file = _published(views, job_id)
    data, _ = read_card(file.with_suffix(".json"))
    picture = preview_of(file)
    weight = data.get("preferred weight")
    return CardView(
        str(file.with_suffix(".json")),
        str(data.get("activation text") or ""),
        float(weight) if isinstance(weight, (int, float)) else 0.0,
        str(data.get("negative text") or ""),
        str(data.get("notes") or ""),
        f"jobs/{job_id}/preview?v={mark(picture)}" if picture else None,
    )


def change(
    views: JobViews, job_id: int, changes: dict[str, str | float | None], picture: str | None
) -> CardView:
    """Change what is given; ``picture`` is "samples/N", "grid/N" or "photo".

    Raises as `look`, `Invalid` for a picture that isn't there.
    """
    file = _published(views, job_id)
    card = file.with_suffix(".json")
    data, usable = read_card(card)
    if not usable:
        text = "{file} can't be read as a card. Repair or delete it."
        raise Conflict("card.unreadable", text, file=card)
    shown = preview_bytes(_picture(views, job_id, picture)) if picture else None
    told = {FIELDS[name]: value for name, value in changes.items() if value is not None}
    if told:
        write_text(card, card_bytes({**data, **told}).decode("utf-8"))
    if shown is not None:
        _show(file, shown)
    return look(views, job_id)


def _show(file: Path, shown: bytes) -> None:
    """Put the picture where the WebUI finds it: of two it shows either."""
    before, target = preview_of(file), file.with_suffix(".png")
    aside = target.with_name(f".{target.name}.part")
    aside.write_bytes(shown)
    aside.replace(target)
    if before is not None and before != target:
        before.unlink(missing_ok=True)


def _picture(views: JobViews, job_id: int, name: str) -> Path:
    kind, _, number = name.partition("/")
    bridge = views.bridge
    if kind == "photo":
        job = bridge.job(job_id).job
        assert isinstance(job, TrainingJob)
        found = next(iter(sorted(Path(job.dataset).glob("*/1.png"))), None)
    elif kind == "samples" and number.isdecimal():
        found = sample(bridge.folder(job_id), job_id, int(number), views.fold(job_id))
    elif kind == "grid" and number.isdecimal():
        found = grid.picture(bridge, job_id, int(number))
    else:
        found = None
    if found is None:
        raise Invalid(
            [
                Problem(
                    "card.picture",
                    "picture",
                    "{name} is not a picture of this job",
                    "Give samples/N, grid/N or photo.",
                    name=short(name),
                )
            ]
        )
    return found


def _published(views: JobViews, job_id: int) -> Path:
    row = views.row(job_id)
    file = views.bridge.lora_of(row.id)
    if row.kind != "train" or file is None:
        raise Conflict("card.nothing", "Job {job} has published no LoRA.", job=job_id)
    if not file.is_file():
        raise NotFound("card.lora_gone", "{file} no longer exists.", file=file)
    return file
