"""What no job needs any more: said, and freed."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from ..datasets import copies
from ..jobs.store import JobRow, Store
from ..messages import Message
from ..paths import Home
from .preflight import size


@dataclass(frozen=True)
class Cleaned:
    """``lines`` name each thing that went, or would go; ``bytes`` is what they take together."""

    lines: tuple[str, ...]
    bytes: int
    dry_run: bool = False

    @property
    def sentence(self) -> str:
        if not self.bytes:
            return Message("cleaning.nothing", "Nothing is kept that no job needs.")
        if self.dry_run:
            return Message("cleaning.would", "{size} would be freed.", size=size(self.bytes))
        return Message("cleaning.freed", "{size} freed.", size=size(self.bytes))


def clean(home: Home, store: Store, *, dry_run: bool = False) -> Cleaned:
    """Free the clean copies of photos that no job in the queue or its history trains.

    Only copies of folders that people keep themselves go; the originals stay where they are.
    """
    needed = [text for row in store.jobs() if (text := _dataset(row))]
    lines, freed = [], 0
    for copy in copies.unused(home.datasets, needed):
        if not dry_run:
            shutil.rmtree(copy.folder, ignore_errors=True)
        if dry_run or not copy.folder.exists():
            lines.append(_line(copy))
            freed += copy.bytes
    return Cleaned(tuple(lines), freed, dry_run)


def _line(copy: copies.Copy) -> str:
    return Message(
        "cleaning.copies",
        "{folder}: clean copies of {source}, {size}.",
        folder=str(copy.folder),
        source=str(Path(copy.source[0]).parent) if copy.source else "a folder",
        size=size(copy.bytes),
    )


def _dataset(row: JobRow) -> str:
    """What the job trains, read from its text: another version's job needs its photos, too. What
    finds a training's step holds that training in its settings.
    """
    try:
        data = json.loads(row.spec)
        data = data.get("settings", {}).get("job", data)
        return str(data.get("dataset", ""))
    except (ValueError, AttributeError):
        return ""
