"""A tool's answers to an attempt."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from ...engines import tools
from ...engines.base import Command, Traits
from ...engines.tools.base import TRAITS
from ...errors import BridgeError, all_said
from ...jobs.events import Event, Note
from ...jobs.job import Status, ToolJob
from ...messages import Message
from . import after_measuring
from .base import Verdict, Work

LOG = logging.getLogger(__name__)


@dataclass
class ToolWork(Work):
    """Runs a tool's program to its answer; see `engines.tools.base`."""

    job: ToolJob

    def __post_init__(self) -> None:
        self.tool = tools.get(self.job.tool)

    @property
    def traits(self) -> Traits:
        return TRAITS

    def prepare(self) -> None:
        self.folder.result.unlink(missing_ok=True)

    def command(self) -> Command:
        problems = self.tool.check(self.home)
        if problems:
            raise BridgeError(all_said(problems))
        return self.tool.command(self.home, self.job, self.folder)

    def read(self, line: str) -> Event | None:
        return self.tool.read(line)

    def is_done(self, code: int) -> bool:
        return not code and self.folder.result.is_file()

    def verdict(self, code: int) -> Verdict:
        if code:
            return Status.FAILED, self.why(code)
        if not self.folder.result.is_file():
            text = "The program ended without an answer. `log {job}` shows what it printed."
            return Status.FAILED, Message("attempt.no_answer", text, job=self.row.id)
        try:
            return Status.SUCCEEDED, self.tool.outcome(self.home, self.job, self.folder)
        except (KeyError, TypeError, AttributeError):
            text = "{file} can't be read. `retry {job}` starts over."
            told = {"file": self.folder.result, "job": self.row.id}
            return Status.FAILED, Message("attempt.answer_unreadable", text, **told)

    def tidy(self, status: Status) -> None:
        if status is not Status.SUCCEEDED:
            return
        try:
            for note in after_measuring.settle(self.home, self.teller.store, self.job, self.folder):
                self.teller.tell(Note(note))
        except (BridgeError, OSError) as error:  # what was measured is kept all the same
            LOG.warning("job %s: %s", self.row.id, error)

    def stopped(self) -> Message:
        text = "Stopped. `resume {job}` continues with what is left."
        return Message("attempt.tool_stopped", text, job=self.row.id)

    def paused(self) -> Message:
        return Message("note.paused_tool", "Paused. It goes on by itself.")
