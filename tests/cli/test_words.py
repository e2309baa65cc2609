"""Words that can't be understood, or that name nothing: each gets one sentence, or JSON."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.events import Progress
from sd_scripts_bridge.jobs.job import SetupJob, Status
from tests.support.verbs import run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["trian"], 2, "There is no verb 'trian'. Did you mean train?"),
        (["qqqq"], 2, "There is no verb 'qqqq'. `sd-scripts-bridge --help` lists them."),
        (["check", ""], 2, "an empty word is not a path"),
        (["jobs", "9" * 23], 2, "is not a job's number"),
        (["log", "1", "--lines", "-3"], 2, "'-3' is not a whole number"),
        (["import", "/nowhere/x.json"], 1, "There is no file '/nowhere/x.json'."),
        (["jobs", "9"], 1, "There is no job 9"),
    ],
)
def test_one_sentence_on_stderr_or_json_on_stdout(
    bridge: Bridge, words: list[str], code: int, sentence: str
) -> None:
    done = run(bridge, *words)
    assert (done.returncode, done.stdout) == (code, "")
    assert sentence in done.stderr and "Traceback" not in done.stderr
    as_json = run(bridge, *words, "--json")
    assert (as_json.returncode, as_json.stderr) == (code, "")
    told = json.loads(as_json.stdout)["error"]
    assert sentence in told["sentences"][0] and isinstance(told["problems"], list)


def test_no_lines_are_no_lines(bridge: Bridge) -> None:
    bridge._store.add(SetupJob("sd-scripts"))
    log = bridge.folder(1).log
    log.parent.mkdir(parents=True)
    log.write_text("one\ntwo\n", encoding="utf-8")
    assert run(bridge, "log", 1).stdout == "one\ntwo\n"
    assert run(bridge, "log", 1, "--lines", 0).stdout == ""


def test_the_loss_comes_as_a_table(bridge: Bridge) -> None:
    job = bridge._store.add(SetupJob("sd-scripts"))
    for event in (Progress(1, 2), Progress(2, 2, 0.5), Progress(2, 2, 0.125)):
        bridge._store.append(job, 1, event)
    rows = run(bridge, "log", job, "--csv").stdout.splitlines()
    assert rows[0] == "attempt,step,loss,time" and len(rows) == 3
    assert re.fullmatch(r"1,1,,\d+\.\d{3}", rows[1])
    assert rows[2].startswith("1,2,0.125,")


def test_several_jobs_go_at_once_and_what_stays_is_named(bridge: Bridge) -> None:
    for _ in range(4):
        job = bridge._store.add(SetupJob("sd-scripts"))
        bridge._store.move(job, Status.STOPPED, of=[Status.QUEUED], attempt=0, sentence="")
    done = run(bridge, "rm", 2, 9, 3)
    assert done.returncode == 1 and "There is no job 9" in done.stderr
    assert [row.id for row in bridge._store.jobs()] == [1, 4]
    told = json.loads(run(bridge, "rm", 8, 1, "--json").stdout)
    assert [row["job"] for row in told["removed"]] == [1] and told["error"]["sentences"]


MODULES = ("cli.main", "messages", "errors", "bridge", "cli.verbs.training", "cli.words")
"""Some that the command line loads."""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("module", MODULES)
def test_ctrl_c_while_modules_load_is_130_and_says_nothing(bridge: Bridge, module: str) -> None:
    """Pressed while this one is looked for on a slow disk."""
    code = (
        "import sys, runpy, time\n"
        "class Slow:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == 'sd_scripts_bridge.{module}':\n"
        "            print('on', flush=True); time.sleep(300)\n"
        "sys.meta_path.insert(0, Slow())\n"
        "sys.argv = ['x', 'jobs']\n"
        "runpy.run_module('sd_scripts_bridge', run_name='__main__')\n"
    )
    environment = {**os.environ, "SD_SCRIPTS_BRIDGE_HOME": str(bridge.home.root)}
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    assert child.stdout and child.stdout.readline() == "on\n"
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=120)
    assert (child.returncode, errors) == (130, "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for one process")
@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_is_130_from_our_handler_on(bridge: Bridge) -> None:
    """What comes before it is Python's own start."""
    stop = (
        "import os, signal, sys, runpy\n"
        "seen = []\n"
        "def look(frame, event, arg):\n"
        "    if not frame.f_code.co_filename.endswith('sd_scripts_bridge/__main__.py'): return "
        "None\n"
        "    if event == 'line' and frame.f_code.co_name == 'main':\n"
        "        seen.append(1)\n"
        "        if len(seen) == {at}: os.kill(os.getpid(), signal.SIGINT)\n"
        "    return look\n"
        "sys.argv = ['x', 'jobs']\n"
        "sys.settrace(look)\n"
        "runpy.run_module('sd_scripts_bridge', run_name='__main__')\n"
    )
    environment = {**os.environ, "SD_SCRIPTS_BRIDGE_HOME": str(bridge.home.root)}
    ends = []
    for at in range(4, 8):
        words = [sys.executable, "-c", stop.format(at=at)]
        done = subprocess.run(
            words, capture_output=True, text=True, cwd=ROOT, env=environment, check=False
        )
        ends.append((done.returncode, done.stderr))
    assert ends == [(130, "")] * 4, ends


@pytest.mark.skipif(os.name == "nt", reason="BROWSER is a shell script")
@pytest.mark.parametrize("there", [True, False])
def test_the_page_opens_where_there_is_a_browser(tmp_path: Path, there: bool) -> None:
    browser, asked = tmp_path / "browser", tmp_path / "asked"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{asked}"\n', encoding="utf-8")
    browser.chmod(0o755)
    code = (
        "from sd_scripts_bridge.cli.verbs.machine import open_page; "
        "print(open_page('http://127.0.0.1:7'))"
    )
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    environment = {**kept, "BROWSER": str(browser)} if there else kept
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=environment
    )
    assert done.stdout == f"{there}\n", done.stderr
    assert not there or asked.read_text(encoding="utf-8") == "http://127.0.0.1:7\n"
