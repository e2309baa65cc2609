"""The base model of a LoRA whose user names none: one that is known here, and has the name that the
LoRA tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from ...errors import BridgeError, Invalid, Problem
from ...jobs.job import TrainingJob
from ...jobs.store import JobRow
from ...models import lora

TOLD = "ss_sd_model_name"
"""The base's file, as sd-scripts writes it into a LoRA."""


def of(file: Path, known: Iterable[Path]) -> Path:
    """The first of ``known`` that ``file`` says it was trained on. Raises `Invalid`."""
    told = lora.inspect(file).metadata.get(TOLD, "").replace("\\", "/").rpartition("/")[2]
    found = next((path for path in known if path.name == told and path.is_file()), None)
    if found is not None:
        return found
    raise Invalid([_unknown(file.name, told)])


def _unknown(file: str, told: str) -> Problem:
    todo = "Name the base model's file: --base MODEL."
    if not told:
        text = "{file} doesn't say on which base model it was trained"
        return Problem("evaluate.no_base", "base", text, todo, file=file)
    text = "{file} was trained on {base}, which is not known here"
    return Problem("evaluate.unknown_base", "base", text, todo, file=file, base=told)


def of_trainings(rows: Iterable[JobRow]) -> Iterator[Path]:
    """The bases of this home's trainings."""
    for row in rows:
        try:
            job = row.job
        except BridgeError:  # another version's
            continue
        if isinstance(job, TrainingJob):
            yield Path(job.base)
