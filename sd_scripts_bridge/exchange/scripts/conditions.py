"""The conditions of a script's ``if``: true, false, or not told by the script's own text."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from ..settling.work import Unread

Answer = bool | None
T = TypeVar("T")


def bash(words: Sequence[str]) -> Answer:
    """``[ a = b ]``, ``[[ $x ]]``, ``test -n x``; None for anything else."""
    words = [word for word in words if word not in ("[", "]", "[[", "]]", "test")]
    if "(" in words:
        return None  # what belongs together is not followed
    for joint, together in (("||", any), ("-o", any), ("&&", all), ("-a", all)):
        if joint in words:
            return _joined([bash(part) for part in _parts(words, joint)], together)
    if words and words[0] == "!":
        return _not(bash(words[1:]))
    if not words:
        return False
    if any(isinstance(word, Unread) for word in words):
        return None
    if len(words) == 1:
        return bool(words[0]) and words[0] not in ("false",)
    if len(words) == 2:
        return {"-n": bool(words[1]), "-z": not words[1]}.get(words[0])
    return _compared(words, _BASH) if len(words) == 3 else None


def powershell(words: Sequence[str]) -> Answer:
    """``$x -eq 1``, ``$x``, ``-not $x``, with ``-and`` and ``-or``; None for anything else."""
    words = [word for word in words if word not in ("(", ")")]
    lower = [word.lower() for word in words]
    for joint, together in (("-or", any), ("-and", all)):
        if joint in lower:
            return _joined([powershell(part) for part in _parts(words, joint)], together)
    if lower and lower[0] in ("-not", "!"):
        return _not(powershell(words[1:]))
    if not words:
        return False
    if any(isinstance(word, Unread) for word in words):
        return None
    if len(words) == 1:
        return words[0].lower() not in ("", "0", "false", "$false", "$null")
    return _compared(words, _POWERSHELL) if len(words) == 3 else None


def batch(words: Sequence[str]) -> Answer:
    """``"a"=="b"``, ``a equ b``, ``defined x`` (told by its caller), each after ``not``."""
    words = [word for word in words if word.lower() != "/i"]
    if words and words[0].lower() == "not":
        return _not(batch(words[1:]))
    if any(isinstance(word, Unread) for word in words):
        return None
    if len(words) == 1 and "==" in words[0]:
        left, _, right = words[0].partition("==")
        return left == right
    words = ["==" if word == "==" else word for word in words]
    return _compared(words, _BATCH) if len(words) == 3 else None


# ---- parts ----


def _parts(words: Sequence[str], joint: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word.lower() == joint:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _joined(answers: Sequence[Answer], together: Callable[[list[bool]], bool]) -> Answer:
    known = [answer for answer in answers if answer is not None]
    found = together(known)
    settles = (together is any) == found
    return found if len(known) == len(answers) or settles else None


def fits(text: str, pattern: str) -> bool:
    """Whether a shell's pattern (``*``, ``?``, ``[ab]``) means ``text``."""
    return text == pattern or fnmatch.fnmatchcase(text, pattern)


def _not(answer: Answer) -> Answer:
    return None if answer is None else not answer


Comparison = Callable[[str, str], bool]


def _by_number(compare: Callable[[float, float], bool]) -> Comparison:
    def compared(left: str, right: str) -> bool:
        return compare(float(left), float(right))

    return compared


def _same(left: str, right: str) -> bool:
    try:
        return float(left) == float(right)
    except ValueError:
        return left.lower() == right.lower()


def _compared(words: Sequence[str], comparisons: Mapping[str, Comparison]) -> Answer:
    compare = comparisons.get(words[1].lower())
    try:
        return compare(words[0], words[2]) if compare else None
    except ValueError:  # no number
        return None


_NUMBERS: Mapping[str, Comparison] = {
    "-gt": _by_number(lambda a, b: a > b),
    "-ge": _by_number(lambda a, b: a >= b),
    "-lt": _by_number(lambda a, b: a < b),
    "-le": _by_number(lambda a, b: a <= b),
}
_BASH: Mapping[str, Comparison] = {
    "=": fits,
    "==": fits,
    "!=": lambda a, b: not fits(a, b),
    "-eq": _by_number(lambda a, b: a == b),
    "-ne": _by_number(lambda a, b: a != b),
    **_NUMBERS,
}
_POWERSHELL: Mapping[str, Comparison] = {
    "-eq": _same,
    "-ne": lambda a, b: not _same(a, b),
    **_NUMBERS,
}
_BATCH: Mapping[str, Comparison] = {
    "==": lambda a, b: a == b,
    "equ": _same,
    "neq": lambda a, b: not _same(a, b),
}
