"""The database's schema, one function a version; ``PRAGMA user_version`` says how many have run."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from ..errors import BridgeError


def m001_jobs_and_events(db: sqlite3.Connection) -> None:
    db.execute(
        """CREATE TABLE jobs (
            id       INTEGER PRIMARY KEY AUTOINCREMENT,
            kind     TEXT NOT NULL,
            title    TEXT NOT NULL,
            spec     TEXT NOT NULL,              -- JSON: Job.as_dict()
            status   TEXT NOT NULL,
            attempt  INTEGER NOT NULL DEFAULT 0,
            device   TEXT NOT NULL DEFAULT '0',
            stop     TEXT,                       -- NULL, 'save' or 'now'
            process  TEXT,                       -- JSON: the trainer's identity and cookie
            created  REAL NOT NULL,
            queued   REAL NOT NULL,
            started  REAL,
            finished REAL,
            sentence TEXT NOT NULL DEFAULT '')"""
    )
    db.execute(
        "CREATE UNIQUE INDEX one_job_a_device ON jobs(device) WHERE status IN ('running', "
        "'stopping')"
    )
    db.execute(
        """CREATE TABLE events (
            seq     INTEGER PRIMARY KEY AUTOINCREMENT,
            job     INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            time    REAL NOT NULL,
            type    TEXT NOT NULL,
            data    TEXT NOT NULL)"""
    )
    db.execute("CREATE INDEX events_of_a_job ON events(job, seq)")


def m002_pauses(db: sqlite3.Connection) -> None:
    db.execute(
        """CREATE TABLE pauses (
            device  TEXT PRIMARY KEY,
            seconds REAL NOT NULL,               -- how long, once the GPU is free
            until   REAL NOT NULL)               -- seconds since 1970; 0: asked for, not begun"""
    )


def m003_jobs_on_several_gpus(db: sqlite3.Connection) -> None:
    """A job's device may be several GPUs ("0,1"): no two running jobs may share one."""
    db.execute(
        """CREATE TRIGGER one_job_a_card BEFORE UPDATE OF status ON jobs
           WHEN NEW.status IN ('running', 'stopping') AND EXISTS (
               SELECT 1 FROM jobs AS other,
                   json_each('["' || replace(other.device, ',', '","') || '"]') AS theirs,
                   json_each('["' || replace(NEW.device, ',', '","') || '"]') AS ours
               WHERE other.id != NEW.id AND other.status IN ('running', 'stopping')
                   AND theirs.value = ours.value)
           BEGIN SELECT RAISE(ABORT, 'the card is taken'); END"""
    )


def m004_messages(db: sqlite3.Connection) -> None:
    """A job's sentence keeps its code and values: JSON of `messages.Message.as_dict`."""
    db.execute("ALTER TABLE jobs ADD COLUMN message TEXT")


def m005_start_times(db: sqlite3.Connection) -> None:
    """A job may wait for a time of day: seconds since 1970; NULL: it may run at once."""
    db.execute("ALTER TABLE jobs ADD COLUMN not_before REAL")


def m006_what_was_said(db: sqlite3.Connection) -> None:
    """Of a long run nearly all events are progress; the others are found without reading those."""
    db.execute("CREATE INDEX said_of_a_job ON events(job, seq) WHERE type <> 'progress'")


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    m001_jobs_and_events,
    m002_pauses,
    m003_jobs_on_several_gpus,
    m004_messages,
    m005_start_times,
    m006_what_was_said,
)


def migrate(db: sqlite3.Connection) -> None:
    """Bring the database up to date.

    Raises `BridgeError` for one that a newer version of the bridge has written.
    """
    version = _version(db)
    if version < len(MIGRATIONS) and version != (found := _version_by_its_tables(db)):
        db.execute(f"PRAGMA user_version = {found}")  # the mark was lost, the tables are there
        version = found
    if version > len(MIGRATIONS):
        raise BridgeError(
            "migrations.database_version_lora_bridge",
            "The database has version {version}, and this LoRA Bridge knows only {count}. "
            "Update LoRA Bridge, or choose another home folder.",
            version=version,
            count=len(MIGRATIONS),
        )
    if version == len(MIGRATIONS):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        for number, migration in enumerate(MIGRATIONS[_version(db) :], _version(db) + 1):
            migration(db)
            db.execute(f"PRAGMA user_version = {number}")
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def _version_by_its_tables(db: sqlite3.Connection) -> int:
    """How many migrations have left their trace."""
    names = {row[0] for row in db.execute("SELECT name FROM sqlite_master")}
    columns = {row[1] for row in db.execute("PRAGMA table_info(jobs)")}
    traces = (
        "jobs" in names,
        "pauses" in names,
        "one_job_a_card" in names,
        "message" in columns,
        "not_before" in columns,
        "said_of_a_job" in names,
    )
    assert len(traces) == len(MIGRATIONS), "a new migration leaves a trace, too"
    return next((count for count, there in enumerate(traces) if not there), len(traces))


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])
