"""Faces' vectors on the disk, by the content of their photos. May go at any time."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..system.files import mark
from .statistics import Floats
from .yardstick import Yardstick

VERSION = 1
"""Another one cut the faces out otherwise."""


class KeptVectors:
    """A file of JSON lines: by what they were measured, then a photo each. Another yardstick begins
    it anew; a disk that is full or not writable costs a second look.
    """

    def __init__(self, file: Path, by: Yardstick) -> None:
        self._file = file
        self._head = {"version": VERSION, "by": str(by.path), "mark": mark(by.path)}
        self.known: dict[str, Floats | None] = self._read()
        """By a photo's SHA-256; None: it shows no face."""

    def put(self, sha256: str, vector: Floats | None) -> None:
        """Keep it as it comes."""
        self.known[sha256] = vector
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"sha256": sha256, "vector": as_text(vector)}) + "\n")
        except OSError:
            return

    def _read(self) -> dict[str, Floats | None]:
        try:
            head, *lines = self._file.read_text(encoding="utf-8").splitlines() or [""]
            is_ours = json.loads(head) == self._head
        except (OSError, ValueError):
            is_ours, lines = False, []
        if not is_ours:
            self._begin()
        return dict(filter(None, map(_parsed, lines))) if is_ours else {}

    def _begin(self) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(self._head) + "\n", encoding="utf-8")
        except OSError:
            return


def as_text(vector: Floats | None) -> str | None:
    """A vector in a line of JSON."""
    return None if vector is None else base64.b64encode(vector.astype("<f4").tobytes()).decode()


def from_text(text: str | None) -> Floats | None:
    """The vector that `as_text` wrote. Raises ValueError."""
    return None if text is None else np.frombuffer(base64.b64decode(text), "<f4").astype("f8")


def _parsed(line: str) -> tuple[str, Floats | None] | None:
    """A line as we write it; None for a half one, which a kill leaves."""
    try:
        row: Mapping[str, str | None] = json.loads(line)
        return str(row["sha256"]), from_text(row["vector"])
    except (ValueError, KeyError, TypeError):
        return None
