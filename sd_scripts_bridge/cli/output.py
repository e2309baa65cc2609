"""How the command line answers: lines for people, JSON for programs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

OK, PROBLEM, USAGE, DEFECT, INTERRUPTED = 0, 1, 2, 3, 130
"""The exit codes."""


def show(options: argparse.Namespace, data: Any, lines: Sequence[str]) -> None:
    """``data`` with --json, else ``lines``."""
    if options.json:
        print(json.dumps(data, ensure_ascii=False))
        return
    for line in lines:
        print(line)
