"""An update of the package while a job runs: the job ends well, the next one has the new code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import sd_scripts_bridge
from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.job import Status
from tests.support.patience import SECONDS
from tests.support.supervisor import MakeJob, wait, wait_over, wait_step


@pytest.fixture
def extension(tmp_path: Path) -> Path:
    """A copy of the package that may be replaced."""
    folder = tmp_path / "extensions" / "lora-bridge"
    package = Path(sd_scripts_bridge.__file__).parent
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, folder / package.name, ignore=ignored)
    return folder


def supervise(extension: Path, bridge: Bridge) -> None:
    """A supervisor that runs the code of ``extension``."""
    code = (
        "import sys; from pathlib import Path; from sd_scripts_bridge.running import supervisor; "
        "from sd_scripts_bridge import paths; supervisor.spawn(paths.Home(Path(sys.argv[1])))"
    )
    argv = [sys.executable, "-c", code, str(bridge.home.root)]
    env = {**os.environ, "PYTHONPATH": str(extension)}
    subprocess.run(argv, cwd=extension, env=env, check=True)


def supervisor_of(bridge: Bridge, job_id: int) -> psutil.Process:
    known = bridge._store.get(job_id).process
    assert known
    return psutil.Process(psutil.Process(json.loads(known)["pid"]).ppid())


@pytest.mark.parametrize("act", ["hold", "hold exit:15", "hold nothing"])
def test_the_package_vanishes_while_a_job_runs(
    bridge: Bridge, make_job: MakeJob, extension: Path, act: str
) -> None:
    job_id = bridge._store.add(make_job(act))
    supervise(extension, bridge)
    wait_step(bridge, job_id, 10)
    shutil.rmtree(extension)
    (bridge.folder(job_id).output / "go").touch()
    row = wait_over(bridge, job_id)
    if act == "hold":
        assert row.status is Status.SUCCEEDED, row.sentence
        assert (
            Path(str(bridge.home.root)).parent / "models" / "Lora" / "Ada.safetensors"
        ).is_file()
    else:
        assert row.status is Status.FAILED
        assert "itself" not in row.sentence, row.sentence


def test_after_an_update_the_next_job_runs_under_the_new_code(
    bridge: Bridge, make_job: MakeJob, extension: Path
) -> None:
    first, second = (bridge._store.add(make_job("hold")) for _ in range(2))
    supervise(extension, bridge)
    wait_step(bridge, first, 10)
    old = supervisor_of(bridge, first)
    package = extension / "sd_scripts_bridge"
    package.rename(extension / "before")
    (bridge.folder(first).output / "go").touch()
    wait_over(bridge, first)
    time.sleep(1)
    assert bridge._store.get(second).status is Status.QUEUED, "there is no code to run it"
    init = extension / "before" / "__init__.py"
    init.write_text('"""The next version."""\n\n__version__ = "99.0.0"\n')
    init.parent.rename(package)
    wait(bridge, second, lambda row: row.status is Status.RUNNING and row.process is not None)
    assert supervisor_of(bridge, second) != old
    (bridge.folder(second).output / "go").touch()
    assert wait_over(bridge, second).status is Status.SUCCEEDED
    old.wait(timeout=SECONDS)


def test_without_an_update_one_supervisor_runs_the_whole_queue(
    bridge: Bridge, make_job: MakeJob, extension: Path
) -> None:
    first, second = (bridge._store.add(make_job("hold")) for _ in range(2))
    supervise(extension, bridge)
    wait_step(bridge, first, 10)
    supervisor = supervisor_of(bridge, first)
    (bridge.folder(first).output / "go").touch()
    wait(bridge, second, lambda row: row.status is Status.RUNNING and row.process is not None)
    assert supervisor_of(bridge, second) == supervisor
    (bridge.folder(second).output / "go").touch()
    assert wait_over(bridge, second).status is Status.SUCCEEDED
