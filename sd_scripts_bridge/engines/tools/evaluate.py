"""The tool that measures saved LoRAs on photos that they weren't trained on."""

from __future__ import annotations

from ...jobs.facts import read as read_json
from ...jobs.folder import JobFolder
from ...jobs.job import ToolJob
from ...messages import Message
from ...paths import Home
from .on_embedded import OnEmbedded


class EvaluateTool(OnEmbedded):
    """See `base.Tool`."""

    name = "evaluate"
    module = "engines.embedded.measuring.program"

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
