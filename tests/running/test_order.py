"""What must not count as success, and what must happen before what."""

from __future__ import annotations

import shutil
import threading

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.job import Status
from sd_scripts_bridge.jobs.store import JobRow, Store
from sd_scripts_bridge.running.attempt import Attempt
from tests.support.patience import SECONDS
from tests.support.supervisor import MakeJob, go, submit, wait_over, wait_status, wait_step


def test_a_lora_that_was_there_before_is_no_success(bridge: Bridge, make_job: MakeJob) -> None:
    first = submit(bridge, make_job())
    assert wait_over(bridge, first).status is Status.SUCCEEDED
    second = bridge._store.add(make_job("nothing"))
    old = bridge.folder(second).create().final_lora("Ada")
    old.parent.mkdir(exist_ok=True)
    published = bridge.home.root.parent / "models" / "Lora" / "Ada.safetensors"
    shutil.copy(published, old)
    Attempt(bridge.home, bridge._store, claimed(bridge, second)).run()
    row = bridge._store.get(second)
    assert row.status is Status.FAILED and "without writing a LoRA" in row.sentence
    assert [path.name for path in published.parent.glob("*.safetensors")] == ["Ada.safetensors"]


def claimed(bridge: Bridge, job_id: int) -> JobRow:
    row = bridge._store.claim()
    assert row is not None and row.id == job_id
    return row


def test_the_gpu_is_paused_before_its_job_is_given_back(
    bridge: Bridge, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two the next job would take the GPU."""
    job_id = bridge._store.add(make_job("hold halt:20", max_train_steps=60))
    next_job = bridge._store.add(make_job())
    attempt = Attempt(bridge.home, bridge._store, claimed(bridge, job_id))
    taken: list[object] = []
    put_back = Store.put_back

    def watched(store: Store, *words: int) -> bool:
        done = put_back(store, *words)
        taken.append(store.claim())
        return done

    monkeypatch.setattr(Store, "put_back", watched)
    runs = threading.Thread(target=attempt.run)
    runs.start()
    wait_step(bridge, job_id, 10)
    bridge._store.ask_for_pause("0", 60)
    assert bridge._store.ask_to_stop(job_id, "pause")
    wait_status(bridge, job_id, Status.STOPPING)
    go(bridge, job_id)
    runs.join(SECONDS)
    assert not runs.is_alive() and taken == [None]
    assert bridge._store.get(next_job).status is bridge._store.get(job_id).status is Status.QUEUED
