"""Whether two pictures are the same photo, whatever was done to its file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...photos.measures import SIDE, Measures, measure
from ...photos.reading import PhotoUnreadable, glance


def measured(path: Path) -> Measures | None:
    """What the picture at ``path`` looks like; None where it can't be read."""
    try:
        return measure(glance(path, SIDE).pixels)
    except (PhotoUnreadable, OSError):
        return None


def any_copy(shown: Measures, others: Iterable[Measures | None]) -> bool:
    """Whether ``shown`` is the same photo as any of ``others``."""
    return any(other is not None and shown.is_copy_of(other) for other in others)
