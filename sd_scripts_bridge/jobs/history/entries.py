"""Events in SQLite, in the order in which they came."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass

from ..database import Database
from ..events import Event, from_dict, to_dict
from . import outline


@dataclass(frozen=True)
class Entry:
    """An event with its place in history."""

    seq: int
    job: int
    attempt: int
    time: float
    event: Event


class History(Database):
    """The events of all jobs, shared by every process that opens the same file."""

    def append(self, job_id: int, attempt: int, event: Event) -> None:
        """Write ``event`` down.

        Several come each second, and those before a change of the job are on the disk with it.
        """
        data = to_dict(event)
        with self._change("NORMAL") as db:
            db.execute(
                "INSERT INTO events (job, attempt, time, type, data) VALUES (?, ?, ?, ?, ?)",
                (job_id, attempt, time.time(), data["type"], json.dumps(data)),
            )

    def events(self, job_id: int, after: int = 0, most: int = -1) -> list[Entry]:
        """The job's events with a number above ``after``, oldest first; at most ``most``."""
        asked = "SELECT * FROM events WHERE job = ? AND seq > ? ORDER BY seq LIMIT ?"
        with self._open() as db:
            rows = db.execute(asked, (job_id, after, most)).fetchall()
        return [entry for row in rows if (entry := _entry(row)) is not None]

    def outline(self, job_id: int) -> list[Entry]:
        """As many of the job's events as tell how it stands and draw its curve: all of a short one,
        about two thousand of however long a run. Its last event is among them.
        """
        with self._open() as db:
            rows = outline.rows(db, job_id)
        return [entry for row in rows if (entry := _entry(row)) is not None]

    def last_event(self, job_id: int, kind: str) -> Event | None:
        """The job's newest event of that type, which isn't progress; None where it has none
        that can be read.
        """
        found = f"SELECT * FROM events WHERE job = ? AND {outline.IS_SAID} AND type = ?"
        asked = f"{found} ORDER BY seq DESC LIMIT 1"
        with self._open() as db:
            row = db.execute(asked, (job_id, kind)).fetchone()
        entry = _entry(row) if row else None
        return entry.event if entry else None


def _entry(row: sqlite3.Row) -> Entry | None:
    """None for an event of a kind that only a newer version knows."""
    try:
        event = from_dict(json.loads(row["data"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return Entry(row["seq"], row["job"], row["attempt"], row["time"], event)
