"""What finished trainings keep, and how to free the rest."""

from __future__ import annotations

from ...page import tidying
from ...page.tidying import CleanView
from ..bodies.photos import CleanBody
from ..doors import Call
from ..queries import CleanQuery


def look(call: Call, query: CleanQuery) -> CleanView:
    """What finished trainings keep, and how much the rest takes."""
    return tidying.clean(call.context.the_bridge, query.keep, dry_run=True)


def free(call: Call, body: CleanBody) -> CleanView:
    """Free what finished trainings don't need, by the home's rule or by one that it gets now."""
    return tidying.clean(call.context.the_bridge, body.keep, dry_run=body.dry_run)
