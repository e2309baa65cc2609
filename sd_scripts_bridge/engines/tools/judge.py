"""The tool that draws a grid with our own sampler, where no WebUI does."""

from __future__ import annotations

from ...jobs.facts import read as read_json
from ...jobs.folder import JobFolder
from ...jobs.job import ToolJob
from ...messages import Message
from ...paths import Home
from .on_embedded import OnEmbedded


class JudgeTool(OnEmbedded):
    """See `base.Tool`."""

    name = "judge"
    module = "engines.embedded.sampling.grid_program"

    def outcome(self, home: Home, job: ToolJob, folder: JobFolder) -> str:
        del home, job
        told = read_json(folder.result)
        text = "{count} {count:picture|pictures} are drawn; the whole grid is {sheet}."
        return Message("judge.drawn", text, count=told["pictures"], sheet=told["sheet"])
