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

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .messages import Message


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


_MISTYPED = re.compile(r"[\d.,:;+\-eExX%*/() ]*|[A-Za-z_ ]{1,12}|.{1,8}", re.DOTALL)
"""What people type for a number: one with a sign too many, a word, a few letters."""


def mistyped(value: Any, most: int = 80) -> Any:
    """``value`` as `short`, for a message that wants a number, or true or false.

    Other text than people type for one may be a password or a key in the wrong field, of whatever
    form: it is only counted, and never repeated.
    """
    if not isinstance(value, str) or _MISTYPED.fullmatch(value):
        return short(value, most)
    return Message(
        "errors.withheld", "a text of {count} {count:character|characters}", count=len(value)
    )


@dataclass(frozen=True, init=False)
class Problem:
    """One thing that is wrong: where, what (with the offending value), and what to do about it.

    ``where`` is the field, option or file that the page can mark; ``values`` fill the places of
    both texts. ``Problem("name.long", "name", "has {count} letters", "Use {most}.", count=80,
    ...)``
    """

    code: str
    where: str
    what: str
    remedy: str

    def __init__(
        self, code: str, where: str, what: str, remedy: str = "", /, **values: Any
    ) -> None:
        said = what if isinstance(what, Message) else Message(code, what, **values)
        todo = remedy
        if remedy and not isinstance(remedy, Message):
            todo = Message(f"{code}.remedy", remedy, **values)
        for name, value in (("code", code), ("where", where), ("what", said), ("remedy", todo)):
            object.__setattr__(self, name, value)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Problem:
        """The problem that `as_dict` described. Raises KeyError for other data."""
        code, values = str(data["code"]), data["values"]
        what = Message.stored(code, str(data["what"]), values)
        remedy = Message.stored(f"{code}.remedy", str(data["remedy"]), values)
        return cls(code, str(data["where"]), what, remedy)

    def at(self, where: str) -> Problem:
        """The same problem of another field."""
        return Problem(self.code, where, self.what, self.remedy)

    @property
    def sentence(self) -> Message:
        """Where, what and remedy as one message."""
        end = "" if self.what.endswith((".", "!", "?")) else "."
        text = "{where}: {what}" if self.where else "{what}"
        text += end + (" {remedy}" if self.remedy else "")
        return Message("problem", text, where=self.where, what=self.what, remedy=self.remedy)

    def __str__(self) -> str:
        return str(self.sentence)

    def as_dict(self) -> dict[str, Any]:
        """As REST and ``--json`` tell it: code, where, what, remedy, text, values."""
        values = self.what.as_dict()["values"] if isinstance(self.what, Message) else {}
        told = {"code": self.code, "where": self.where, "what": self.what, "remedy": self.remedy}
        return {**told, "text": self.sentence, "values": values}


class BridgeError(Exception):
    """Something went wrong that the user can act on; ``message`` is the sentence to show.

    ``BridgeError("job.is_over", "Job {job} is over.", job=7)``, or with a `Message` that is there.
    """

    def __init__(self, code: str, text: str = "", /, **values: Any) -> None:
        if not text and not isinstance(code, Message):
            raise TypeError(f"a message needs a code and a text: {code!r}")
        self.message = code if isinstance(code, Message) else Message(code, text, **values)
        super().__init__(str(self.message))


def all_said(problems: Sequence[Problem]) -> Message:
    """All problems as one message, one on a line."""
    text = "\n".join(f"{{part{number + 1}}}" for number in range(len(problems)))
    parts = {f"part{n}": problem.sentence for n, problem in enumerate(problems, 1)}
    return Message("problems", text, **parts)


class _WithProblems(BridgeError):
    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(all_said(problems))


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
        said = iter([output]) if isinstance(output, Message) else _last_words(output)
        super().__init__(
            "command.failed",
            "{program} exited with code {code}: {last}",
            program=repr(argv[0]),
            code=code,
            last=next(said, Message("command.silent", "it printed nothing")),
        )


def _last_words(output: str) -> Iterator[str]:
    return (line.strip() for line in reversed(output.splitlines()) if line.strip())


class TrainingFailed(BridgeError):
    """Training ended without a usable LoRA."""


class PublishRefused(BridgeError):
    """The file can't be published as a LoRA."""
