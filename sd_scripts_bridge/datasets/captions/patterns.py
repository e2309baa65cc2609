"""A user's regular expression over many captions, in a process of its own: some take longer than
anybody waits, and while Python is inside one, nothing else of its process goes on.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Sequence

from ...errors import Invalid, Problem, short
from ...system.conversation import Conversation

SECONDS = 10.0
"""For all captions; 5,000 take a tenth of one."""
LONGEST = 500
"""Characters of a pattern."""

_PROGRAM = """
import json, re, sys
pattern, by = map(json.loads, (sys.stdin.readline(), sys.stdin.readline()))
pattern = re.compile(pattern)
for line in sys.stdin:
    print(json.dumps(pattern.sub(by, json.loads(line))[:40_000]))
"""


def problem(pattern: str, by: str) -> Problem | None:
    """Why ``pattern``, or ``by`` what it is to be replaced, isn't one of Python's `re`."""
    values = {"pattern": short(pattern)}
    if len(pattern) > LONGEST:
        text = "{pattern} is longer than {most} characters"
        return Problem("captions.long_pattern", "text", text, most=LONGEST, **values)
    try:
        re.compile(pattern).sub(by, "")
    except (re.error, IndexError, OverflowError, RecursionError) as error:
        text = "{pattern} is not a valid regular expression: {error}"
        return Problem("captions.no_pattern", "text", text, error=str(error), **values)
    return None


def substituted(pattern: str, by: str, captions: Sequence[str]) -> list[str]:
    """``by`` for what ``pattern`` finds in each caption. Raises `Invalid` where that takes more
    than `SECONDS`.
    """
    found: list[str] = []
    end = time.monotonic() + SECONDS
    lines = [json.dumps(text) for text in (pattern, by, *captions)]
    with Conversation([sys.executable, "-I", "-S", "-c", _PROGRAM], lines) as talk:
        for line in talk.answers():
            if line is not None:
                found.append(json.loads(line))
            elif time.monotonic() > end:
                break
    if len(found) == len(captions):
        return found
    text = "{pattern} takes too long on these captions"
    remedy = "Avoid a repeat inside a repeat, as in (a+)+."
    problem = Problem("captions.runaway_pattern", "text", text, remedy, pattern=short(pattern))
    raise Invalid([problem])
