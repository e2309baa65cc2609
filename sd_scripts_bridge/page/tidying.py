"""What finished trainings keep and what could be freed: as the page and `clean --json` tell it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from ..bridge import Bridge
from ..jobs.folder import KEEP
from ..messages import Message
from ..planning.cleaning import Cleaned
from ..planning.preflight import size
from ..running.keeping import Freed


@dataclass(frozen=True)
class KeepRule:
    """What may be kept of a finished training."""

    name: str
    text: str


@dataclass(frozen=True)
class CleanView:
    """What is freed by a rule, or would be."""

    keep: Annotated[str, "the home's rule, one of those in rules"]
    rules: Annotated[Sequence[KeepRule], "from the one that keeps most to the one that keeps least"]
    freed: Annotated[Sequence[Freed], "what each job gives back"]
    copies: Annotated[Cleaned, "clean copies of photo folders that no job on the list trains"]
    bytes: Annotated[int, "all together"]
    sentence: str
    dry_run: Annotated[bool, "true: nothing was freed yet"]


def clean(bridge: Bridge, keep: str | None = None, *, dry_run: bool = False) -> CleanView:
    """Free what isn't needed, by the home's rule or by ``keep``, which becomes it; with
    ``dry_run`` only say how much. Raises `Invalid` for an unknown rule.
    """
    freed = bridge.clean(keep, only_look=dry_run)
    copies = bridge.free_copies(dry_run=dry_run)
    total = sum(found.bytes for found in freed) + copies.bytes
    return CleanView(
        keep=bridge.keeps(),
        rules=[KeepRule(name, text) for name, text in KEEP.items()],
        freed=freed,
        copies=copies,
        bytes=total,
        sentence=_said(total, bool(freed), dry_run),
        dry_run=dry_run,
    )


def _said(total: int, any_files: bool, dry_run: bool) -> Message:
    if not total and not any_files:
        return Message("clean.nothing", "There is nothing to free.")
    if dry_run:
        return Message("clean.would", "{size} can be freed.", size=size(total))
    return Message("clean.freed", "{size} freed.", size=size(total))
