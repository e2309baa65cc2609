"""Every error that a user can meet.

BridgeError                one sentence for the user, exit code 1
├── Invalid                input that can't be used; carries *all* the problems found
├── EngineNotReady         the engine's program or environment is missing; carries the problems
├── NotFound               no such job, file or folder
├── Conflict               the request doesn't fit the present state (stop a finished job, a name
taken)
├── CommandFailed          a program that we started ended badly; carries command, code and output
├── TrainingFailed         training ended, but not with a usable LoRA
└── PublishRefused         the finished file can't go into the Lora folder
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


def short(value: Any, most: int = 80) -> str:
    """``value`` quoted for a message, cut in its middle: somebody may have given a number of a
    thousand digits.
    """
    text = (
        repr(value)
        if not isinstance(value, int) or abs(value) < 10**most
        else f"a number of more than {most} digits"
    )
    return text if len(text) <= most else f"{text[: most // 2]}...{text[-most // 4 :]}"


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, what (with the offending value), and what to do about it."""

    where: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        sentence = f"{self.where}: {self.what}" if self.where else self.what
        if not sentence.endswith((".", "!", "?")):
            sentence += "."
        return f"{sentence} {self.remedy}".rstrip()


class BridgeError(Exception):
    """Something went wrong that the user can act on; ``str()`` is the sentence to show."""


class _WithProblems(BridgeError):
    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Invalid(_WithProblems):
    """The input can't be used, for every reason in ``problems``."""


class EngineNotReady(_WithProblems):
    """The engine can't train on this machine yet, for every reason in ``problems``."""


class NotFound(BridgeError):
    """There is no such thing."""


class Conflict(BridgeError):
    """The request doesn't fit the present state."""


class CommandFailed(BridgeError):
    """A program that we started ended with a code other than 0."""

    def __init__(self, argv: Sequence[str], code: int, output: str) -> None:
        self.argv, self.code, self.output = tuple(argv), code, output
        last = next(
            (line for line in reversed(output.splitlines()) if line.strip()), "it printed nothing"
        )
        super().__init__(f"{argv[0]!r} exited with code {code}: {last.strip()}")


class TrainingFailed(BridgeError):
    """Training ended without a usable LoRA."""


class PublishRefused(BridgeError):
    """The file can't be published as a LoRA."""
