"""The captioner as a tool; see `captioning`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from ...captioning.settings import Settings
from ...errors import BridgeError, Problem
from ...jobs import facts
from ...jobs.events import Event
from ...jobs.folder import JobFolder
from ...jobs.job import ToolJob
from ...messages import Message
from ...paths import Home
from .. import installed
from ..base import Command
from ..own_programs import event_of
from . import base


class CaptionTool:
    """See `base.Tool`."""

    name = "caption"

    def check(self, home: Home) -> list[Problem]:  # noqa: ARG002
        return []

    def command(self, home: Home, job: ToolJob, folder: JobFolder) -> Command:
        captioner = Settings.from_dict(job.settings).captioner
        python = Path(sys.executable)
        if captioner.kind == "folder":
            from ..embedded import EmbeddedEngine

            python = EmbeddedEngine(home).python
        return base.program(python, "captioning.program", folder)

    def read(self, line: str) -> Event | None:
        return event_of(line)

    def outcome(self, home: Home, job: ToolJob, folder: JobFolder) -> str:  # noqa: ARG002
        answer = facts.read(folder.result)
        said = Message.from_dict(answer["sentence"])
        if answer.get("broken"):
            raise BridgeError(said)
        return said


def job_for(home: Home, settings: Settings) -> ToolJob:
    """The job that does it, with sd-scripts' place where it is one of its own programs.

    Raises `BridgeError` where that isn't set up.
    """
    settings = _with_scripts(home, settings) if settings.captioner.is_script else settings
    label = Message(
        "caption.label",
        "captions by {name} for {count} {count:photo|photos}",
        name=settings.captioner.name,
        count=len(settings.photos),
    )
    return ToolJob(CaptionTool.name, label, settings.as_dict())


def _with_scripts(home: Home, settings: Settings) -> Settings:
    found = installed.program(home, "sd1")
    finetune = Path(found.script).parent / "finetune"
    if not (finetune / settings.captioner.where).is_file():
        raise BridgeError(
            "caption.no_scripts",
            "{script} is sd-scripts' own, and sd-scripts isn't set up. Run `sd-scripts-bridge "
            "setup`.",
            script=settings.captioner.where,
        )
    return replace(settings, finetune=str(finetune), python=found.python)
