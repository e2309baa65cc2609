"""Jobs under a real supervisor: submitted, waited for, looked for afterwards."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import psutil

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.events import Progress
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.jobs.store import JobRow
from sd_scripts_bridge.running import supervisor
from sd_scripts_bridge.system import process
from sd_scripts_bridge.system.locks import is_held

MakeJob = Callable[..., TrainingJob]


def submit(bridge: Bridge, job: TrainingJob) -> int:
    job_id = bridge._store.add(job)
    supervisor.spawn(bridge.home)
    return job_id


def wait(
    bridge: Bridge, job_id: int, until: Callable[[JobRow], bool], seconds: float = 300
) -> JobRow:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        row = bridge._store.get(job_id)
        if until(row):
            return row
        time.sleep(0.05)
    raise AssertionError(f"still {bridge._store.get(job_id)}; log: {bridge.log(job_id)}")


def wait_over(bridge: Bridge, job_id: int) -> JobRow:
    return wait(bridge, job_id, lambda row: row.status.is_over)


def wait_step(bridge: Bridge, job_id: int, step: int) -> None:
    wait(
        bridge,
        job_id,
        lambda row: any(
            isinstance(e.event, Progress) and e.event.step >= step for e in bridge.events(job_id)
        ),
    )


def end_all(bridge: Bridge, seconds: float = 10) -> None:
    """End what still runs or waits, and what is queued meanwhile: a supervisor that goes on with
    it would work beside the next tests.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        active = bridge._store.jobs([status for status in Status if not status.is_over])
        for row in active:
            if row.status is Status.QUEUED:
                bridge._store.move(row.id, Status.STOPPED, of=[row.status], attempt=row.attempt)
            elif row.process:
                process.stop_tree(None, str(json.loads(row.process)["cookie"]), grace=1)
        if not is_held(bridge.home.supervisor_lock):
            return
        time.sleep(0.05)


def survivors(bridge: Bridge, job_id: int) -> list[psutil.Process]:
    process_data = bridge._store.get(job_id).process
    assert process_data
    return process.with_cookie(json.loads(process_data)["cookie"])
