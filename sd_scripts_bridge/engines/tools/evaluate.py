"""The tool that measures saved LoRAs on photos that they weren't trained on."""

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


class EvaluateTool:
    """See `base.Tool`."""

    name = "evaluate"

    def check(self, home: Home) -> list[Problem]:
        from ..embedded import EmbeddedEngine

        return EmbeddedEngine(home).check()

    def command(self, home: Home, job: ToolJob, folder: JobFolder) -> Command:
        from ...datasets import caption_tokens
        from ..embedded import EmbeddedEngine

        del job
        caption_tokens.write_tokenizers(home.tokenizers)
        python, module = EmbeddedEngine(home).python, "engines.embedded.measuring.program"
        return program(python, module, folder, str(home.tokenizers))

    def read(self, line: str) -> Event | None:
        return event_of(line)

    def outcome(self, home: Home, job: ToolJob, folder: JobFolder) -> str:
        del home, job
        told = read_json(folder.result)
        saves = [point for point in told["curve"] if point["step"] > 0]
        if len(saves) < 2 and told["curve"]:
            last = told["curve"][-1]
            text = "Held-out loss {loss} ± {error}."
            loss, error = f"{last['held_out']:.4f}", f"{last['error']:.4f}"
            return Message("evaluate.one", text, loss=loss, error=error)
        return str(told["reason"])
