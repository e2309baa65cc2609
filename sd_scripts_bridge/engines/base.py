"""The seam: an engine is a command plus a reader of its lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..errors import Problem
from ..jobs.events import Event
from ..jobs.folder import JobFolder
from ..jobs.job import SetupJob, TrainingJob


@dataclass(frozen=True)
class Command:
    """A program to run: argument list (never a shell line), changes to the environment (None
    deletes), folder.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str | None] = field(default_factory=dict)
    cwd: Path | None = None


class Engine(Protocol):
    """Trains one job by running one command."""

    name: str
    saves_on_request: bool
    """Whether it saves and ends by itself when it finds `JobFolder.stop_request`."""

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
