"""A training that starts later: at night, when nobody needs the GPU."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.jobs.store import Store
from sd_scripts_bridge.page.jobs import JobViews
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.planning.request import Request
from sd_scripts_bridge.running.asked import start_time
from tests.support.supervisor import wait_over

MakeJob = Callable[..., TrainingJob]
NOON = datetime(2026, 11, 25, 12, 0)


@pytest.mark.parametrize(
    ("typed", "starts"),
    [
        ("23:00", datetime(2026, 11, 25, 23, 0)),
        ("7:30", datetime(2026, 11, 26, 7, 30)),
        ("12:00", datetime(2026, 11, 26, 12, 0)),
        ("2026-12-01 06:15", datetime(2026, 12, 1, 6, 15)),
    ],
)
def test_a_time_is_the_next_one_that_the_clock_shows(typed: str, starts: datetime) -> None:
    assert start_time.read(typed, NOON) == starts.timestamp()


def test_a_time_with_its_zone_is_that_moment() -> None:
    now = datetime.now()
    moment = now.astimezone() + timedelta(hours=3)
    elsewhere = moment.astimezone(tz=None).isoformat()
    assert start_time.read(elsewhere, now) == moment.timestamp()
    in_javascript = "2026-11-26T05:00:00.000Z"
    assert (
        start_time.read(in_javascript, NOON)
        == datetime.fromisoformat("2026-11-26T05:00:00+00:00").timestamp()
    )


@pytest.mark.parametrize("typed", ["tonight", "25:00", "2026-11-25 11:59", "2036-11-25", ""])
def test_what_is_no_time_to_come_is_refused_with_it(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        start_time.read(typed, NOON)
    assert refused.value.problems[0].where == "at" and repr(typed) in str(refused.value)


def test_it_takes_no_gpu_before_its_time(home: Home, make_job: MakeJob) -> None:
    store = Store(home.database)
    later = store.add(make_job(), time.time() + 3600)
    assert store.waiting() == [] and store.claim() is None
    now = store.add(make_job())
    claimed = store.claim()
    assert claimed and claimed.id == now, "a younger job doesn't wait for it"
    assert store.get(later).waits_for_its_time


def test_it_says_before_when_it_starts(bridge: Bridge, make_job: MakeJob) -> None:
    at = time.time() + 3600
    job_id = bridge._queue.add(make_job(), at)
    row = bridge.job(job_id)
    assert row.status is Status.QUEUED and row.sentence == start_time.said(at)
    view = JobViews(bridge).status(None, 0)
    assert view.job and (view.job.id, view.job.begins, view.phase) == (job_id, at, row.sentence)


def test_an_empty_time_is_none_and_not_now(bridge: Bridge, tmp_path: Path) -> None:
    request = Request(tmp_path, tmp_path / "base.safetensors")
    with pytest.raises(Invalid, match="'' isn't a time"):
        bridge.submit(request, "")
    with pytest.raises(Invalid, match="'' isn't a time"):
        bridge.dry_run(request, "")


def test_it_starts_by_itself(bridge: Bridge, make_job: MakeJob) -> None:
    at = time.time() + 3
    done = wait_over(bridge, bridge._queue.add(make_job(), at))
    assert done.status is Status.SUCCEEDED and done.started and done.started >= at


def test_resume_starts_it_now(bridge: Bridge, make_job: MakeJob) -> None:
    job_id = bridge._queue.add(make_job(), time.time() + 3600)
    assert bridge.resume(job_id) == f"Job {job_id} doesn't wait for its time any longer."
    assert wait_over(bridge, job_id).status is Status.SUCCEEDED


def test_it_can_leave_the_queue_before(bridge: Bridge, make_job: MakeJob) -> None:
    job_id = bridge._queue.add(make_job(), time.time() + 3600)
    bridge.stop(job_id)
    assert bridge.job(job_id).status is Status.STOPPED
