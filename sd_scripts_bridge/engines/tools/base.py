"""The seam for what isn't a training: a tool is a command, a reader of its lines, and an answer.

The program gets the job's folder. It reads ``job.json``, prints one JSON event a line
(`jobs.events`), keeps what is done so far in ``output/`` and goes on from there, looks for
`JobFolder.stop_request` and ends when it finds it, and writes its answer, ``result.json``, last.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ...errors import Problem
from ...jobs.events import Event
from ...jobs.folder import JobFolder
from ...jobs.job import ToolJob
from ...paths import Home
from ..base import Command, Traits
from ..own_programs import ENVIRONMENT, launcher

TRAITS = Traits(families=frozenset(), saves_on_request=True)
"""Every tool's: it ends by itself when it is asked, and keeps what is done."""


class Tool(Protocol):
    """Runs one kind of `ToolJob`. Light: a WebUI that lists jobs imports it."""

    name: str

    def check(self, home: Home) -> list[Problem]:
        """Why it can't run here, or nothing: ready. Never raises."""
        ...

    def command(self, home: Home, job: ToolJob, folder: JobFolder) -> Command:
        """The command that does ``job`` in ``folder``, or what is left of it."""
        ...

    def read(self, line: str) -> Event | None:
        """What a line of the program's output means; None: it is only log."""
        ...

    def outcome(self, home: Home, job: ToolJob, folder: JobFolder) -> str:
        """What to say of a program that ended with code 0 and wrote its answer.

        Raises `BridgeError` where that answer is none, KeyError, TypeError or AttributeError where
        it isn't what the program writes.
        """
        ...


def program(python: Path, module: str, folder: JobFolder, *words: str) -> Command:
    """``main()`` of our ``module`` ("engines.embedded.measuring.program") in ``python``: offline,
    in UTF-8, unbuffered, and without a WebUI's module path. Its first word is the job's folder.
    """
    argv = (str(python), "-c", launcher(module), str(folder.root), *words)
    return Command(argv, ENVIRONMENT, folder.root)
