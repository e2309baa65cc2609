"""Headers on the disk, each good as long as its file keeps its size and its time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

from .header import PhotoHeader

VERSION = 1
"""Another one read otherwise: what it kept is read again."""
Row = tuple[Path, str, PhotoHeader]
"""A file, its `mark` when it was read, and what its header said."""


class KeptHeaders:
    """A file of JSON lines, written as the headers come, so that a scan can be broken off.

    A disk that is full or not writable costs a second reading later, and nothing else.
    """

    def __init__(self, file: Path) -> None:
        self._path, self._known = file, _known(file)
        self._file = self._opened()

    def get(self, path: Path, mark: str) -> PhotoHeader | None:
        """What is known of ``path``; None where that is nothing, or its mark is another now."""
        line = self._known.get(str(path), "")
        if not line.startswith(f'["{mark}"'):
            return None
        try:
            _, _, kind, width, height, orientation = json.loads(line)
            return PhotoHeader(str(kind), int(width), int(height), int(orientation))
        except (ValueError, TypeError):
            return None

    def put(self, rows: Iterable[Row]) -> None:
        """Keep them."""
        lines = [json.dumps([mark, str(path), *header]) + "\n" for path, mark, header in rows]
        try:
            if self._file:
                self._file.write("".join(lines))
                self._file.flush()
        except OSError:
            self._file = None

    def close(self) -> None:
        """Let go of the file."""
        if self._file:
            self._file.close()

    def _opened(self) -> IO[str] | None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a" if self._known else "w", encoding="utf-8")
            file.write(
                "\n" if self._known else _HEAD
            )  # "\n": after half a line, which a kill leaves
        except OSError:
            return None
        return file


_HEAD = json.dumps({"version": VERSION}) + "\n"


def _known(file: Path) -> dict[str, str]:
    """Each path's newest line; nothing where another version wrote them."""
    found: dict[str, str] = {}
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            if lines.readline() != _HEAD:
                return {}
            for line in lines:
                if path := _path_in(line):
                    found[path] = line
    except OSError:
        return {}
    return found


def _path_in(line: str) -> str | None:
    """None for half a line and an empty one."""
    try:
        row: Sequence[object] = json.loads(line)
        return str(row[1])
    except (ValueError, IndexError, TypeError, KeyError):
        return None
