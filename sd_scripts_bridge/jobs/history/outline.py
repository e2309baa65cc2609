"""Which of a job's events tell its story: all of a short run; of a long one what was said, the
newest, and enough of its progress for a curve.
"""

from __future__ import annotations

import sqlite3

SHORT = 4000
"""A job of so many events is read whole."""
SAID = 1000
"""At most so many events that aren't progress, the newest ones."""
NEWEST = 300
"""Read without gaps: more than a minute of progress, from which the pace is told."""
POINTS = 800

IS_SAID = "type <> 'progress'"
"""SQL, word for word as in the index `said_of_a_job`."""
_OF_JOB = "SELECT * FROM events WHERE job = :job"
_NEXT = f"{_OF_JOB} AND seq >= :seq AND type = 'progress' ORDER BY seq LIMIT 1"


def rows(db: sqlite3.Connection, job_id: int) -> list[sqlite3.Row]:
    """The rows, oldest first; at most `SAID` + `NEWEST` + `POINTS` and one for each attempt."""
    job = {"job": job_id}
    beyond = f"SELECT seq FROM events WHERE job = :job ORDER BY seq LIMIT 1 OFFSET {SHORT}"
    if db.execute(beyond, job).fetchone() is None:
        return db.execute(f"{_OF_JOB} ORDER BY seq", job).fetchall()
    said = db.execute(f"{_OF_JOB} AND {IS_SAID} ORDER BY seq DESC LIMIT {SAID}", job).fetchall()
    newest = db.execute(f"{_OF_JOB} ORDER BY seq DESC LIMIT {NEWEST}", job).fetchall()
    begun = [row["seq"] for row in said if row["type"] == "started"]
    points = _next(db, job_id, [*begun, *_evenly(db, job_id)])
    found = {row["seq"]: row for row in (*said, *newest, *points)}
    return [found[seq] for seq in sorted(found)]


def _next(db: sqlite3.Connection, job_id: int, seqs: list[int]) -> list[sqlite3.Row]:
    """The first progress from each of ``seqs`` on."""
    found = (db.execute(_NEXT, {"job": job_id, "seq": seq}).fetchone() for seq in seqs)
    return [row for row in found if row is not None]


def _evenly(db: sqlite3.Connection, job_id: int) -> list[int]:
    """Numbers of events from the job's first to its last."""
    asked = "SELECT seq FROM events WHERE job = ? ORDER BY seq"
    first = db.execute(f"{asked} LIMIT 1", (job_id,)).fetchone()[0]
    last = db.execute(f"{asked} DESC LIMIT 1", (job_id,)).fetchone()[0]
    return [first + (last - first) * number // (POINTS - 1) for number in range(POINTS)]
