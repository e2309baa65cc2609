"""The shape of a verb's page."""

from __future__ import annotations

from typing import NamedTuple


class HelpPage(NamedTuple):
    """One verb's page. ``examples`` are words behind the program's name, each with its purpose."""

    text: str
    examples: tuple[tuple[str, str], ...]
    one: str = "a problem"
    """What exit code 1 means."""
