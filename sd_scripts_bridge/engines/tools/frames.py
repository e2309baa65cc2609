"""Photos from a video as a tool; see `photos.video`."""

from __future__ import annotations

from ...errors import BridgeError, Problem
from ...jobs import facts
from ...jobs.events import Event
from ...jobs.folder import JobFolder
from ...jobs.job import ToolJob
from ...messages import Message
from ...paths import Home
from ...photos.printable import shown
from ...photos.video.request import FramesRequest
from ..base import Command
from ..embedded import EmbeddedEngine, libraries
from ..own_programs import event_of
from . import base


class FramesTool:
    """See `base.Tool`."""

    name = "frames"

    def check(self, home: Home) -> list[Problem]:
        python = EmbeddedEngine(home).python
        if libraries.has(python, "av"):
            return []
        text = "PyAV, which reads videos, is not installed in the training environment"
        remedy = 'Install it: "{python}" -m pip install av'
        return [Problem("frames.no_pyav", "frames", text, remedy, python=str(python))]

    def command(self, home: Home, job: ToolJob, folder: JobFolder) -> Command:  # noqa: ARG002
        python = EmbeddedEngine(home).python
        return base.program(python, "engines.tools.frames_program", folder)

    def read(self, line: str) -> Event | None:
        return event_of(line)

    def outcome(self, home: Home, job: ToolJob, folder: JobFolder) -> str:  # noqa: ARG002
        answer = facts.read(folder.result)
        said = Message.from_dict(answer["sentence"])
        if not answer.get("frames"):
            raise BridgeError(said)
        return said


def job_for(asked: FramesRequest) -> ToolJob:
    """The job that does it. Raises `Invalid`."""
    asked.check()
    label = Message(
        "frames.label",
        "{count} {count:frame|frames} of {video}",
        count=asked.count,
        video=shown(asked.video.name),
    )
    return ToolJob(FramesTool.name, label, asked.as_dict())
