"""Reading the words of a command line: numbers, paths, verbs, and what to say of wrong ones."""

from __future__ import annotations

import argparse
import difflib
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from ..errors import mistyped
from ..jobs.job import RECOMMENDED
from ..paths import absolute
from .pages import PROGRAM

HIGHEST_JOB = 2**63 - 1
"""The highest number that SQLite gives a row."""
WIDEST = 100
"""Columns of a help page: longer lines are hard to read."""


class Usage(Exception):
    """The words can't be understood: ``sentence`` says why, ``usage`` how the verb is called."""

    def __init__(self, sentence: str, usage: str) -> None:
        self.sentence, self.usage = sentence, usage
        super().__init__(sentence)


class Pages(argparse.RawDescriptionHelpFormatter):
    """Help as wide as the terminal, up to `WIDEST`."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=columns())


class Parser(argparse.ArgumentParser):
    """Raises `Usage`, suggests the verb that was meant, and makes typed paths absolute."""

    def __init__(self, **words: Any) -> None:
        super().__init__(**words)
        self.register("type", Path, path)

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if isinstance(action, argparse._SubParsersAction) and value not in action.choices:
            remedy = meant(str(value), action.choices)
            raise argparse.ArgumentError(None, f"There is no verb {value!r}. {remedy}")
        super()._check_value(action, value)

    def error(self, message: str) -> NoReturn:
        if message.endswith("one argument"):
            message += " (write a value that begins with - like this: --name=-x)"
        raise Usage(message, self.format_usage())


def meant(word: str, verbs: Iterable[str]) -> str:
    """The verb that ``word`` resembles, as a question; else where they are listed."""
    near = difflib.get_close_matches(word, verbs, n=1)
    return f"Did you mean {near[0]}?" if near else f"`{PROGRAM} --help` lists them."


def columns() -> int:
    """How wide a help page may be here."""
    return max(50, min(WIDEST, shutil.get_terminal_size().columns - 2))


def job_number(text: str) -> int:
    """A job's number; raises `argparse.ArgumentTypeError` for what none can have."""
    if not text.isdecimal() or not 0 < int(text[:20]) <= HIGHEST_JOB:
        raise argparse.ArgumentTypeError(
            f"{mistyped(text, 40)} is not a job's number; `jobs` lists them"
        )
    return int(text)


def resolution(text: str) -> str:
    """A training's resolution, "512" or "512,768"."""
    from ..options.params import TrainingParams

    wrong = [
        problem
        for problem in TrainingParams(resolution=text).problems()
        if problem.where == "resolution"
    ]
    if wrong:
        raise argparse.ArgumentTypeError(wrong[0].what)
    return text


def count(text: str) -> int:
    """A number from 0 on."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{mistyped(text, 40)} is not a whole number")
    return int(text[:9])


def share(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return found


def step(text: str) -> int | str:
    """A saved step's number, or the word for the recommended one."""
    return text if text == RECOMMENDED else count(text)


def path(text: str) -> Path:
    """A path, absolute."""
    if not text.strip():
        raise argparse.ArgumentTypeError("an empty word is not a path")
    return absolute(text)


def whole_numbers(text: str) -> tuple[int, ...]:
    """ "450,900" as numbers. Raises ArgumentTypeError."""
    return tuple(int(number) for number in _parts(text, r"\d{1,9}"))


def numbers(text: str) -> tuple[float, ...]:
    """ "0.6,0.8,1" as numbers. Raises ArgumentTypeError."""
    return tuple(float(number) for number in _parts(text, r"\d{1,3}(\.\d{1,6})?|\.\d{1,6}"))


def _parts(text: str, form: str) -> list[str]:
    parts = [part for part in re.split(r"[,\s]+", text) if part]
    if not parts or not all(re.fullmatch(form, part) for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} are not numbers with commas between them")
    return parts
