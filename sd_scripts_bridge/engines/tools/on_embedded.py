"""What the tools have in common that run our embedded engine's models."""

from __future__ import annotations

from ...errors import Problem
from ...jobs.events import Event
from ...jobs.folder import JobFolder
from ...jobs.job import ToolJob
from ...paths import Home
from ..base import Command
from ..own_programs import event_of
from .base import program


class OnEmbedded:
    """A program of ours in the embedded engine's environment; its second word is the folder of the
    tokenizers, its third that of what is remembered across jobs. ``module``: see `base.program`.
    """

    module: str

    def check(self, home: Home) -> list[Problem]:
        from ..embedded import EmbeddedEngine

        return EmbeddedEngine(home).check()

    def command(self, home: Home, job: ToolJob, folder: JobFolder) -> Command:  # noqa: ARG002
        from ...datasets import caption_tokens
        from ..embedded import EmbeddedEngine

        caption_tokens.write_tokenizers(home.tokenizers)
        python = EmbeddedEngine(home).python
        return program(python, self.module, folder, str(home.tokenizers), str(home.kept))

    def read(self, line: str) -> Event | None:
        return event_of(line)
