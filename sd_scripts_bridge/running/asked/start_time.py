"""The time at which a job shall start: read, and said."""

from __future__ import annotations

from datetime import datetime, timedelta

from ...errors import Invalid, Problem, short
from ...messages import Message

MOST_DAYS = 30
"""Nobody plans a training for later; a mistyped year would wait for ever."""


def read(text: str, now: datetime | None = None) -> float:
    """``23:00`` (the next time that this machine's clock shows it) or ``2026-12-24 23:00`` (with a
    zone: ``2026-12-24T23:00+01:00``), as seconds since 1970.

    ``now`` is local, without a zone. Raises `Invalid`.
    """
    now = now or datetime.now()
    start = _clock(text, now) or _date(text)
    if start is None:
        what = "{value} isn't a time"
        remedy = "Give 23:00, or 2026-12-24 23:00."
        raise Invalid([Problem("start.no_time", "at", what, remedy, value=short(text))])
    if start.timestamp() <= now.timestamp():
        remedy = "Give a time to come."
        raise Invalid([Problem("start.over", "at", "{value} is over", remedy, value=short(text))])
    if start.timestamp() > (now + timedelta(days=MOST_DAYS)).timestamp():
        what = "{value} is more than {most} days away"
        raise Invalid([Problem("start.far", "at", what, value=short(text), most=MOST_DAYS)])
    return start.timestamp()


def said(at: float) -> Message:
    """When it starts, by this machine's clock."""
    time = datetime.fromtimestamp(at)
    date, clock = time.date().isoformat(), f"{time:%H:%M}"
    return Message("start.at", "Starts at {time} ({date}).", time=clock, date=date)


def _clock(text: str, now: datetime) -> datetime | None:
    try:
        clock = datetime.strptime(text.strip(), "%H:%M").time()
    except ValueError:
        return None
    today = datetime.combine(now.date(), clock)
    return today if today > now else today + timedelta(days=1)


def _date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        return None
