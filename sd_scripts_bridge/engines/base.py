"""The seam: an engine is a command plus a reader of its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ..errors import Problem
from ..jobs.events import Event
from ..jobs.folder import JobFolder
from ..jobs.job import SetupJob, TrainingJob
from ..options.families import FAMILIES
from ..options.params import TrainingParams


@dataclass(frozen=True)
class Command:
    """A program to run: argument list (never a shell line), changes to the environment (None
    deletes), folder.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str | None] = field(default_factory=dict)
    cwd: Path | None = None


@dataclass(frozen=True)
class Traits:
    """What an engine can do, for those who must not ask which one it is."""

    families: frozenset[str]
    """The families of base models that it trains."""
    takes_small_models: bool = False
    """It trains bases smaller than their family's own size."""
    reads_extra_options: bool = False
    """It takes options beyond those that we know by name, and the files that some of them name."""
    reads_dataset_config: bool = False
    """It reads sd-scripts' dataset_config itself."""
    saves_on_request: bool = False
    """It saves and ends by itself when it finds `JobFolder.stop_request`."""
    leaves_by_itself: bool = False
    """It has to end by itself even when it shall end at once, since it runs somewhere else too."""
    heals_itself: bool = False
    """It treats its own failures; nobody else may change the job and start it again."""
    measures_saves: bool = False
    """It measures the held-out loss at each save while it trains."""
    memory_is_counted: bool = False
    """What it takes of a GPU is known from `options.memory`."""
    is_remote: bool = False
    """It trains on another machine: this one's GPU stays free."""


@dataclass(frozen=True)
class Machine:
    """What trains here, as `setup` found it. ``device`` is "cuda", "mps", "cpu", or "" where nobody
    has looked yet; ``memory`` is the GPU's, in bytes (a Mac's is all that it has), 0 without
    one; ``gpu`` its name, ``torch`` PyTorch's version.
    """

    device: str = ""
    has_bf16: bool = True
    memory: int = 0
    gpu: str = ""
    torch: str = ""


class Engine(Protocol):
    """Trains one job by running one command."""

    name: str
    traits: Traits

    def machine(self) -> Machine:
        """What it would train on. Never raises."""
        ...

    def read_options(self, values: Mapping[str, Any], family: str) -> dict[str, Any]:
        """Options beyond those that we know by name, as the types that the engine wants.

        Raises `Invalid` with all that can't be read.
        """
        ...

    def next_save(self, job: TrainingJob, step: int) -> int | None:
        """The step after ``step`` at which it saves; None where it saves whenever it is asked."""
        ...

    def check(self) -> list[Problem]:
        """Why it can't train here, or nothing: ready. Never raises; needs no GPU."""
        ...

    def refuse(self, job: TrainingJob) -> list[Problem]:
        """What of this job the engine doesn't do, by option name."""
        ...

    def notes(self, job: TrainingJob, /) -> list[str]:
        """What to know about this job before it starts."""
        ...

    def setup(self, job: SetupJob) -> Command:
        """The command that makes the engine ready; run as a job like any other."""
        ...

    def command(self, job: TrainingJob, folder: JobFolder, resume: Path | None = None) -> Command:
        """The command that trains ``job`` in ``folder``, from the state ``resume`` if given; writes
        what it reads.
        """
        ...

    def read(self, line: str) -> Event | None:
        """What a line of the program's output means; None: it is only log."""
        ...

    def results(self, job: TrainingJob, folder: JobFolder) -> list[Path]:
        """The LoRA files that the run has left, newest last."""
        ...

    def true_metadata(self, job: TrainingJob, metadata: Mapping[str, str]) -> dict[str, str]:
        """What a result's metadata should say instead of what the program has written there."""
        ...

    def states(self, job: TrainingJob, folder: JobFolder) -> list[Path]:
        """The saved states that are whole, oldest first: what `command` can resume from."""
        ...


# ---- what no engine can do ----


def precision_problems(params: TrainingParams, machine: Machine) -> list[Problem]:
    """Why this machine can't compute in the precision that is set."""
    if params.mixed_precision != "fp16" or machine.device in ("", "cuda", "xpu"):
        return []
    return [
        Problem(
            "engines.fp16_without_gpu",
            "mixed_precision",
            "fp16 needs a GPU, and there is none here",
            "Set mixed_precision=bf16 or mixed_precision=no.",
        )
    ]


def bucket_step_problems(job: TrainingJob) -> list[Problem]:
    """The sides of a bucket have to be multiples of what the family's model can halve."""
    family, steps = FAMILIES[job.family], job.params.bucket_reso_steps
    if not job.params.enable_bucket or steps % family.bucket_step == 0:
        return []
    return [
        Problem(
            "engines.bucket_step",
            "bucket_reso_steps",
            "{steps} is not a multiple of {step}, which {family} needs",
            "Set it to {step}.",
            steps=steps,
            step=family.bucket_step,
            family=family.title,
        )
    ]
