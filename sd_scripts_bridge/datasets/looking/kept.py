"""Findings on the disk, each good as long as its photo and its caption stay as they are."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, astuple
from pathlib import Path
from typing import IO, Any

import numpy as np

from ...messages import Message
from ...photos.faces import Box
from ...photos.measures import Measures
from ...photos.reading import Photo
from .findings import Finding, marks

VERSION = 6
"""Another one measured otherwise: what it found is looked at again."""


class KeptFindings:
    """A file of JSON lines: who looked, then one finding each, written as they come.

    Only where each line begins is kept in memory. A disk that is full or not writable costs a
    second look later, and nothing else. ``found``: how often `get` knew the answer.
    """

    def __init__(self, file: Path, looked_by: str) -> None:
        self._path, self._lock = file, threading.Lock()
        self.found = 0
        self._at: dict[str, int] = {}
        self._head = {"version": VERSION, "faces": looked_by}
        self._file = self._opened()

    def get(self, path: Path) -> Finding | None:
        """What is known of ``path``; None where that is nothing, or the file has changed since."""
        if str(path) not in self._at:
            return None
        with self._lock:
            row = self._row_at(self._at[str(path)])
        if row is None or (row["mark"], row["captions"]) != marks(path):
            return None
        try:
            finding = from_row(row)
        except (ValueError, KeyError, TypeError):
            return None
        with self._lock:
            self.found += 1
        return finding

    def put(self, finding: Finding, seen: tuple[str, str]) -> None:
        """Keep ``finding``, true of files with the marks ``seen``; from any thread."""
        row = {"mark": seen[0], "captions": seen[1], **as_row(finding)}
        line = json.dumps(row).encode() + b"\n"
        with self._lock:
            try:
                if self._file:
                    self._at[str(finding.path)] = self._file.seek(0, os.SEEK_END)
                    self._file.write(line)
            except OSError:
                self._file = None

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._file:
                self._file.close()

    def _opened(self) -> IO[bytes] | None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = self._path.open("a+b", buffering=0)
            if not self._index(file):
                file.truncate(0)
                file.write(json.dumps(self._head).encode() + b"\n")
        except OSError:
            return None
        return file

    def _index(self, file: IO[bytes]) -> bool:
        """Find where each line begins; False where another version or detector has written them."""
        file.seek(0)
        with open(file.fileno(), "rb", closefd=False) as lines:  # a second, buffered view
            at = len(head := lines.readline())
            if _parsed(head) != self._head:
                return False
            for line in lines:
                row = _parsed(line)
                if row and "path" in row:
                    self._at[row["path"]] = at
                at += len(line)
        return True

    def _row_at(self, at: int) -> dict[str, Any] | None:
        if self._file is None:
            return None
        try:
            self._file.seek(at)
            with open(self._file.fileno(), "rb", closefd=False) as lines:  # as above
                return _parsed(lines.readline())
        except OSError:
            return None


def _parsed(line: bytes) -> dict[str, Any] | None:
    """A line as we write it; None for a half one, which a kill leaves."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


def as_row(finding: Finding) -> dict[str, Any]:
    """``finding`` as plain data."""
    row: dict[str, Any] = {
        "path": str(finding.path),
        "reason": _kept(finding.reason),
        "sha256": finding.sha256,
    }
    row["faces"] = None if finding.faces is None else [astuple(face) for face in finding.faces]
    row |= {"face_sharpness": finding.face_sharpness, "lies": finding.lies}
    if finding.photo:
        row |= {
            "width": finding.photo.width,
            "height": finding.photo.height,
            "notes": [_kept(note) for note in finding.photo.notes],
        }
    if finding.measures:
        measures = asdict(finding.measures)
        row["measures"] = measures | {"thumb": _text(measures["thumb"].tobytes())}
    if finding.caption is not None:
        row["caption"] = _text(finding.caption)
    return row


def _kept(text: str | None) -> Any:
    return text.as_dict() if isinstance(text, Message) else text


def _told(kept: Any) -> Any:
    return Message.from_dict(kept) if isinstance(kept, dict) else kept


def from_row(row: Mapping[str, Any]) -> Finding:
    """The finding that `as_row` made. Raises ValueError, KeyError or TypeError."""
    path, photo, measures = Path(row["path"]), None, None
    if "width" in row:
        photo = Photo(path, row["width"], row["height"], tuple(map(_told, row["notes"])))
    if "measures" in row:
        thumb = np.frombuffer(base64.b64decode(row["measures"]["thumb"]), "u1").reshape(16, 16, 3)
        measures = Measures(**{**row["measures"], "thumb": thumb})
    caption = base64.b64decode(row["caption"]) if "caption" in row else None
    faces = None if row["faces"] is None else tuple(Box(*face) for face in row["faces"])
    return Finding(
        path,
        photo,
        _told(row["reason"]),
        row["sha256"],
        measures,
        faces,
        row["face_sharpness"],
        caption,
        row["lies"],
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
