"""How the command line answers: lines for people, JSON for programs."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..errors import BridgeError, Problem
from ..shapes.plain import plain

OK, PROBLEM, USAGE, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130
"""The exit codes."""


def show(options: argparse.Namespace, data: Any, lines: Sequence[str]) -> None:
    """``data`` with --json, shapes in it too, else ``lines``."""
    if options.json:
        print(json.dumps(plain(data), ensure_ascii=False))
        return
    for line in lines:
        print(line)


def refuse(error: BridgeError | str, *, as_json: bool, code: int = PROBLEM) -> int:
    """Say what is wrong: sentences on stderr, or REST's error object on stdout;
    returns ``code``.
    """
    if as_json:
        print(json.dumps(error_dict(error), ensure_ascii=False))
    else:
        print(error, file=sys.stderr)
    return code


def error_dict(error: BridgeError | str) -> dict[str, Any]:
    """The same shape that REST answers with (docs/rest.md)."""
    problems: Sequence[Problem] = getattr(error, "problems", ())
    sentences = [str(problem) for problem in problems] or [str(error)]
    told = {"sentences": sentences, "problems": [problem.as_dict() for problem in problems]}
    return {"error": told}


def counted(number: int, one: str, many: str | None = None) -> str:
    """ "1 photo", "2 photos"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def counter(what: str, options: argparse.Namespace) -> Callable[[int, int], None]:
    """Counts on stderr, once a second, where somebody watches."""
    last = time.monotonic()

    def advance(done: int, total: int) -> None:
        nonlocal last
        if options.json or not sys.stderr.isatty() or time.monotonic() - last < 1:
            return
        last = time.monotonic()
        print(
            f"\r{done} of {total} {what}\x1b[K",
            end="" if done < total else "\n",
            file=sys.stderr,
            flush=True,
        )

    return advance
