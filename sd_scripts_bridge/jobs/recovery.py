"""A database that can't be read is put aside, and the history rebuilt from the jobs' own folders.
Nothing is deleted.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from pathlib import Path
from typing import Any

from ..errors import BridgeError
from ..messages import Message
from ..system.files import free_path
from .folder import JobFolder
from .job import KINDS, Status, TrainingJob, job_from_dict

_OVER = [status.value for status in Status if status.is_over]
SENTENCE = Message(
    "job.found_again_folder_after", "Found again in its folder after the job database was damaged."
)


def put_aside(database: Path) -> Path:
    """Rename the database (and its write-ahead log) to ``.broken``, ``.broken-2``...; returns the
    new path.
    """
    aside = free_path(database.parent, f"{database.name}.broken")
    os.replace(database, aside)
    for ending in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{database}{ending}", f"{aside}{ending}")
    return aside


def rebuild(db: sqlite3.Connection, jobs: Path) -> int:
    """Insert a row for each job folder that the empty ``db`` lacks; returns how many."""
    known = {row[0] for row in db.execute("SELECT id FROM jobs")}
    found = 0
    for folder in JobFolder.all_in(jobs):
        spec = _read(folder.job)
        if folder.number in known or spec is None:
            continue
        db.execute(
            "INSERT INTO jobs (id, kind, title, spec, status, attempt, created, queued, started, "
            "finished, sentence, device)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            _row(folder, spec, _read(folder.report) or {}),
        )
        found += 1
    return found


def _row(folder: JobFolder, spec: dict[str, Any], report: dict[str, Any]) -> tuple[Any, ...]:
    made = folder.job.stat().st_mtime
    status, seconds, attempt = report.get("status"), report.get("seconds"), report.get("attempt")
    return (
        folder.number,
        KINDS.get(str(spec.get("kind")), TrainingJob).kind,
        str(spec.get("name") or spec.get("label") or "set up"),
        json.dumps(spec),
        status if status in _OVER else Status.LOST.value,
        attempt if type(attempt) is int and 0 < attempt < 1 << 31 else 1,
        made,
        made,
        made,
        made + seconds if isinstance(seconds, (int, float)) and 0 <= seconds < 1 << 31 else None,
        str(report.get("sentence", SENTENCE)),
        _device(spec),
    )


def _device(spec: dict[str, Any]) -> str:
    try:
        return job_from_dict(spec).device
    except (BridgeError, TypeError, ValueError, AttributeError):  # no job that this version can run
        return "0"


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) else None
