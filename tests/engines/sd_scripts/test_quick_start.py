"""A script that is started quickly sees what it would see if it had been called itself."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.engines.sd_scripts import launching
from sd_scripts_bridge.engines.sd_scripts.installed.installation import Installation
from sd_scripts_bridge.jobs.job import TrainingJob

MakeJob = Callable[..., TrainingJob]

SCRIPT = """
import gc, json, multiprocessing, sys
import beside

def square(number):
    return number * number

if __name__ == "__main__":
    if "--fail" in sys.argv:
        raise ValueError("nothing to train")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(json.dumps({
            "words": sys.argv, "file": __file__, "path": sys.path, "beside": beside.__file__,
            "worker": pool.map(square, [7]), "collects": [gc.isenabled(), *gc.get_threshold()],
            "set aside": gc.get_freeze_count(),
        }))
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    (tmp_path / "beside.py").write_text("", encoding="utf-8")
    path = tmp_path / "train_network.py"
    path.write_text(SCRIPT, encoding="utf-8")
    return path


def ran(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, words)], capture_output=True, text=True, check=False)


def test_a_script_sees_what_it_would_see_if_called_itself(script: Path, make_job: MakeJob) -> None:
    start = launching.start(make_job(), Installation("", sys.executable), script)
    quick, direct = (seen(ran(*words, "--a", "b c")) for words in (start, [start[0], script]))
    assert quick.pop("set aside") > direct.pop("set aside") == 0
    assert quick == direct


def test_it_ends_as_if_called_itself(script: Path, make_job: MakeJob) -> None:
    start = launching.start(make_job(), Installation("", sys.executable), script)
    quick, direct = (ran(*words, "--fail") for words in (start, [start[0], script]))
    assert quick.returncode == direct.returncode == 1
    assert quick.stderr.splitlines()[-3:] == direct.stderr.splitlines()[-3:]


def seen(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
