"""`captions.jsonl` of a job: what has been said of each photo, a line as soon as it is said.

A run that was killed goes on from it; a line that was cut off is not there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from .said import Said

NAME = "captions.jsonl"


class Book:
    """One job's."""

    def __init__(self, folder: Path, by: str) -> None:
        self.path, self.by = folder / NAME, by

    def add(self, said: Said) -> None:
        """Write one line, whole: behind what a kill has left of another it begins anew."""
        line = json.dumps(said.as_dict(self.by), ensure_ascii=False) + "\n"
        with self.path.open("a+b") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else "\n" + line
            file.write(line.encode("utf-8", "surrogateescape"))

    def said(self) -> dict[Path, Said]:
        """The last word on each photo."""
        return {one.file: one for one, _ in read(self.path)}


def read(path: Path, start: int = 0) -> Iterator[tuple[Said, int]]:
    """Each whole line from the byte ``start`` on, with the byte where it ends."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        file.seek(start)
        for raw in file:
            if not raw.endswith(b"\n"):
                return
            start += len(raw)
            try:
                said = Said.from_dict(json.loads(raw.decode("utf-8", "surrogateescape")))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
            yield said, start
