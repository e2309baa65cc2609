"""The headers of many photos: read a few at a time, added up as they come, kept for the next time.

Nothing but the sums stays in memory, however many files there are.
"""

from __future__ import annotations

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from ...system.files import mark
from .header import PhotoHeader, read_header
from .kept import KeptHeaders, Row

Progress = Callable[[int, int], None]

TOGETHER = 200
"""So many files are read, kept and told of at a time."""
WORKERS = min(4, os.cpu_count() or 1)
SMALLEST_SIDE = 32
"""Below it a photo can't be trained."""


@dataclass
class Headers:
    """What the headers of a set say, added up."""

    files: int = 0
    known: int = 0
    """Kept from an earlier scan; nobody opened these files."""
    formats: Counter[str] = field(default_factory=Counter)
    """Of the pictures."""
    sizes: Counter[tuple[int, int]] = field(default_factory=Counter)
    """Upright, of those whose header says one."""
    no_pictures: int = 0
    turned: int = 0
    """Pictures that have to be turned or mirrored to be upright."""
    seconds: float = 0.0

    @property
    def pictures(self) -> int:
        return self.formats.total()

    @property
    def too_small(self) -> int:
        """Pictures that are too small to train."""
        return sum(count for size, count in self.sizes.items() if min(size) < SMALLEST_SIDE)

    def add(self, header: PhotoHeader) -> None:
        """Count one more."""
        self.files += 1
        if not header.is_picture:
            self.no_pictures += 1
            return
        self.formats[header.kind] += 1
        self.turned += header.orientation > 1
        if header.width and header.height:
            self.sizes[header.upright] += 1


def scan(
    files: Sequence[Path], progress: Progress | None = None, kept: KeptHeaders | None = None
) -> Headers:
    """Read the header of every file whose size or time isn't as ``kept`` knows it."""
    begin, found = time.monotonic(), Headers()
    for rows, fresh in _in_order(files, kept):
        for _, _, header in rows:
            found.add(header)
        found.known += len(rows) - len(fresh)
        if kept:
            kept.put(fresh)
        if progress:
            progress(found.files, len(files))
    found.seconds = time.monotonic() - begin
    return found


Rows = list[Row]


def _in_order(files: Sequence[Path], kept: KeptHeaders | None) -> Iterator[tuple[Rows, Rows]]:
    """(the next rows, those of them that had to be read)."""
    pool = ThreadPoolExecutor(max_workers=WORKERS)
    waiting: deque[Future[tuple[Rows, Rows]]] = deque()
    try:
        for begin in range(0, len(files), TOGETHER):
            waiting.append(pool.submit(_read, files[begin : begin + TOGETHER], kept))
            if len(waiting) == 2 * WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _read(files: Sequence[Path], kept: KeptHeaders | None) -> tuple[Rows, Rows]:
    rows: Rows = []
    fresh: Rows = []
    for path in files:
        seen = mark(path)
        header = kept.get(path, seen) if kept else None
        row = (path, seen, header or read_header(path))
        rows.append(row)
        if header is None:
            fresh.append(row)
    return rows, fresh
