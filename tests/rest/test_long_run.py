"""The page's answers about a run of a million steps: small, and without reading all of it."""

from __future__ import annotations

import functools
import itertools
import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from sd_scripts_bridge.jobs.events import Event, Note, Progress, Started, to_dict
from sd_scripts_bridge.jobs.history import entries
from sd_scripts_bridge.jobs.job import SetupJob, Status
from sd_scripts_bridge.outcome.fold import Fold
from sd_scripts_bridge.running import log_tail
from tests.support.page import Page, base, context, page

__all__ = ["base", "context", "page"]

EVENTS, STEPS = 100_000, 1_000_000
MOST_BYTES = 64_000


@dataclass
class Read:
    """What was read since it was last asked."""

    events: int = 0
    lines: int = 0


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Iterator[Read]:
    found, entry, clean = Read(), entries._entry, log_tail.clean

    def counted_entry(row: sqlite3.Row) -> entries.Entry | None:
        found.events += 1
        return entry(row)

    def counted_line(line: bytes) -> str:
        found.lines += 1
        return clean(line)

    monkeypatch.setattr(entries, "_entry", counted_entry)
    monkeypatch.setattr(log_tail, "clean", counted_line)
    yield found


@functools.cache
def events_of_a_long_run() -> list[tuple[int, int, float, str, str]]:
    """Of job 1: two attempts, a note each thousand events; half a second between two of them."""
    return [*_events()]


def _events() -> Iterator[tuple[int, int, float, str, str]]:
    begin = time.time() - EVENTS / 2
    for number in range(EVENTS):
        attempt, step = 1 + number // (EVENTS // 2), (number + 1) * STEPS // EVENTS
        event: Event = Progress(step, STEPS, 0.1 + 1 / (3 + number))
        if number % (EVENTS // 2) == 0:
            event = Started(attempt, 1)
        elif number % 1000 == 500:
            event = Note(f"note {number}")
        data = to_dict(event)
        yield 1, attempt, begin + number / 2, data["type"], json.dumps(data)


@pytest.fixture
def long_run(page: Page) -> Page:
    """A finished job with all its events."""
    bridge = page.context.the_bridge
    job = bridge._store.add(SetupJob("embedded"))
    row = bridge._store.claim()
    assert row is not None and row.id == job
    bridge._store.move(job, Status.FAILED, of=[Status.RUNNING], attempt=1)
    insert = "INSERT INTO events (job, attempt, time, type, data) VALUES (?, ?, ?, ?, ?)"
    with closing(sqlite3.connect(bridge.home.database)) as db, db:
        db.executemany(insert, events_of_a_long_run())
    return page


def test_its_answers_are_small_and_read_little(long_run: Page, read: Read) -> None:
    log = long_run.context.the_bridge.folder(1).create().log
    log.write_text("".join(f"step {number} of it\n" for number in range(STEPS)), encoding="utf-8")
    for path in ("status?job=1", "jobs/1", "jobs", "jobs/1/log?lines=200"):
        answer = long_run.get(path)

        assert answer.status_code == 200, answer.text
        assert len(answer.content) < MOST_BYTES, path
    assert 1000 < read.events < 3000
    assert 200 <= read.lines < 20_000


def test_it_is_read_on_from_where_it_was(long_run: Page, read: Read) -> None:
    seq = long_run.get("status?job=1").json()["seq"]
    assert seq == EVENTS
    read.events = 0
    long_run.context.the_bridge._store.append(1, 2, Progress(STEPS, STEPS, 0.05))

    now = long_run.get(f"status?job=1&since={seq}").json()

    assert read.events == 1
    assert now["curve"] == [[STEPS, 0.05, 2]]


def test_its_outline_tells_what_all_of_it_tells(long_run: Page) -> None:
    bridge = long_run.context.the_bridge
    whole, outline = Fold.of(bridge.events(1)), Fold.of(bridge.outline(1))

    assert outline.reading == whole.reading
    assert outline.seconds_a_step == whole.seconds_a_step
    assert (outline.seq, outline.attempt, outline.notes) == (EVENTS, 2, whole.notes)
    steps = [point[0] for _, point in outline.curve]
    assert steps[0] < 100 and steps[-1] == STEPS
    assert max(after - before for before, after in itertools.pairwise(steps)) < 1500


def test_one_page_of_its_events_reads_one_page(long_run: Page, read: Read) -> None:
    found = long_run.get("jobs/1/events?after=40000").json()["events"]

    assert [found[0]["seq"], len(found), read.events] == [40_001, 5000, 5000]
