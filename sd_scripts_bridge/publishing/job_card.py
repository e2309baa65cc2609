"""What a job's LoRA is shown with: its card's words and its picture; and which of its files is the
newest.
"""

from __future__ import annotations

from pathlib import Path

from ..jobs.folder import JobFolder
from ..jobs.job import TrainingJob
from ..models import lora
from ..options.families import FAMILIES
from ..paths import Home
from .card import Card


def card(job: TrainingJob, steps: int) -> Card:
    """For a LoRA that learnt for so many optimizer steps."""
    return Card(
        description=f"{job.activation_text}: trained on {Path(job.base).stem}, {steps} steps",
        sd_version=FAMILIES[job.family].sd_version if job.family in FAMILIES else "Unknown",
        activation_text=job.activation_text,
        notes=f"Trained by LoRA Bridge on {Path(job.base).name}: {steps} steps, engine "
        f"{job.engine}.",
    )


def sample(folder: JobFolder) -> Path | None:
    """The newest picture that was drawn while it trained."""
    samples = [*folder.samples.glob("*.png"), *(folder.output / "sample").glob("*.png")]
    return max(samples, key=lambda path: path.stat().st_mtime, default=None)


def picture(job: TrainingJob, folder: JobFolder) -> Path | None:
    """The newest sample, else the first training picture."""
    found = sample(folder)
    if found:
        return found
    return next(iter(sorted(Path(job.dataset).glob("*/1.png"))), None)


def lora_dir(job: TrainingJob, home: Home) -> Path:
    """Where the job's LoRA is published."""
    return Path(job.lora_dir) if job.lora_dir else home.lora


def is_trained(job: TrainingJob, folder: JobFolder) -> bool:
    """Whether the last step's LoRA is there, and whole: then only publishing is left."""
    final = folder.final_lora(job.name)
    return final.is_file() and not lora.problems(final)


def newest_checkpoint(job: TrainingJob, folder: JobFolder) -> tuple[Path, int] | None:
    """(file, its step) of the newest LoRA that is whole; what was being written when the run ended
    is passed over.
    """
    found = [
        *folder.checkpoints(job.name),
        *((path, job.params.max_train_steps) for path in [folder.final_lora(job.name)]),
    ]
    return next(
        (
            (path, step)
            for path, step in reversed(found)
            if path.is_file() and not lora.problems(path)
        ),
        None,
    )
