"""A home that version 0.1.0 wrote before its modules moved into packages: it opens, and goes on.

tests/recorded/home-of-0.1.0.zip was written by that version over the fake trainer, in /tmp/ada: one
job that succeeded, with its three exports, one stopped at step 10 of 40, one that failed.
"""

from __future__ import annotations

import sqlite3
import sys
import zipfile
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines.sd_scripts.installed import installation
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.page import loras
from sd_scripts_bridge.page.context import Context
from sd_scripts_bridge.page.jobs import JobViews
from sd_scripts_bridge.paths import Home
from tests.conftest import FAKE_SCRIPTS
from tests.support.supervisor import wait_over

RECORDED = Path(__file__).parents[1] / "recorded" / "home-of-0.1.0.zip"
THERE = "/tmp/ada"
TEXTS = (".json", ".toml", ".txt", ".sh", ".bat", ".log")


@pytest.fixture
def old(tmp_path: Path) -> Bridge:
    """The home as it was left, moved to this test's folder."""
    with zipfile.ZipFile(RECORDED) as file:
        file.extractall(tmp_path)
    here = tmp_path.as_posix()
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.suffix in TEXTS:
            path.write_text(path.read_text("utf-8").replace(THERE, here), "utf-8")
    with sqlite3.connect(tmp_path / "home" / "bridge.sqlite3") as database:
        for table, column in (("jobs", "spec"), ("jobs", "sentence"), ("events", "data")):
            database.execute(
                f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (THERE, here)
            )
    database.close()
    home = Home(tmp_path / "home").create()
    installation.write(home, installation.Installation(str(FAKE_SCRIPTS), sys.executable))
    return Bridge(home)


def test_its_jobs_events_and_results_are_there(old: Bridge) -> None:
    rows = old.jobs()
    assert [row.status for row in rows] == [Status.SUCCEEDED, Status.STOPPED, Status.FAILED]
    assert "Ada.safetensors is in " in rows[0].sentence and "Step 10 is saved" in rows[1].sentence
    views = JobViews(old)
    for row in rows:
        shown = views.status(row.id, 0)
        assert shown.job and shown.job.id == row.id and len(old.events(row.id)) > 3
        assert old.folder(row.id).command.read_text("utf-8").strip()
        assert old.log(row.id)
    finished = views.status(1, 0).job
    assert finished and finished.step == 20


def test_its_lora_is_known_as_its_jobs(old: Bridge) -> None:
    context = Context(old, lora_dir=old.home.root.parent / "models" / "Lora")
    assert [(row.stem, row.job) for row in loras.listed(context).loras] == [("Ada", 1)]


@pytest.mark.parametrize("form", ["toml", "kohya", "sh"])
def test_its_exports_come_in_again(old: Bridge, form: str) -> None:
    folder = old.folder(1).root / "export" / form
    file = next(path for path in sorted(folder.iterdir()) if path.name != "dataset.toml")
    imported = old.import_file(file)
    assert imported.values["network_dim"] == 32 and imported.values["max_train_steps"] == 20
    assert old.export(1, form, folder.parent / "again").files


def test_its_stopped_job_goes_on_from_its_state(old: Bridge) -> None:
    (old.folder(2).output / "go").touch()
    assert "step00000010" in old.resume(2)
    row = wait_over(old, 2)
    assert row.status is Status.SUCCEEDED and isinstance(row.job, TrainingJob), row.sentence
