"""How quickly and briefly the page is answered about a run of a million steps, with 100,000 events
and a log of a million lines: by a program that has just started, and then while it follows.

Milliseconds are of the processor, so that other work on the machine counts as little as it can.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.events import Progress, Started, to_dict
from sd_scripts_bridge.jobs.job import SetupJob, Status
from sd_scripts_bridge.jobs.store import Store
from sd_scripts_bridge.page.context import Context
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.rest import app
from sd_scripts_bridge.rest.routes import PREFIX

from .outcome import Outcome

STEPS, EVENTS = 1_000_000, 100_000
MOST_MS, MOST_BYTES = 50.0, 64_000
TIMES = 5
ROUTES = ("status?job=1", f"status?job=1&since={EVENTS - 2}", "jobs/1", "jobs", "jobs/1/log")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--times", type=int, default=TIMES)


def measure(chosen: argparse.Namespace) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder)).create()
        _long_run(home)
        rows = [_row(home, route, chosen.times) for route in ROUTES]
    slowest = max(max(row[1], row[2]) for row in rows)
    largest = max(row[3] for row in rows)
    columns = ("answer", "the first: CPU ms", "the next: CPU ms", "bytes")
    figure = (
        f"Of a run of a million steps the slowest answer takes {slowest:.0f} ms and the largest "
        f"has {largest} bytes (at most {MOST_MS:.0f} ms and {MOST_BYTES} bytes)."
    )
    return Outcome(columns, rows, figure, slowest < MOST_MS and largest < MOST_BYTES)


def _row(home: Home, route: str, times: int) -> tuple[str, float, float, int]:
    """Medians: of the first answer of programs that have read nothing yet, and of the next one."""
    found = [_answers(home, route) for _ in range(times)]
    first, second = (round(1000 * median(one[which] for one in found), 1) for which in (0, 1))
    return route, first, second, found[-1][2]


def _answers(home: Home, route: str) -> tuple[float, float, int]:
    """Seconds of the first and of the second answer, and how long that is."""
    client = TestClient(_app(home))
    client.get(f"{PREFIX}/openapi.json")  # whatever the first request of all costs
    began = time.process_time()
    first: Any = client.get(f"{PREFIX}/{route}")
    between = time.process_time()
    client.get(f"{PREFIX}/{route}")
    return between - began, time.process_time() - between, len(first.content)


def _app(home: Home) -> FastAPI:
    served, bridge = FastAPI(), Bridge(home)
    app.mount(served, Context(lambda: bridge))
    return served


def _long_run(home: Home) -> None:
    store = Store(home.database)
    number = store.add(SetupJob("embedded"))
    store.claim()
    store.move(number, Status.FAILED, of=[Status.RUNNING], attempt=1)
    insert = "INSERT INTO events (job, attempt, time, type, data) VALUES (?, 1, ?, ?, ?)"
    with closing(sqlite3.connect(home.database)) as db, db:
        db.executemany(insert, _events(number))
    log = Bridge(home).folder(number).create().log
    log.write_text("".join(f"step {step} of {STEPS}\n" for step in range(STEPS)), encoding="utf-8")


def _events(job: int) -> Iterator[tuple[int, float, str, str]]:
    begin = time.time() - EVENTS / 2
    for number in range(EVENTS):
        event = Progress((number + 1) * STEPS // EVENTS, STEPS, 0.1 + 1 / (3 + number))
        data = to_dict(event if number else Started(1, 1))
        yield job, begin + number / 2, data["type"], json.dumps(data)
