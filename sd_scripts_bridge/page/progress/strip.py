"""The strip of sample pictures: a column a step, a row a prompt."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ...engines import sample_prompts
from ...jobs.events import Sample
from ...jobs.folder import JobFolder, sample_place

PICTURES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}
_STEP = re.compile(r"step[-_]?(\d+)")


@dataclass(frozen=True)
class StripView:
    """Sample pictures: step 0 is before the first, and a picture is null where none was drawn."""

    steps: list[int]
    prompts: list[str]
    others: Annotated[
        list[int], "rows whose prompt doesn't name the subject: they should not change"
    ]
    pictures: Annotated[list[list[str | None]], "a list for each prompt, a picture for each step"]


@dataclass(frozen=True)
class Sampled:
    """A picture that lies in the job's folder."""

    step: int
    row: int
    path: Path


def sampled(folder: JobFolder, told: Mapping[str, Sample]) -> list[Sampled]:
    """Everything that was sampled, oldest step first; the place in this list is its number in the
    address. A link is no sample: it may lead out of the job's folder.
    """
    found = []
    for parent in folder.sample_folders:
        for path in _files(parent) if _is_own(parent, folder) else ():
            if path.suffix.lower() in PICTURES and not path.name.startswith("."):
                found += [_placed(path, told)] if _is_own(path, folder) else []
    return sorted(found, key=lambda one: (one.step, one.row, one.path.name))


def strip(
    pictures: Sequence[Sampled],
    told: Mapping[str, Sample],
    folder: JobFolder,
    subject: str,
    address: Callable[[int, Path], str],
) -> StripView:
    """The pictures in rows and columns; ``address`` makes a picture's from its number and path.

    Where a prompt was changed on the way, each of its texts has a row.
    """
    now = [prompt.text for prompt in sample_prompts.read_file(folder.prompts)]
    cells: dict[tuple[int, str], dict[int, str]] = {}
    for number, one in enumerate(pictures):
        event = told.get(one.path.name)
        text = event.text if event and event.text else dict(enumerate(now)).get(one.row, "")
        cells.setdefault((one.row, text), {})[one.step] = address(number, one.path)
    steps = sorted({one.step for one in pictures})
    rows = sorted(cells, key=lambda key: (key[0], min(cells[key])))
    return StripView(
        steps,
        [text for _, text in rows],
        [n for n, (_, text) in enumerate(rows) if text and subject and subject not in text],
        [[cells[row].get(step) for step in steps] for row in rows],
    )


def _placed(path: Path, told: Mapping[str, Sample]) -> Sampled:
    place, event = sample_place(path.name), told.get(path.name)
    if place is None and event:
        place = event.step, event.prompt
    if place is None:  # somebody else's
        step = _STEP.search(path.name)
        place = int(step[1]) if step else 0, 0
    return Sampled(*place, path)


def _files(folder: Path) -> list[Path]:
    """What lies there; nothing where it goes while it is read."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _is_own(path: Path, folder: JobFolder) -> bool:
    """Whether it is there, and really lies in the job's folder."""
    try:
        path.stat()
    except OSError:  # gone, or nobody may look: both are no sample
        return False
    return path.resolve().is_relative_to(folder.root.resolve())
