"""Jobs under a real supervisor: submitted, waited for, looked for afterwards."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable

import psutil

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.events import Progress
from sd_scripts_bridge.jobs.job import SetupJob, Status, TrainingJob
from sd_scripts_bridge.jobs.store import JobRow
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.running import supervisor
from sd_scripts_bridge.system import process
from sd_scripts_bridge.system.locks import is_held
from tests.support.patience import SECONDS, until

MakeJob = Callable[..., TrainingJob]


def submit(bridge: Bridge, job: TrainingJob | SetupJob) -> int:
    job_id = bridge._store.add(job)
    supervisor.spawn(bridge.home)
    return job_id


def wait(
    bridge: Bridge, job_id: int, until: Callable[[JobRow], bool], seconds: float = SECONDS
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


def wait_alone(home: Home) -> None:
    """Until no supervisor of the home is alive, and so none writes any more."""
    until(lambda: not supervisors(home), pause=0.1)


def wait_step(bridge: Bridge, job_id: int, step: int) -> None:
    wait(
        bridge,
        job_id,
        lambda row: any(
            isinstance(e.event, Progress) and e.event.step >= step for e in bridge.events(job_id)
        ),
    )


def wait_status(bridge: Bridge, job_id: int, status: Status) -> JobRow:
    """Until it has it; for one that the job keeps until somebody does something."""
    return wait(bridge, job_id, lambda row: row.status is status)


def go(bridge: Bridge, job_id: int) -> None:
    """Let a job on that holds past step 10."""
    (bridge.folder(job_id).output / "go").touch()


def supervisors(home: Home) -> list[psutil.Process]:
    """Those of a home that are alive, also where they have let go of their lock."""
    found = []
    for candidate in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            words = candidate.cmdline()
            if str(home.root) in words and "sd_scripts_bridge.running.supervisor" in " ".join(
                words
            ):
                found.append(candidate)
    return found


def end_all(bridge: Bridge, seconds: float = SECONDS) -> None:
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
