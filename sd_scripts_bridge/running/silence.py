"""How long a trainer has said nothing.

Nobody ends it for that: it may be loading for ten minutes, and the person decides.
"""

from __future__ import annotations

import time
from pathlib import Path

from ..jobs.job import Status
from ..jobs.meter import duration
from ..jobs.store import JobRow
from ..messages import Message

SECONDS = 180.0
"""A silence shorter than this is nothing to mention."""

LONGEST = 7 * 86400.0

HARDLY_A_STEP = 10.0
"""Nor one of this many usual steps."""


def seconds(row: JobRow, log: Path, rate: float | None = None) -> float | None:
    """Since the running job's trainer last wrote anything; None while that is usual (``rate``: its
    steps a second).
    """
    if row.status not in (Status.RUNNING, Status.STOPPING) or row.started is None:
        return None
    try:
        heard = max(row.started, log.stat().st_mtime)
    except OSError:
        heard = row.started
    silent = time.time() - heard
    if silent > LONGEST:
        return None  # the clock was set on
    return silent if silent >= max(SECONDS, HARDLY_A_STEP / rate if rate else 0.0) else None


def sentence(job_id: int, silent: float) -> str:
    """What to say of it."""
    return Message(
        "job.sign_life_may_busy",
        "No output for {duration}. It may be busy, for example loading a model, or stuck: "
        "`stop {job_id} --now` ends it.",
        duration=duration(silent),
        job_id=job_id,
    )
