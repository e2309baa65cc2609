"""The words of a command line that calls a training script, as options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...options.kinds import LISTS
from ..settling.work import Given


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
        values = [value] if equals else []
        while not equals and position < len(words) and not words[position].startswith("--"):
            values.append(words[position])
            position += 1
        option = name.replace("-", "_")
        given.append(Given(option, _value(option, values), f"{prefix}--{name}"))
    return given, stray


def _value(option: str, values: list[str]) -> Any:
    if option in LISTS:
        return values
    if not values:
        return True
    return values[0] if len(values) == 1 else values
