"""What an attempt asks of its job, with the answers of a program that is simply run."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from ...engines.base import Command, Traits
from ...jobs.events import Event, Progress
from ...jobs.facts import Facts
from ...jobs.folder import JobFolder
from ...jobs.job import Status
from ...jobs.store import JobRow
from ...messages import Message
from ...paths import Home
from ...system.files import FULL_BYTES
from .. import explain
from ..failures.known import FailureKind
from ..log_tail import last_lines
from ..teller import Teller

Verdict = tuple[Status, str]
"""How the job ended, and why in words."""


@dataclass
class Work:
    """One attempt's job, from its command to what it has left."""

    home: Home
    row: JobRow
    folder: JobFolder
    teller: Teller
    facts: Facts

    is_hopeless: ClassVar[bool] = False
    """What runs can't come to anything any more."""

    @property
    def traits(self) -> Traits:
        """What its program can do when it is asked to stop."""
        raise NotImplementedError

    def prepare(self) -> None:
        """Once, before the program starts."""

    def left_over(self) -> Verdict | None:
        """The end of a job whose program has nothing left to do; None: run it."""
        return None

    def command(self) -> Command:
        """What to run. Raises `BridgeError` where it can't be run."""
        raise NotImplementedError

    def read(self, line: str) -> Event | None:
        """What a line of the program's output means; None: it is only log."""
        raise NotImplementedError

    def counted(self, event: Progress) -> Progress:
        """The program's progress, counted over all attempts."""
        return event

    def saved(self) -> int:
        """The newest saved step, so far."""
        return 0

    def will_save(self, *, pausing: bool) -> bool:
        """Whether a program that is asked to stop will save something first."""
        del pausing
        return self.traits.saves_on_request

    def is_done(self, code: int) -> bool:
        """Whether it came to its own end, even if somebody asked it to stop."""
        del code
        return False

    def verdict(self, code: int) -> Verdict:
        """Of a program that nobody asked to stop, or that was faster."""
        raise NotImplementedError

    def stopped(self) -> Message:
        """What to say of a job that was asked to stop, and did."""
        text = "Stopped before the first checkpoint was saved."
        return Message("attempt.stopped_early", text)

    def paused(self) -> Message:
        """What to say of one that waits for the end of a pause."""
        text = "Paused at step {self_name}. It goes on by itself."
        return Message("note.paused_step_goes_itself", text, self_name=self.saved())

    def cure(self, code: int) -> bool:
        """Queue the job again with the cure for its failure; whether there is one."""
        del code
        return False

    def tidy(self, status: Status) -> None:
        """After its end: free what only a resume would need."""

    def why(self, code: int) -> str:
        """On a full disk a program can't write its log either, and dies without a word."""
        cause = explain.cause(code, last_lines(self.folder.log, 200))
        if cause.kind is FailureKind.UNKNOWN and _is_full(self.folder.root):
            text = "The disk of {file} is full. Free some space, then `resume {job}`."
            return Message("attempt.disk_full", text, file=self.folder.root, job=self.row.id)
        return cause.sentence


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < FULL_BYTES
    except OSError:
        return False
