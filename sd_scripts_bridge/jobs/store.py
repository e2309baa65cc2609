"""Jobs and events in SQLite. Every change of a status is fenced, and says whether it won."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import NotFound
from ..messages import Message
from .events import in_numbers
from .history.entries import History
from .job import MOVES, Job, Status, job_from_dict, share_a_gpu
from .wanted import ALL, Wanted

MOST_JOBS = 2**62
"""No number of a job is larger."""
DUE = "(not_before IS NULL OR not_before <= :now)"
"""SQL: the job's time has come."""
LONGEST_RUN = 60 * 86400.0
"""Seconds. A run that seems longer was not: somebody has set the clock."""


@dataclass(frozen=True)
class JobRow:
    """A job as the database has it. Times are seconds since 1970."""

    id: int
    kind: str
    title: str
    spec: str
    status: Status
    attempt: int
    device: str
    stop: str | None
    process: str | None
    created: float
    queued: float
    started: float | None
    finished: float | None
    sentence: str
    not_before: float | None = None
    """It waits for this time, whatever else is free; None: it may run at once."""

    @property
    def waits_for_its_time(self) -> bool:
        """Whether it is queued for a time that hasn't come."""
        return self.status is Status.QUEUED and (self.not_before or 0) > time.time()

    @property
    def seconds(self) -> float | None:
        """How long the attempt took or has taken; None where the clock was set meanwhile."""
        if self.started is None:
            return None
        took = (self.finished or time.time()) - self.started
        return took if 0 <= took < LONGEST_RUN else None

    @property
    def job(self) -> Job:
        """What to do. Raises `Invalid` where another version wrote options that this one doesn't
        know.
        """
        return job_from_dict(json.loads(self.spec))


class Store(History):
    """The queue and its history, shared by every process that opens the same file."""

    # ---- jobs ----

    def add(self, job: Job, not_before: float | None = None, sentence: str = "") -> int:
        """Queue ``job`` for ``not_before`` (seconds since 1970) or later; returns its number."""
        now = time.time()
        row: dict[str, Any] = {"kind": job.kind, "title": job.title, "device": job.device}
        row |= {"spec": json.dumps(job.as_dict()), "status": Status.QUEUED.value}
        row |= {"sentence": str(sentence), "message": _told(sentence)}
        row |= {"created": now, "queued": now, "not_before": not_before}
        places = ", ".join(f":{name}" for name in row)
        with self._change() as db:
            insert = f"INSERT INTO jobs ({', '.join(row)}) VALUES ({places})"
            return int(db.execute(insert, row).lastrowid or 0)

    def get(self, job_id: int) -> JobRow:
        """The job. Raises `NotFound`."""
        with self._open() as db:
            asked = (min(job_id, MOST_JOBS),)  # SQLite holds no larger numbers than 2**63 - 1
            row = db.execute("SELECT * FROM jobs WHERE id = ?", asked).fetchone()
        if row is None:
            raise NotFound(
                "store.job_jobs_lists_those",
                "There is no job {job_id}. `jobs` lists all jobs.",
                job_id=job_id,
            )
        return _row(row)

    def jobs(self, statuses: Sequence[Status] = tuple(Status)) -> list[JobRow]:
        """The jobs in any of ``statuses``, oldest first."""
        marks = ", ".join("?" * len(statuses))
        with self._open() as db:
            rows = db.execute(
                f"SELECT * FROM jobs WHERE status IN ({marks}) ORDER BY id",
                [s.value for s in statuses],
            )
            return [_row(row) for row in rows]

    def newest(self, count: int, *, below: int | None = None, wanted: Wanted = ALL) -> list[JobRow]:
        """At most ``count`` of the ``wanted`` jobs, newest first; with ``below`` only those whose
        number is smaller, for the next page.
        """
        where, values = wanted.as_sql()
        with self._open() as db:
            rows = db.execute(
                f"SELECT * FROM jobs WHERE {where} AND id < ? ORDER BY id DESC LIMIT ?",
                [*values, below or MOST_JOBS, count],
            )
            return [_row(row) for row in rows]

    def count(self, wanted: Wanted = ALL) -> int:
        """How many jobs are ``wanted``."""
        where, values = wanted.as_sql()
        with self._open() as db:
            found = db.execute(f"SELECT count(*) FROM jobs WHERE {where}", values).fetchone()
        return int(found[0])

    def waiting(self) -> list[str]:
        """The devices for which a job waits that may run now: not those that are paused, nor those
        of jobs whose time hasn't come.
        """
        with self._open() as db:
            paused = _paused(db)
            asked = f"SELECT DISTINCT device FROM jobs WHERE status = 'queued' AND {DUE}"
            found = [row[0] for row in db.execute(asked, {"now": time.time()})]
        return [
            device for device in found if not any(share_a_gpu(device, other) for other in paused)
        ]

    def claim(self) -> JobRow | None:
        """Take the job that has waited longest among those whose GPUs are all free: queued ->
        running, one attempt more. None: nothing waits, or what waits needs a GPU that is busy or
        paused.

        A GPU that an older job waits for is not given to a younger one, so a job on several GPUs
        gets its turn; but nobody waits for a job that waits for the end of a pause, or for its
        time.
        """
        with self._change() as db:
            taken = {
                row["device"]
                for row in db.execute(
                    "SELECT device FROM jobs WHERE status IN ('running', 'stopping')"
                )
            }
            paused = _paused(db)
            due = f"SELECT id, device FROM jobs WHERE status = 'queued' AND {DUE}"
            for row in db.execute(f"{due} ORDER BY queued, id", {"now": time.time()}).fetchall():
                if any(share_a_gpu(row["device"], device) for device in paused):
                    continue  # and holds nothing: a pause may last for hours
                if not any(share_a_gpu(row["device"], device) for device in taken):
                    break
                taken.add(row["device"])  # it waits for these: no younger job gets them first
            else:  # no break: each job that waits lacks a GPU
                return None
            db.execute(  # no other process got in between: `_change` has locked the database
                "UPDATE jobs SET status = 'running', attempt = attempt + 1, started = ?, "
                "finished = NULL, process = NULL,"
                " sentence = '', message = NULL WHERE id = ? AND status = 'queued'",
                (time.time(), row["id"]),
            )
        return self.get(row["id"])

    def move(
        self, job_id: int, to: Status, *, of: Sequence[Status], attempt: int, sentence: str = ""
    ) -> bool:
        """Change the status if it is one of ``of`` in that attempt; returns whether it was.

        Raises ValueError for a move that isn't in `job.MOVES`.
        """
        if any(to not in MOVES[status] for status in of):
            raise ValueError(f"no move leads from {[str(s) for s in of]} to {to}")
        now = time.time()
        sets = {"status": to.value, "sentence": str(sentence), "message": _told(sentence)}
        changes: dict[str, Any] = sets | ({"finished": now} if to.is_over else {})
        if to is Status.QUEUED:
            changes |= {"queued": now, "stop": None, "finished": None, "not_before": None}
        marks = ", ".join("?" * len(of))
        return self._changes_one(
            f"UPDATE jobs SET {', '.join(f'{name} = ?' for name in changes)}"
            f" WHERE id = ? AND attempt = ? AND status IN ({marks})",
            [*changes.values(), job_id, attempt, *(status.value for status in of)],
        )

    def heal(self, job_id: int, attempt: int, job: Job) -> bool:
        """Queue a running job again, in front of the others, as ``job``; returns whether it was
        running still.
        """
        return self._changes_one(
            "UPDATE jobs SET status = 'queued', queued = created, spec = ? WHERE id = ? AND "
            "attempt = ? AND status = 'running'",
            (json.dumps(job.as_dict()), job_id, attempt),
        )

    def begin_now(self, job_id: int) -> bool:
        """Let a queued job no longer wait for its time; returns whether it did."""
        return self._changes_one(
            "UPDATE jobs SET not_before = NULL, sentence = '', message = NULL WHERE id = ? AND "
            "status = 'queued' AND not_before > ?",
            (job_id, time.time()),
        )

    def ask_to_stop(self, job_id: int, how: str) -> bool:
        """Leave a request for whoever runs the job: "save", "now" or "pause".

        "now" is not taken back, and "pause" changes no other.
        """
        return self._changes_one(
            "UPDATE jobs SET stop = ? WHERE id = ? AND status IN ('running', 'stopping') AND "
            "stop IS NOT 'now' AND (stop IS NULL OR ? <> 'pause')",
            (how, job_id, how),
        )

    def put_back(self, job_id: int, attempt: int) -> bool:
        """Queue a job that stops for a pause, in front of the others; returns whether it still was
        a pause.
        """
        return self._changes_one(
            "UPDATE jobs SET status = 'queued', queued = created, stop = NULL, process = "
            "NULL WHERE id = ? AND attempt = ? AND status = 'stopping' AND stop = 'pause'",
            (job_id, attempt),
        )

    def note_process(self, job_id: int, attempt: int, process: dict[str, Any]) -> None:
        """Remember who trains, for `reconcile`."""
        values = (json.dumps(process), job_id, attempt)
        self._changes_one("UPDATE jobs SET process = ? WHERE id = ? AND attempt = ?", values)

    def remove(self, job_id: int) -> bool:
        """Forget a job that isn't running, with its events; returns whether it could."""
        with self._change() as db:
            cursor = db.execute(
                "DELETE FROM jobs WHERE id = ? AND status NOT IN ('running', 'stopping')", (job_id,)
            )
            if cursor.rowcount:
                db.execute("DELETE FROM events WHERE job = ?", (job_id,))
            return cursor.rowcount == 1

    def forget(self, job_id: int, job: Job, sentence: str) -> bool:
        """Rewrite a job that is over: its text, its sentence, and its events to the numbers in
        them. What is left out is overwritten on the disk, too. Returns whether it was over.
        """
        over = [status.value for status in Status if status.is_over]
        with self._change() as db:
            db.execute("PRAGMA secure_delete = ON")
            cursor = db.execute(
                "UPDATE jobs SET spec = ?, title = ?, sentence = ?, message = NULL, process = NULL"
                f" WHERE id = ? AND status IN ({', '.join('?' * len(over))})",
                (json.dumps(job.as_dict()), job.title, sentence, job_id, *over),
            )
            if cursor.rowcount:
                _keep_numbers(db, job_id, sentence)
        with self._open() as db:
            db.execute("VACUUM")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # the log holds the old pages, too
        return cursor.rowcount == 1

    def _changes_one(self, statement: str, values: Sequence[Any]) -> bool:
        """Whether the statement found the one job that it is about."""
        with self._change() as db:
            return db.execute(statement, values).rowcount == 1

    # ---- pauses ----

    def ask_for_pause(self, device: str, seconds: float) -> None:
        """Remember how long ``device`` shall be free once it is.

        A pause that goes on is that long from now on.
        """
        with self._change() as db:
            until = time.time() + seconds if device in _paused(db) else 0
            db.execute(
                "INSERT OR REPLACE INTO pauses (device, seconds, until) VALUES (?, ?, ?)",
                (device, seconds, until),
            )

    def begin_pause(self, device: str) -> None:
        """From now on no job of ``device`` is claimed, for as long as was asked.

        A pause that goes on is made longer.
        """
        with self._change() as db:
            for other in _sharing(db, device):
                db.execute(
                    "UPDATE pauses SET until = ? + seconds WHERE device = ?", (time.time(), other)
                )

    def end_pause(self, device: str) -> bool:
        """Let the jobs of ``device`` be claimed again; returns whether it was paused."""
        with self._change() as db:
            paused = set(_paused(db)).intersection(_sharing(db, device))
            for other in paused:
                db.execute("DELETE FROM pauses WHERE device = ?", (other,))
            return bool(paused)

    def pauses(self) -> dict[str, float]:
        """The devices that are paused now, and until when (seconds since 1970)."""
        with self._open() as db:
            return {row["device"]: row["until"] for row in _pauses(db)}


def _told(sentence: str) -> str | None:
    """A sentence's code and values, for the column beside its English."""
    return json.dumps(sentence.as_dict()) if isinstance(sentence, Message) else None


def _keep_numbers(db: sqlite3.Connection, job_id: int, sentence: str) -> None:
    """Rewrite or delete the job's events: `events.in_numbers`."""
    rows = db.execute("SELECT seq, data FROM events WHERE job = ?", (job_id,)).fetchall()
    for row in rows:
        kept = in_numbers(json.loads(row["data"]), sentence)
        if kept is None:
            db.execute("DELETE FROM events WHERE seq = ?", (row["seq"],))
        else:
            db.execute("UPDATE events SET data = ? WHERE seq = ?", (json.dumps(kept), row["seq"]))


def _paused(db: sqlite3.Connection) -> list[str]:
    """The devices that are paused now."""
    return [row["device"] for row in _pauses(db)]


def _pauses(db: sqlite3.Connection) -> list[sqlite3.Row]:
    """One that would begin later than now was begun before the clock was set back: it is over."""
    now = {"now": time.time()}
    asked = "SELECT * FROM pauses WHERE until > :now AND until - seconds <= :now + 1"
    return db.execute(asked, now).fetchall()


def _sharing(db: sqlite3.Connection, device: str) -> list[str]:
    """The devices with a pause, begun or asked for, that have a GPU in common with ``device``."""
    return [
        row["device"]
        for row in db.execute("SELECT device FROM pauses").fetchall()
        if share_a_gpu(row["device"], device)
    ]


def _row(row: sqlite3.Row) -> JobRow:
    values = dict(row)
    values["status"] = Status(values["status"])
    told = values.pop("message")
    if told:
        values["sentence"] = Message.from_dict(json.loads(told))
    return JobRow(**values)
