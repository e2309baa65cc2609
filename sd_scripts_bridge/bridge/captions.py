"""What is asked of captions: written by a captioner, listed, changed many at once."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..captioning.endpoint.handover import Handover
from ..paths import Home
from .jobs import JobVerbs

if TYPE_CHECKING:
    from ..captioning.request import CaptionRequest
    from ..captioning.settings import Settings
    from ..datasets.captions.files import CaptionFolder


class CaptionVerbs(JobVerbs):
    """Verbs for captions. A server's key is held here as long as we live, and written nowhere."""

    def __init__(self, home: Home) -> None:
        super().__init__(home)
        self._held: list[Handover] = []

    def caption(self, asked: CaptionRequest, key: str = "") -> int:
        """Queue the captioner that writes captions beside photos, or into a dataset; returns the
        job's number. ``key``: an endpoint's, else that in its environment variable; it is held in
        memory. Raises `Invalid`.
        """
        return self.run_captioner(asked.settings(), key)

    def run_captioner(self, settings: Settings, key: str = "") -> int:
        """Queue a captioner whose settings are made. Raises `BridgeError`."""
        from ..engines.tools.caption import job_for

        key = key or os.environ.get(settings.captioner.key_variable or "-", "").strip()
        if settings.captioner.kind == "endpoint" and key:
            held = Handover(key)
            self._held.append(held)
            settings = replace(settings, key_held=held.place)
        return self.run_tool(job_for(self.home, settings))

    def captions(self, folder: Path) -> CaptionFolder:
        """The captions of a folder that `write_dataset` made: listed, counted, changed, undone.

        Raises `Invalid` or `Conflict`.
        """
        from ..datasets.captions.files import CaptionFolder

        return CaptionFolder.at(folder)
