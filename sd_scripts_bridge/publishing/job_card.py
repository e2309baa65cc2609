"""What a job's LoRA is shown with: its card's words and its picture; and which of its files is the
newest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from ..evidence import measured
from ..evidence.curve import curve
from ..evidence.notes import evidence_lines
from ..evidence.recommendation import recommend
from ..jobs.folder import JobFolder, sample_place
from ..jobs.job import RECOMMENDED, TrainingJob
from ..messages import Message
from ..models import lora
from ..models.safetensors_file import model_hash
from ..options.families import FAMILIES
from ..paths import Home
from . import infotext, tile
from .card import Card


def card(job: TrainingJob, steps: int, evidence: str = "") -> Card:
    """For a LoRA that learnt for so many optimizer steps. ``evidence``: the notes that speak for it
    (`evidence.notes`).
    """
    family = FAMILIES.get(job.family)
    trained = f"{steps} of {job.params.max_train_steps} steps with {job.engine}"
    return Card(
        description=f"{job.activation_text}: trained on {Path(job.base).stem}, {trained}",
        sd_version=family.sd_version if family else "Unknown",
        activation_text=job.activation_text,
        negative_text=infotext.negative(family) if family else "",
        notes=evidence,
    )


def average(of_step: Card, steps: Sequence[int]) -> Card:
    """The card of a step as that of the mean of several."""
    saves = ", ".join(map(str, steps))
    notes = f"The mean of the weights saved at steps {saves}; not measured."
    return replace(of_step, description=f"{of_step.description}, averaged", notes=notes)


def evidence(
    folder: JobFolder, step: int, likeness: str = "", proof: Mapping[str, Any] | None = None
) -> str:
    """The notes of the card of ``step``, from what was measured in ``folder``."""
    return evidence_lines(curve(measured.read(folder.measured)), step, likeness, proof)


def sample(folder: JobFolder, step: int | None = None) -> Path | None:
    """The sample picture of ``step``, else of the newest step before it: of the first prompt, which
    shows the subject. Never one from before the training.
    """
    found = [
        (place, path)
        for parent in folder.sample_folders
        for path in parent.glob("*.png")
        if (place := sample_place(path.name)) and place[0] > 0
    ]
    fitting = [(place, path) for place, path in found if step is None or place[0] <= step]
    best = max(fitting, key=lambda one: (one[0][0], -one[0][1], one[1].name), default=None)
    return best[1] if best else None


def picture(job: TrainingJob, folder: JobFolder, step: int) -> Path:
    """The step's sample, else a tile with the LoRA's name: never a training photo."""
    return sample(folder, step) or tile.draw(job.name, folder.tile)


def lora_dir(job: TrainingJob, home: Home) -> Path:
    """Where the job's LoRA is published."""
    return Path(job.lora_dir) if job.lora_dir else home.lora


def is_trained(job: TrainingJob, folder: JobFolder) -> bool:
    """Whether the last step's LoRA is there, and whole: then only publishing is left."""
    final = folder.final_lora(job.name)
    return final.is_file() and not lora.problems(final)


def checkpoint(job: TrainingJob, folder: JobFolder, step: int) -> tuple[Path, int] | None:
    """(file, step) of the LoRA that was saved at ``step`` and is whole."""
    saved = {at: path for path, at in folder.checkpoints(job.name)}
    path = saved.get(step)
    if path is None and step == job.params.max_train_steps:
        path = folder.final_lora(job.name)
    return (path, step) if path and path.is_file() and not lora.problems(path) else None


def newest_checkpoint(job: TrainingJob, folder: JobFolder) -> tuple[Path, int] | None:
    """(file, its step) of the newest LoRA that is whole; what was being written when the run ended
    is passed over.
    """
    found = reversed(_saved(job, folder))
    return next(((path, step) for path, step in found if not lora.problems(path)), None)


def beside(job: TrainingJob, folder: JobFolder, step: int) -> list[tuple[Path, int]]:
    """(file, step) of what was saved right before ``step`` and right after it, as far as it is
    there. What isn't whole is passed over, and the same weights once more, as a run that ended
    early has them under its last step.
    """
    known = _saved(job, folder)
    at = next(number for number, (_, own) in enumerate(known) if own == step)
    own = model_hash(known[at][0])
    before, after = reversed(known[:at]), known[at + 1 :]
    return [*_first_other(before, own), *_first_other(after, own)]


def _first_other(saves: Iterable[tuple[Path, int]], own: str) -> list[tuple[Path, int]]:
    fitting = (
        (path, step) for path, step in saves if not lora.problems(path) and model_hash(path) != own
    )
    return list(islice(fitting, 1))


def _saved(job: TrainingJob, folder: JobFolder) -> list[tuple[Path, int]]:
    """(file, step) of every LoRA that lies there, oldest first."""
    final = folder.final_lora(job.name)
    last = [(final, job.params.max_train_steps)] if final.is_file() else []
    return [*folder.checkpoints(job.name), *last]


# ---- which step it is ----


@dataclass(frozen=True)
class Chosen:
    """The LoRA to publish, the step that it was saved at, and why that one, where it was chosen."""

    file: Path
    step: int
    why: Message | None = None


def choose(job: TrainingJob, folder: JobFolder, last: Path, steps: int) -> Chosen:
    """What ``job`` publishes now that it ended with the LoRA ``last``, after ``steps``."""
    if job.publish != RECOMMENDED:
        return Chosen(last, steps)
    points = curve(measured.read(folder.measured))
    if not points:
        text = "The last step is published: nothing was measured, so no step is recommended."
        return Chosen(last, steps, Message("choice.not_measured", text))
    said = recommend(points)
    if said.step is None:
        text = "The last step is published. {reason}"
        return Chosen(last, steps, Message("choice.cant_tell", text, reason=said.reason))
    found = checkpoint(job, folder, said.step) if said.step != steps else (last, steps)
    if found is None:
        text = "The last step is published: the recommended one, {step}, is not saved any more."
        return Chosen(last, steps, Message("choice.not_saved", text, step=said.step))
    text = "Step {step}, the recommended one, is published. {reason}"
    return Chosen(*found, Message("choice.recommended", text, step=said.step, reason=said.reason))
