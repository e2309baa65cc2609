"""A set-up's answers to an attempt."""

from __future__ import annotations

from dataclasses import dataclass

from ... import engines
from ...engines.base import Command, Traits
from ...jobs.events import Event
from ...jobs.job import SetupJob, Status
from ...messages import Message
from .base import Verdict, Work


@dataclass
class SetupWork(Work):
    """Makes the training environment."""

    job: SetupJob

    def __post_init__(self) -> None:
        self.engine = engines.get(self.job.engine, self.home)

    @property
    def traits(self) -> Traits:
        return self.engine.traits

    def command(self) -> Command:
        return self.engine.setup(self.job)

    def read(self, line: str) -> Event | None:
        return self.engine.read(line)

    def will_save(self, *, pausing: bool) -> bool:  # noqa: ARG002
        return False

    def verdict(self, code: int) -> Verdict:
        if code:
            return Status.FAILED, self.why(code)
        ready = Message("attempt.environment_ready", "The training environment is ready.")
        return Status.SUCCEEDED, ready
