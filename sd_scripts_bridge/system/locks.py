"""File locks: a held lock is the truth about who is alive.

The system frees it when its holder dies.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout


@contextmanager
def hold(path: Path, wait: float = 0.0) -> Iterator[bool]:
    """Hold the lock inside the block; yields False where somebody else still holds it after
    ``wait`` seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(str(path))
    try:
        lock.acquire(timeout=wait)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock now.

    Takes it for an instant, so a taker must `hold` with a little ``wait``.
    """
    if not path.exists():
        return False
    with hold(path) as mine:
        return not mine
