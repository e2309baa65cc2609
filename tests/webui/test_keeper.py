"""The WebUI and the trainer never have the GPU at once. The supervisor and the locks are real."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.events import Note, Started
from sd_scripts_bridge.jobs.job import SetupJob, Status, TrainingJob
from sd_scripts_bridge.jobs.store import Store
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.system.locks import hold, is_held
from sd_scripts_bridge.webui import host as webui
from sd_scripts_bridge.webui import keeper as keeper_module
from sd_scripts_bridge.webui.keeper import FREED, WAITING, Gate, Keeper
from tests.support.patience import SECONDS, until
from tests.support.supervisor import go, submit, supervisors, wait_status, wait_step

MakeJob = Callable[..., TrainingJob]


@dataclass
class FakeHost:
    """Its model is on the GPU unless ``freed`` is later than ``restored``."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    wanted: bool = True
    breaks: bool = False
    freed: list[float] = field(default_factory=list)
    restored: list[float] = field(default_factory=list)
    refreshed: list[bool] = field(default_factory=list)

    def free(self) -> None:
        assert self.lock.locked()
        self.freed.append(time.time())
        if self.breaks:
            raise RuntimeError("CUDA error")

    def restore(self) -> None:
        assert self.lock.locked()
        self.restored.append(time.time())

    def gate(self) -> Gate:
        return Gate(
            queue_lock=lambda: self.lock,
            vram=lambda: self,
            wanted=lambda: self.wanted,
            refresh=lambda: self.refreshed.append(self.lock.locked()),
            let_close=webui.let_close,
        )


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def start(
    bridge: Bridge, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Keeper]]:
    """Starts the keeper; ends it with the test."""
    monkeypatch.setattr(keeper_module, "TICK_SECONDS", 0.05)
    started: list[Keeper] = []

    def start_it() -> Keeper:
        started.append(Keeper(bridge.home, host.gate()))
        started[-1].start()
        if host.wanted:  # it guards, or a supervisor is at work already
            until(lambda: is_held(bridge.home.supervisor_lock))
        return started[-1]

    yield start_it
    for keeper in started:
        keeper.close()


def status(bridge: Bridge, job_id: int) -> Status:
    return bridge._store.get(job_id).status


def began(bridge: Bridge, job_id: int) -> float:
    return next(entry.time for entry in bridge.events(job_id) if isinstance(entry.event, Started))


def test_the_model_leaves_before_the_training_and_comes_back_after_it(
    bridge: Bridge, host: FakeHost, start: Callable[[], Keeper], make_job: MakeJob
) -> None:
    keeper = start()
    assert keeper.announce() == [FREED]
    first, second = submit(bridge, make_job("hold")), submit(bridge, make_job())
    wait_status(bridge, first, Status.RUNNING)
    assert host.lock.locked() and keeper.is_parked and keeper.announce() == []
    wait_step(bridge, first, 10)
    go(bridge, first)
    until(lambda: host.restored)
    assert status(bridge, first) is status(bridge, second) is Status.SUCCEEDED, bridge._store.jobs()
    assert len(host.freed) == len(host.restored) == 1, "once for the whole queue"
    assert host.freed[0] < began(bridge, first) < began(bridge, second) < host.restored[0]
    assert host.refreshed == [True], "the new LoRAs are shown before anything is generated"
    until(lambda: not host.lock.locked())


def test_a_training_of_tonight_leaves_the_gpu_alone_until_then(
    bridge: Bridge, make_job: MakeJob, host: FakeHost, start: Callable[[], Keeper]
) -> None:
    start()
    at = time.time() + 3
    job_id = bridge._queue.add(make_job(), at)
    until(lambda: host.restored)  # and nobody opens the database meanwhile
    assert bridge.job(job_id).status is Status.SUCCEEDED
    assert len(host.freed) == 1 and host.freed[0] >= at


def test_a_training_waits_for_the_picture_that_is_being_generated(
    bridge: Bridge, host: FakeHost, start: Callable[[], Keeper], make_job: MakeJob
) -> None:
    keeper = start()
    until(lambda: is_held(bridge.home.supervisor_lock))
    with host.lock:
        assert keeper.announce() == [WAITING]
        job_id = submit(bridge, make_job())
        until(lambda: bridge.events(job_id))
        time.sleep(1)
        assert status(bridge, job_id) is Status.QUEUED and not host.freed
        assert [entry.event for entry in bridge.events(job_id)] == [Note(WAITING)], "said once"
    until(lambda: status(bridge, job_id) is Status.SUCCEEDED)
    assert host.freed[0] < began(bridge, job_id)


def test_reload_ui_goes_on_while_a_click_on_generate_waits(
    bridge: Bridge,
    host: FakeHost,
    start: Callable[[], Keeper],
    make_job: MakeJob,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """gradio 3 sets ``should_exit`` and waits for its server's thread, which waits for answers."""
    uvicorn, app = pytest.importorskip("uvicorn"), FastAPI()
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical"))
    shared = SimpleNamespace(demo=SimpleNamespace(server=server))
    monkeypatch.setitem(sys.modules, "modules.shared", shared)

    @app.get("/generate")
    def generate() -> None:
        with host.lock:
            pass

    start()
    job_id = submit(bridge, make_job("hold"))
    wait_step(bridge, job_id, 10)
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)) as click:
        click.sendall(b"GET /generate HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: server.server_state.tasks)
        server.should_exit = True
        serving.join(SECONDS)
    assert not serving.is_alive() and host.lock.locked(), "the training goes on"
    go(bridge, job_id)
    wait_status(bridge, job_id, Status.SUCCEEDED)


def test_a_waiting_training_can_be_taken_out_of_the_queue(
    bridge: Bridge, host: FakeHost, start: Callable[[], Keeper], make_job: MakeJob
) -> None:
    start()
    until(lambda: is_held(bridge.home.supervisor_lock))
    with host.lock:
        job_id = submit(bridge, make_job())
        bridge.stop(job_id)
    time.sleep(0.5)
    until(lambda: not host.lock.locked())
    assert status(bridge, job_id) is Status.STOPPED and not host.freed


@pytest.mark.parametrize("job", [SetupJob(engine="sd-scripts", source="/nowhere"), "other GPU"])
def test_what_needs_not_our_gpu_leaves_the_model_alone(
    bridge: Bridge,
    host: FakeHost,
    start: Callable[[], Keeper],
    make_job: MakeJob,
    job: SetupJob | str,
) -> None:
    start()
    job_id = submit(bridge, make_job().evolve(gpu=1) if isinstance(job, str) else job)
    until(lambda: status(bridge, job_id).is_over)
    assert not host.freed and not host.lock.locked()


def test_who_shares_the_gpu_is_not_stopped(
    bridge: Bridge, host: FakeHost, start: Callable[[], Keeper], make_job: MakeJob
) -> None:
    host.wanted = False
    keeper = start()
    assert keeper.announce() == []
    with host.lock:
        job_id = submit(bridge, make_job())
        until(lambda: status(bridge, job_id) is Status.SUCCEEDED)
    assert not host.freed


def test_a_training_that_began_before_the_webui_parks_it_at_once(
    bridge: Bridge, host: FakeHost, start: Callable[[], Keeper], make_job: MakeJob
) -> None:
    job_id = submit(bridge, make_job("hold"))
    wait_step(bridge, job_id, 10)
    start()
    until(lambda: host.freed)
    assert status(bridge, job_id) is Status.RUNNING
    go(bridge, job_id)
    until(lambda: host.restored)
    assert status(bridge, job_id) is Status.SUCCEEDED


def test_a_host_that_cannot_free_its_model_is_still_kept_from_generating(
    bridge: Bridge, host: FakeHost, start: Callable[[], Keeper], make_job: MakeJob
) -> None:
    host.breaks = True
    start()
    job_id = submit(bridge, make_job("hold"))
    wait_step(bridge, job_id, 10)
    assert host.lock.locked()
    go(bridge, job_id)
    until(lambda: host.restored and not host.lock.locked())
    assert status(bridge, job_id) is Status.SUCCEEDED


def test_changing_ones_mind_gives_the_model_back_at_once(
    bridge: Bridge, host: FakeHost, start: Callable[[], Keeper], make_job: MakeJob
) -> None:
    start()
    job_id = submit(bridge, make_job("hold"))
    wait_step(bridge, job_id, 10)
    host.wanted = False
    until(lambda: host.restored and not host.lock.locked())
    assert status(bridge, job_id) is Status.RUNNING


def test_a_lost_training_is_found_out_and_the_model_comes_back(
    bridge: Bridge, host: FakeHost, start: Callable[[], Keeper], make_job: MakeJob
) -> None:
    start()
    job_id = submit(bridge, make_job("hold"))
    until(lambda: status(bridge, job_id) is Status.RUNNING and bridge._store.get(job_id).process)
    for found in supervisors(bridge.home):
        found.kill()
    until(lambda: host.restored)
    assert status(bridge, job_id) is Status.LOST


def test_ending_gives_both_locks_back(
    bridge: Bridge, host: FakeHost, start: Callable[[], Keeper], make_job: MakeJob
) -> None:
    keeper = start()
    job_id = submit(bridge, make_job("hold"))
    wait_step(bridge, job_id, 10)
    keeper.close()
    assert host.restored and not host.lock.locked() and Keeper.running() is None
    go(bridge, job_id)
    wait_status(bridge, job_id, Status.SUCCEEDED)
    with hold(bridge.home.supervisor_lock, wait=SECONDS) as mine:
        assert mine


def test_before_the_first_use_nothing_is_written(tmp_path: Path, host: FakeHost) -> None:
    keeper = Keeper(Home(tmp_path / "home"), host.gate())
    keeper.tick()
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_job_that_gets_the_gpu_while_we_look_is_seen(
    bridge: Bridge, make_job: MakeJob, at: int
) -> None:
    """Else the model would come back between two trainings."""
    store, looks = bridge._store, 0
    store.add(make_job())

    class Between(Store):
        def _open(self, *words: Any) -> Any:
            nonlocal looks
            looks += 1
            if looks == at:
                assert store.claim()
            return super()._open(*words)

    assert keeper_module.active(Between(bridge.home.database))


def test_an_idle_look_opens_no_database(
    bridge: Bridge, host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = Keeper(bridge.home, host.gate())
    for _ in range(3):
        keeper.tick()
    monkeypatch.setattr(keeper, "_store", lambda: pytest.fail("opened"))
    for _ in range(100):
        keeper.tick()
    keeper._let_go()


def test_an_unusable_home_is_no_end(
    host: FakeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper_module, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(keeper_module, "LONGEST_PAUSE", 0.1)
    home = Home(tmp_path / "home")
    home.root.mkdir()
    home.database.write_bytes(b"this is no database" * 100)
    keeper = Keeper(home, host.gate())
    keeper.start()
    time.sleep(0.5)
    assert keeper.is_alive()
    keeper.close()
    assert not host.lock.locked()


def test_a_pause_gives_the_gpu_back_at_the_next_save_and_the_training_goes_on_by_itself(
    bridge: Bridge, host: FakeHost, start: Callable[[], Keeper], make_job: MakeJob
) -> None:
    start()
    job_id, second = (
        submit(bridge, make_job("hold halt:20", max_train_steps=40)),
        submit(bridge, make_job()),
    )
    wait_step(bridge, job_id, 10)
    bridge.pause(job_id, minutes=10)
    wait_status(bridge, job_id, Status.STOPPING)
    go(bridge, job_id)  # the trainer goes on to its next save
    until(lambda: host.restored and not host.lock.locked())
    with host.lock:  # pictures are generated now, for longer than the pause is from now on
        bridge.pause(job_id, minutes=1 / 60)
        assert status(bridge, job_id) is status(bridge, second) is Status.QUEUED
        stopped_at = bridge.folder(job_id).states("Ada")[-1]
        time.sleep(2.5)
        assert status(bridge, job_id) is status(bridge, second) is Status.QUEUED
        assert len(host.freed) == 1
    until(
        lambda: (
            status(bridge, job_id) is Status.SUCCEEDED
            and status(bridge, second) is Status.SUCCEEDED
        )
    )
    assert len(host.freed) == 2, "the model left again"
    assert [
        entry.attempt for entry in bridge.events(job_id) if isinstance(entry.event, Started)
    ] == [1, 2]
    assert f"Going on from step {int(stopped_at.name[-14:-6])}." in notes(bridge, job_id)


def notes(bridge: Bridge, job_id: int) -> list[str]:
    return [entry.event.text for entry in bridge.events(job_id) if isinstance(entry.event, Note)]
