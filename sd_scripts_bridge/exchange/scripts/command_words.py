"""The words of a command line that calls a training script, as options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...options.kinds import LISTS
from ...options.known import parsers
from ..settling.work import Given, Unread


def read(words: Sequence[str], prefix: str = "") -> tuple[list[Given], list[str]]:
    """(the options, words that belong to none).

    ``prefix`` is where the words stand, for the report.
    """
    given: list[Given] = []
    stray: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if not word.startswith("--") or word == "--":
            stray.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        option = name.replace("-", "_")
        values = [Unread(value) if isinstance(word, Unread) else value] if equals else []
        most = 0 if equals else _most(option)
        while len(values) < most and position < len(words) and not words[position].startswith("--"):
            values.append(words[position])
            position += 1
        given.append(Given(option, _value(option, values), f"{prefix}--{name}"))
    return given, stray


def _most(option: str) -> int:
    """How many words the option takes: a switch none, a list any number, others one."""
    spec = parsers.anywhere().get(option)
    if spec is None or option in LISTS or spec["nargs"] in ("*", "+"):
        return 10_000
    return 0 if spec["flag"] else 1


def _value(option: str, values: list[str]) -> Any:
    if option in LISTS:
        return values
    if not values:
        return True
    return values[0] if len(values) == 1 else values
