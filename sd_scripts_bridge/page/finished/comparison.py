"""Trainings side by side: what differs in their settings and their data, and what came of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from ...datasets.looking import contents
from ...datasets.looking.contents import Contents, HeldPicture
from ...errors import BridgeError, Conflict, Invalid, Problem
from ...jobs.job import TrainingJob
from ...jobs.store import JobRow
from ..jobs import JobViews
from .figures import RunView, run_view

FEWEST, MOST = 2, 8
NOT_SETTINGS = frozenset({"kind", "name", "dataset", "lora_dir", "healed", "params"})
"""Where a run lies and what it is called changes nothing that it learns."""
Side = Annotated[list[Any], "one for each job, in their order; null: not known, or not there"]


@dataclass(frozen=True)
class DifferenceView:
    """Something in which the runs differ."""

    name: str
    values: Side


@dataclass(frozen=True)
class CaptionView:
    """A photo whose captions differ."""

    photo: str
    captions: Side


@dataclass(frozen=True)
class CompareView:
    """Trainings side by side; of settings and data only what differs."""

    jobs: list[RunView]
    settings: Annotated[list[DifferenceView], "options by sd-scripts' names, base, engine..."]
    same_settings: Annotated[int, "how many settings agree"]
    data: Annotated[list[DifferenceView], "photos, repeats, regularization images"]
    captions: Annotated[list[CaptionView], "of photos that several of the runs trained"]


def compare(views: JobViews, numbers: Sequence[int]) -> CompareView:
    """Raises `Invalid` for too few or too many jobs, `NotFound`, `Conflict` for one that trains
    nothing.
    """
    _refuse(numbers)
    rows = [views.row(number) for number in numbers]
    jobs = [_training(row) for row in rows]
    settings = [_settings(job) for job in jobs]
    names = sorted({name for told in settings for name in told})
    differ = [name for name in names if len({repr(told.get(name)) for told in settings}) > 1]
    held = [_contents(job) for job in jobs]
    return CompareView(
        jobs=[run_view(views, row, job) for row, job in zip(rows, jobs, strict=True)],
        settings=[DifferenceView(name, [told.get(name) for told in settings]) for name in differ],
        same_settings=len(names) - len(differ),
        data=_data(held),
        captions=_captions(held),
    )


def _refuse(numbers: Sequence[int]) -> None:
    several = set(numbers)
    if len(several) == len(numbers) and FEWEST <= len(numbers) <= MOST:
        return
    values = {"count": len(several), "fewest": FEWEST, "most": MOST}
    text = "{count} different {count:job was|jobs were} given"
    raise Invalid([Problem("compare.count", "jobs", text, "Give {fewest} to {most}.", **values)])


def _training(row: JobRow) -> TrainingJob:
    job = row.job
    if not isinstance(job, TrainingJob):
        raise Conflict("bridge.job_training", "Job {job_id} is not a training.", job_id=row.id)
    return job


def _settings(job: TrainingJob) -> dict[str, Any]:
    """Everything that may change what is learnt, flat."""
    told = {key: value for key, value in job.as_dict().items() if key not in NOT_SETTINGS}
    params = job.params.as_dict()
    extra = params.pop("extra", {})
    return {**told, **params, **extra}


# ---- data ----


def _contents(job: TrainingJob) -> Contents | None:
    """What it trains, as it lies there now; None where that is gone, or on another machine."""
    try:
        return contents.read(Path(job.dataset)) if job.on is None else None
    except (BridgeError, OSError):
        return None


def _data(held: Sequence[Contents | None]) -> list[DifferenceView]:
    told: Mapping[str, list[Any]] = {
        "photos": [len(one.photos) if one else None for one in held],
        "only here": _only_here(held),
        "repeats": [list(one.repeats) if one else None for one in held],
        "regularization images": [one.regularization if one else None for one in held],
    }
    return [
        DifferenceView(name, values)
        for name, values in told.items()
        if len({repr(value) for value in values}) > 1
    ]


def _only_here(held: Sequence[Contents | None]) -> list[Any]:
    """The names of the photos that not all of the runs trained."""
    there = [set(one.photos) for one in held if one]
    everywhere = set.intersection(*there) if there else set()
    return [
        [photo.name for digest, photo in one.photos.items() if digest not in everywhere]
        if one
        else None
        for one in held
    ]


def _captions(held: Sequence[Contents | None]) -> list[CaptionView]:
    found: dict[str, list[HeldPicture | None]] = {}
    for place, one in enumerate(held):
        for digest, photo in one.photos.items() if one else ():
            found.setdefault(digest, [None] * len(held))[place] = photo
    rows = [
        (next(filter(None, photos)).name, [p.caption if p else None for p in photos])
        for photos in found.values()
    ]
    return [
        CaptionView(name, captions)
        for name, captions in rows
        if len({caption for caption in captions if caption is not None}) > 1
    ]
