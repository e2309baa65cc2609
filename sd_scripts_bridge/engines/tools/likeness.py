"""The tool that measures likeness; see `likeness`."""

from __future__ import annotations

from pathlib import Path

from ...errors import Problem
from ...jobs import facts
from ...jobs.events import Event
from ...jobs.folder import JobFolder
from ...jobs.job import ToolJob
from ...likeness.measured import view
from ...messages import Message
from ...paths import Home
from ..base import Command
from ..own_programs import event_of
from .base import program


class LikenessTool:
    """See `base.Tool`."""

    name = "likeness"

    def check(self, home: Home) -> list[Problem]:
        del home  # the photos' distance needs no more than what runs this
        return []

    def command(self, home: Home, job: ToolJob, folder: JobFolder) -> Command:
        from ..embedded import EmbeddedEngine

        del job
        python = Path(EmbeddedEngine(home).python)
        return program(python, "engines.embedded.likeness.program", folder)

    def read(self, line: str) -> Event | None:
        return event_of(line)

    def outcome(self, home: Home, job: ToolJob, folder: JobFolder) -> str:
        del home, job
        told = view(facts.read(folder.result))
        if told.nearest is None:
            return told.sentence
        values = {"said": told.sentence, "near": told.nearest.sentence}
        if not told.measured:  # that is a whole sentence
            return Message("likeness.unmeasured", "{said} {near}", **values)
        return Message("likeness.outcome", "{said}. {near}", **values)
