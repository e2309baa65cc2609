"""A program's log in a file that stays small. That it can't be written costs nothing."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from pathlib import Path

MOST_BYTES = 500_000
"""So large it may grow; the lines before lie in a file ``.1`` beside it then."""

FORMAT = "%(asctime)s %(levelname)s %(message)s"


def begin(path: Path) -> None:
    """Send what the package logs into ``path``."""
    handler = Bounded(path)
    handler.setFormatter(logging.Formatter(FORMAT))
    ours = logging.getLogger(__name__.partition(".")[0])
    ours.handlers[:] = [handler]
    ours.setLevel(logging.INFO)
    ours.propagate = False


class Bounded(logging.Handler):
    """Opens the file for each line: it may vanish, and another supervisor writes into it, too."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path, self._last = path, ""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message == self._last and not record.exc_info:
            return  # a full disk would be told four times a second
        # the disk may be full; a log that can't be written must not cost a training
        with contextlib.suppress(OSError):
            self._write(self.format(record).encode("utf-8", "replace") + b"\n")
            self._last = message

    def _write(self, line: bytes) -> None:
        make_room(self.path)
        with self.path.open("ab", buffering=0) as file:
            os.write(file.fileno(), line)


def make_room(path: Path) -> None:
    """Where the log has grown too large, go on with an empty one.

    Emptied and not renamed: other supervisors, and a program of ours that crashes, write into it.
    """
    with contextlib.suppress(OSError):
        if path.stat().st_size > MOST_BYTES:
            with contextlib.suppress(OSError):  # no room for the copy: go on without it
                shutil.copyfile(path, path.with_name(f"{path.name}.1"))
            os.truncate(path, 0)
