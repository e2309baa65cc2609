"""The tool that draws a grid with our own sampler, where no WebUI does."""

from __future__ import annotations

from ...errors import Problem
from ...jobs.events import Event
from ...jobs.facts import read as read_json
from ...jobs.folder import JobFolder
from ...jobs.job import ToolJob
from ...messages import Message
from ...paths import Home
from ..base import Command
from .base import event_of, program


class JudgeTool:
    """See `base.Tool`."""

    name = "judge"

    def check(self, home: Home) -> list[Problem]:
        from ..embedded import EmbeddedEngine

        return EmbeddedEngine(home).check()

    def command(self, home: Home, job: ToolJob, folder: JobFolder) -> Command:
        from ...datasets import caption_tokens
        from ..embedded import EmbeddedEngine

        del job
        caption_tokens.write_tokenizers(home.tokenizers)
        python, module = EmbeddedEngine(home).python, "engines.embedded.sampling.grid_program"
        return program(python, module, folder, str(home.tokenizers))

    def read(self, line: str) -> Event | None:
        return event_of(line)

    def outcome(self, home: Home, job: ToolJob, folder: JobFolder) -> str:
        del home, job
        told = read_json(folder.result)
        text = "{count} {count:picture|pictures} are drawn; the whole grid is {sheet}."
        return Message("judge.drawn", text, count=told["pictures"], sheet=told["sheet"])
