"""What finished trainings keep, and how to free the rest."""

from __future__ import annotations

from typing import Any

from ...page import tidying
from ...page.shape import read
from ..bodies import CleanBody
from ..doors import Call


def look(call: Call) -> Any:
    """What finished trainings keep, and how much the rest takes; by another rule with ``keep``."""
    return tidying.clean(call.context.the_bridge, call.query.get("keep") or None, dry_run=True)


def free(call: Call) -> Any:
    """Free what finished trainings don't need, by the home's rule or by one that it gets now."""
    asked = read(CleanBody, call.body)
    return tidying.clean(call.context.the_bridge, asked.keep, dry_run=asked.dry_run)
