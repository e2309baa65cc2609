"""Jobs that train nothing: run, stopped, gone on with, failed, shown and removed as any other."""

from __future__ import annotations

import threading

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines import tools
from sd_scripts_bridge.errors import EngineNotReady, NotFound
from sd_scripts_bridge.jobs.job import Status, ToolJob
from sd_scripts_bridge.jobs.store import JobRow
from sd_scripts_bridge.page.jobs import JobViews
from sd_scripts_bridge.running.asked import again
from sd_scripts_bridge.running.attempt import Attempt
from sd_scripts_bridge.system.locks import hold
from tests.support.patience import SECONDS
from tests.support.supervisor import wait_step


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tools.TOOLS, "count", "tests.support.tool:CountTool")  # type: ignore[arg-type]


def job(to: int = 5, **more: int) -> ToolJob:
    return ToolJob("count", "Count", {"to": to, **more}, about=7)


def attempt(bridge: Bridge) -> JobRow:
    row = bridge._store.claim()
    assert row is not None
    Attempt(bridge.home, bridge._store, row).run()
    return bridge._store.get(row.id)


def test_it_runs_to_its_answer_and_is_shown_as_a_job(bridge: Bridge) -> None:
    number = bridge._store.add(job())
    assert bridge._store.get(number).job == job()
    row = attempt(bridge)
    assert (row.status, row.sentence) == (Status.SUCCEEDED, "Counted to 5.")
    shown = JobViews(bridge).view(row)
    assert (shown.kind, shown.title, shown.step, shown.total) == ("tool", "Count", 5, 5)
    assert "Counted to 5" in bridge.report(number)
    bridge.remove(number)
    assert not bridge.folder(number).root.exists()


def test_a_stop_keeps_what_is_done_and_resume_does_the_rest(bridge: Bridge) -> None:
    number = bridge._store.add(job(60, hold=30))
    row = bridge._store.claim()
    assert row
    runs = threading.Thread(target=Attempt(bridge.home, bridge._store, row).run)
    with hold(bridge.home.supervisor_lock):  # as the supervisor does, so that nobody calls it lost
        runs.start()
        wait_step(bridge, number, 1)
        assert "continues with what is left" in bridge.stop(number)
        runs.join(SECONDS)
    done = len((bridge.folder(number).output / "done").read_bytes())
    assert bridge._store.get(number).status is Status.STOPPED and done == 30
    again.resume(bridge.home, bridge._store, bridge._store.get(number))
    row = attempt(bridge)
    assert row.status is Status.SUCCEEDED and row.attempt == 2
    assert (bridge.folder(number).output / "done").read_bytes() == b"." * 60


def test_a_program_that_fails_says_so(bridge: Bridge) -> None:
    bridge._store.add(job(100))
    row = attempt(bridge)
    assert row.status is Status.FAILED and row.sentence


def test_a_torn_answer_fails_the_job_and_says_what_to_do(bridge: Bridge) -> None:
    number = bridge._store.add(job(2, torn=1))
    row = attempt(bridge)
    assert row.status is Status.FAILED
    result = bridge.folder(number).result
    assert row.sentence == f"{result} can't be read. `retry {number}` starts over."


def test_what_cant_run_is_refused_before_it_is_queued(bridge: Bridge) -> None:
    (bridge.home.root / "no-counting").touch()
    with pytest.raises(EngineNotReady, match="there is no counting here"):
        bridge.run_tool(job())
    with pytest.raises(NotFound, match="There is no tool 'guess'"):
        bridge.run_tool(ToolJob("guess", "Guess"))
    assert bridge.jobs() == []
