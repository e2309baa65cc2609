"""The door to other programs: what a program that fails, hangs or outlives us comes to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import psutil
import pytest

from sd_scripts_bridge.errors import CommandFailed
from sd_scripts_bridge.system import process

MISSING = "no-such-program-here"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_program_that_never_answers_is_given_up_and_ended(tmp_path: Path) -> None:
    silent, env = python("import time; time.sleep(300)"), {process.COOKIE: str(tmp_path)}
    with pytest.raises(CommandFailed, match=r"no answer within 0.5 s"):
        process.run(silent, env=env, timeout=0.5)
    assert "no answer" in process.run(silent, env=env, timeout=0.5, check=False)
    assert process.with_cookie(str(tmp_path)) == []


def test_each_line_comes_while_the_program_runs_and_a_failure_carries_them_all() -> None:
    said: list[str] = []
    code = "import sys; print('ö'); print('two', file=sys.stderr); sys.exit(3)"
    with pytest.raises(CommandFailed) as failed:
        process.each_line(python(code), said.append)
    assert said == ["ö", "two"]
    assert failed.value.code == 3 and "two" in str(failed.value)


def test_output_that_is_shown_is_shown_and_its_failure_points_there(
    capfd: pytest.CaptureFixture[str],
) -> None:
    process.stream(python("print('seen')"))
    assert capfd.readouterr().out == "seen\n"
    with pytest.raises(CommandFailed, match="see the output above"):
        process.stream(python("raise SystemExit(4)"))


@pytest.mark.parametrize(
    "begin",
    [
        lambda _: process.stream([MISSING]),
        lambda _: process.each_line([MISSING], print),
        lambda log: process.start([MISSING], log=log, env={}),
    ],
)
def test_a_program_that_is_not_there_is_named(
    begin: Callable[[IO[bytes]], object], tmp_path: Path
) -> None:
    with (tmp_path / "log").open("ab") as log, pytest.raises(CommandFailed, match=MISSING):
        begin(log)


def test_a_detached_program_is_in_a_session_of_its_own_and_writes_into_its_log(
    tmp_path: Path,
) -> None:
    log = tmp_path / "supervisor.log"
    log.write_text("before\n")
    pid = process.spawn_detached(python("print('after')"), log=log, env={})
    psutil.wait_procs([psutil.Process(pid)])
    assert log.read_text().split() == ["before", "after"]
    begun = tmp_path / "begun"
    code = f"import pathlib; pathlib.Path({str(begun)!r}).touch()"
    pid = process.spawn_detached(python(code), log=tmp_path, env={})  # a log that can't be opened
    psutil.wait_procs([psutil.Process(pid)])
    assert begun.exists()


def test_a_tree_ends_with_what_it_started_and_what_carries_its_cookie(tmp_path: Path) -> None:
    """Also where one has left the tree, and another ignores the request."""
    wait = "print('on', flush=True); time.sleep(300)"
    left = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); {wait}"
    apart = f"subprocess.Popen([sys.executable, '-c', {left!r}], start_new_session=True)"
    code = f"import subprocess, sys, time; {apart}; {wait}"
    env = {process.COOKIE: str(tmp_path)}
    with (tmp_path / "log").open("ab") as log:
        child = process.start(python(code), log=log, env=env)
    while (tmp_path / "log").read_text().count("on") < 2:
        assert child.poll() is None
    assert len(process.with_cookie(str(tmp_path))) == 2
    killed = process.stop_tree(child.pid, str(tmp_path), grace=1)
    assert killed >= 1, "one ignores the request"
    assert process.with_cookie(str(tmp_path)) == [] and child.wait() != 0
