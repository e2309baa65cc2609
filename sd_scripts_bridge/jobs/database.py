"""The file of the queue: opened, migrated, healed, and written in one transaction at a time."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ..errors import BridgeError
from ..messages import Message
from ..system.files import FULL_BYTES
from . import recovery
from .migrations import migrate

BUSY_SECONDS = 30.0


class Database:
    """SQLite in one file, shared by every process that opens it."""

    def __init__(self, path: Path, jobs: Path | None = None) -> None:
        """Open, migrate, and where the file is damaged or gone, rebuild it from the folders in
        ``jobs``.

        Raises `BridgeError` for a database of a newer version, and for one that can't be written.
        """
        self.path = path
        self.recovered: str = ""
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = not path.exists() or path.stat().st_size == 0
        try:
            self._prepare(jobs if fresh else None)
        except BridgeError as error:
            if jobs is None or not _is_damaged(error.__cause__):
                raise
            aside = recovery.put_aside(path)
            self._prepare(jobs)
            self.recovered = Message(
                "store.job_database_damaged_lies",
                "The job database was damaged; it was moved aside as {name}. {recovered}",
                name=aside.name,
                recovered=self.recovered,
            )

    def _prepare(self, jobs: Path | None) -> None:
        with self._open() as db:
            db.execute("PRAGMA journal_mode = WAL")  # which the file keeps
            migrate(db)
            if jobs is None:
                for question in ("SELECT count(*) FROM jobs", "SELECT max(seq) FROM events"):
                    db.execute(question).fetchone()  # a damaged file shows itself
                return
            db.execute("BEGIN IMMEDIATE")
            count = recovery.rebuild(db, jobs)
            db.execute("COMMIT")
        if count:
            self.recovered = Message(
                "store.jobs_found_again_their",
                "{count} {count:job was|jobs were} found again in "
                "{count:its folder|their folders}.",
                count=count,
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            ) as db:
                db.row_factory = sqlite3.Row
                yield db
        except sqlite3.Error as error:
            raise BridgeError(
                "store.job_database_cant_used",
                "The job database {path} can't be used: {error}.{room}",
                path=repr(str(self.path)),
                error=error,
                room=_room(self.path),
            ) from error

    @contextmanager
    def _change(self, synchronous: str = "FULL") -> Iterator[sqlite3.Connection]:
        """FULL: what is written when this ends outlives a power cut.

        NORMAL: at worst the newest are missing then.
        """
        with self._open() as db:
            db.execute(f"PRAGMA synchronous = {synchronous}")
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")


def _is_damaged(error: BaseException | None) -> bool:
    """Not a database at all, or one with broken pages; a full disk or a lock is something else."""
    return type(error) is sqlite3.DatabaseError


def _room(path: Path) -> str:
    """SQLite calls a full disk by many names."""
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        return ""
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        text = " Make {folder} writable, or choose another home folder with --home."
        return Message("store.not_writable", text, folder=path.parent)
    return (
        Message(
            "store.disk_full_kb_free",
            " Its disk is full ({free} kB are free): make some room.",
            free=free // 1000,
        )
        if free < FULL_BYTES
        else ""
    )
