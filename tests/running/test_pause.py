""" "I want to generate now": the GPU is left at the next save,
and the training goes on by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import BridgeError, Conflict
from sd_scripts_bridge.jobs.events import Note, Progress, Started
from sd_scripts_bridge.jobs.folder import state_step
from sd_scripts_bridge.jobs.job import SetupJob, Status, TrainingJob
from sd_scripts_bridge.page.jobs import JobViews
from sd_scripts_bridge.system.locks import is_held
from tests.support.patience import until
from tests.support.supervisor import go, submit, survivors, wait_over, wait_status, wait_step

MakeJob = Callable[..., TrainingJob]


@pytest.fixture
def held(bridge: Bridge, make_job: MakeJob) -> int:
    """A job of 40 steps that waits behind step 10 for somebody's "go", and at step 20 for its
    pause.
    """
    job_id = submit(bridge, make_job("hold halt:20", max_train_steps=40))
    wait_step(bridge, job_id, 10)
    return job_id


def pause(bridge: Bridge, job_id: int, seconds: float) -> int:
    """Pauses it; returns the step that it was paused at."""
    bridge.pause(job_id, seconds / 60)
    wait_status(bridge, job_id, Status.STOPPING)
    go(bridge, job_id)
    wait_status(bridge, job_id, Status.QUEUED)
    return state_step(bridge.folder(job_id).states("Ada")[-1])


def test_it_leaves_the_gpu_at_the_next_save_and_goes_on_by_itself(
    bridge: Bridge, make_job: MakeJob, held: int
) -> None:
    second = submit(bridge, make_job())
    step = pause(bridge, held, seconds=600)
    assert 10 < step < 40 and survivors_of_first(bridge, held) == []
    time.sleep(1)
    assert bridge._store.get(held).status is bridge._store.get(second).status is Status.QUEUED, (
        "the GPU is nobody's"
    )
    shorter = time.time()
    bridge.pause(held, 2 / 60)
    assert wait_over(bridge, held).status is Status.SUCCEEDED
    again = [entry for entry in bridge.events(held) if isinstance(entry.event, Started)][1]
    assert again.time >= shorter + 2
    events = [(entry.attempt, entry.event) for entry in bridge.events(held)]
    assert (1, Note(f"Paused at step {step}. It goes on by itself.")) in events
    assert (2, Note(f"Going on from step {step}.")) in events
    steps = [
        event.step for attempt, event in events if attempt == 2 and isinstance(event, Progress)
    ]
    assert steps[0] > step and steps[-1] == 40
    assert wait_over(bridge, second).status is Status.SUCCEEDED


def survivors_of_first(bridge: Bridge, job_id: int) -> list[object]:
    from sd_scripts_bridge.system import process

    return list(process.with_cookie(f"{bridge.home.root}#{job_id}#1"))


def test_resume_ends_the_pause(bridge: Bridge, held: int) -> None:
    pause(bridge, held, seconds=600)
    assert bridge.resume(held) == f"Job {held} continues now."
    assert wait_over(bridge, held).status is Status.SUCCEEDED


def test_a_paused_job_can_be_stopped_and_the_next_one_still_waits_for_the_gpu(
    bridge: Bridge, make_job: MakeJob, held: int
) -> None:
    pause(bridge, held, seconds=600)
    said, views = "It goes on by itself.", JobViews(bridge)
    until(lambda: any(note.endswith(said) for note in views.status(held, 0).notes))
    bridge.stop(held)
    assert not any(note.endswith(said) for note in views.status(held, 0).notes)
    assert bridge._store.get(held).status is Status.STOPPED and bridge.folder(held).states("Ada")
    other = submit(bridge, make_job())
    on_another_gpu = submit(bridge, make_job().evolve(gpu=1))
    assert wait_over(bridge, on_another_gpu).status is Status.SUCCEEDED
    assert bridge._store.get(other).status is Status.QUEUED
    bridge.resume(other)
    assert wait_over(bridge, other).status is Status.SUCCEEDED


def test_the_gpu_is_left_also_where_the_job_ends_before_its_next_save(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job_id = submit(bridge, make_job("hold", max_train_steps=14))  # the next save would be at 15
    wait_step(bridge, job_id, 10)
    second = submit(bridge, make_job())
    bridge.pause(job_id)
    wait_status(bridge, job_id, Status.STOPPING)
    go(bridge, job_id)
    assert wait_over(bridge, job_id).status is Status.SUCCEEDED
    time.sleep(1)
    assert bridge._store.get(second).status is Status.QUEUED, "the GPU is nobody's"
    bridge.stop(second)


def test_stop_now_goes_before_a_pause(bridge: Bridge, held: int) -> None:
    bridge.pause(held, 10)
    wait_status(bridge, held, Status.STOPPING)
    assert JobViews(bridge).status(held, 0).phase == "pausing at the next save, step 15"
    bridge.stop(held, now=True)
    assert wait_over(bridge, held).status is Status.STOPPED and survivors(bridge, held) == []


def test_one_process_waits_for_the_end_of_a_pause_however_often_somebody_looks(
    bridge: Bridge, held: int
) -> None:
    pause(bridge, held, seconds=600)
    until(lambda: is_held(bridge.home.waiter_lock) and not is_held(bridge.home.supervisor_lock))
    log = (bridge.home.root / "supervisor.log").stat().st_size
    for _ in range(5):
        assert [row.status for row in bridge.jobs()] == [Status.QUEUED]
    time.sleep(0.5)
    assert (bridge.home.root / "supervisor.log").stat().st_size == log
    bridge.stop(held)


def test_what_cannot_be_paused_is_refused_with_a_sentence(
    bridge: Bridge, make_job: MakeJob
) -> None:
    setup = bridge._store.add(SetupJob("sd-scripts", source="/nowhere"))
    with pytest.raises(Conflict, match="and not a set-up"):
        bridge.pause(setup)
    bridge.stop(setup)
    done = submit(bridge, make_job(max_train_steps=1))
    wait_over(bridge, done)
    with pytest.raises(Conflict, match="succeeded"):
        bridge.pause(done)
    for minutes in (0, -1, float("nan"), 1e9):
        with pytest.raises(BridgeError, match="outside"):
            bridge.pause(done, minutes)
