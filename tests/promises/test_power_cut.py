"""A crash or a power cut at any moment: whatever was said to be done is there again, and nothing is
half.

A real power cut needs another machine; here processes are killed at random moments, and files are
left as a cut can leave them: the database's log cut off or torn anywhere, and every file of ours
empty, half, or full of zeros.
"""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.events import Note, Started
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.jobs.store import Store
from sd_scripts_bridge.page.context import Context
from sd_scripts_bridge.page.draft.draft import Draft, _draft_at
from sd_scripts_bridge.paths import PACKAGE_PARENT, Home
from sd_scripts_bridge.rest import app as rest
from sd_scripts_bridge.rest.routes import PREFIX, RULES
from sd_scripts_bridge.system.files import write_json
from sd_scripts_bridge.system.locks import is_held
from tests.support import messy
from tests.support.page import describe, uploaded
from tests.support.patience import until
from tests.support.supervisor import submit, wait, wait_over, wait_step

MakeJob = Callable[..., TrainingJob]

WRITER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from sd_scripts_bridge.page.draft.choices import DraftChange, TrainingChange
from sd_scripts_bridge.page.draft.draft import Draft
from sd_scripts_bridge.jobs.job import SetupJob
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.system.files import write_json
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.jobs.store import Store

home, number = Home(Path(sys.argv[2])).create(), int(sys.argv[3])
draft, store = Draft(home), Store(home.database, home.jobs)
while True:
    number += 1
    draft.describe(DraftChange(f"n{number}", training=TrainingChange(values={"seed": number})))
    job = store.add(SetupJob("sd-scripts", source=str(number)))
    written = SetupJob("sd-scripts", source=str(number)).as_dict()
    write_json(JobFolder(home.jobs / f"{job:06d}").create().job, written)
    print(number, flush=True)
"""


def test_killed_at_any_moment_while_drafts_and_jobs_are_written(home: Home) -> None:
    dice, said = random.Random(26), 0
    for _ in range(6):
        argv = [sys.executable, "-c", WRITER, str(PACKAGE_PARENT), str(home.root), str(said)]
        writer = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        assert writer.stdout
        for _ in range(dice.randrange(2, 7)):  # it writes
            said = int(writer.stdout.readline())
        time.sleep(dice.random() / 20)
        writer.kill()
        rest_of_it, _ = writer.communicate()
        said = max([said, *(int(line) for line in rest_of_it.split("\n")[:-1])])
        draft, store = Draft(home), Store(home.database, home.jobs)
        written = int(draft.state.name[1:])
        assert written in (said, said + 1) and draft.state.training.values == {"seed": written}
        sources = [json.loads(row.spec)["source"] for row in store.jobs()]
        assert set(map(str, range(1, said + 1))) <= set(sources) and not store.recovered
        for file in home.jobs.glob("*/job.json"):
            assert json.loads(file.read_text(encoding="utf-8"))["kind"] == "setup"
        describe(draft, {"class_token": f"c{said}"})  # nothing that was left behind is in the way
        said = max(map(int, sources))
    with sqlite3.connect(home.database) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    assert said >= 2 * 6


def test_a_log_of_the_database_that_is_cut_or_torn_anywhere_costs_the_newest_only(
    home: Home, make_job: MakeJob
) -> None:
    """SQLite's write-ahead log, as far as the disk had got with it."""
    store, held = Store(home.database), sqlite3.connect(home.database)
    held.execute(
        "SELECT count(*) FROM jobs"
    ).fetchone()  # while somebody is connected, the log is not put away
    for number in range(12):
        store.add(make_job(str(number)))
    log = Path(f"{home.database}-wal")
    size, dice, counts = log.stat().st_size, random.Random(3), []
    for number, length in enumerate(
        sorted([0, 1, 31, size, *(dice.randrange(size) for _ in range(16))])
    ):
        copy = home.root / f"cut {number}" / "bridge.sqlite3"
        copy.parent.mkdir()
        shutil.copyfile(home.database, copy)
        data = log.read_bytes()[:length]
        torn = data[:-300] + dice.randbytes(min(300, len(data))) if number % 3 == 2 else data
        Path(f"{copy}-wal").write_bytes(torn)
        opened = Store(copy, home.jobs)
        ids = [row.id for row in opened.jobs()]
        assert ids == list(range(1, len(ids) + 1)) and not opened.recovered
        assert opened.add(make_job()) == len(ids) + 1
        counts.append(len(ids))
    held.close()
    assert counts[0] == 0 and max(counts) == 12


def as_a_cut_leaves_it(path: Path, how: str) -> None:
    data = path.read_bytes()
    path.write_bytes({"empty": b"", "half": data[: len(data) // 2], "zeros": bytes(len(data))}[how])


@pytest.mark.parametrize("how", ["empty", "half", "zeros"])
def test_every_file_of_ours_torn_and_all_of_it_opens_still(
    bridge: Bridge, make_job: MakeJob, how: str
) -> None:
    job_id = submit(bridge, make_job())
    assert wait_over(bridge, job_id).status is Status.SUCCEEDED
    draft = Draft(bridge.home)
    draft.upload(
        [uploaded(f"{number}.jpg", messy.jpeg(messy.photo(number))) for number in range(3)]
    )
    describe(draft, {"name": "Ada"})
    assert draft.check.wait()
    torn = [
        *bridge.home.root.rglob("*.json"),
        bridge.folder(job_id).config,
        bridge.folder(job_id).command,
    ]
    assert {"job.json", "report.json", "draft.json", "checks.json", "sd-scripts.json"} <= {
        path.name for path in torn
    }
    for path in torn:
        as_a_cut_leaves_it(path, how)
    _draft_at.cache_clear()
    context, app = Context(Bridge(bridge.home)), Starlette()
    rest.mount(app, context)
    client = TestClient(app, raise_server_exceptions=False)
    for rule in (rule for rule in RULES if rule.method == "GET"):
        address = rule.path.replace("{job}", "1").replace("{pid}", "1").replace("{number}", "0")
        answer = client.get(f"{PREFIX}{address}?format=toml&jobs=1,2")
        assert answer.status_code in (200, 404, 409), (address, answer.text)
    assert context.draft.check.wait()
    shown = client.get(f"{PREFIX}/draft").json()
    assert [photo["file"] for photo in shown["photos"]] == ["0.jpg", "1.jpg", "2.jpg"]
    assert (
        "draft.json can't be read" in shown["advice"][-1]
        and "The uploaded photos are back" in shown["advice"][-1]
    )
    assert (bridge.home.root / "draft" / "draft.json.broken").is_file()
    describe(context.draft, {"name": "Eve"})
    assert Draft(bridge.home).state.name == "Eve" and len(Draft(bridge.home).state.items) == 3
    assert bridge._store.get(job_id).status is Status.SUCCEEDED and "succeeded" in bridge.report(
        job_id
    )


def test_what_a_kill_between_writing_and_renaming_leaves_is_never_read(
    home: Home, make_job: MakeJob
) -> None:
    draft = Draft(home)
    describe(draft, {"name": "Ada"})
    for folder in (draft.folder, home.jobs / "000001"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("draft.json", "job.json", "report.json", "checks.json"):
            (folder / f".{name}.999.part").write_text('{"name": "half')
    write_json(JobFolder(home.jobs / "000001").job, make_job().as_dict())
    assert Draft(home).state.name == "Ada"
    assert [row.id for row in Store(home.database, home.jobs).jobs()] == [1]


def test_all_of_it_killed_at_once_the_queue_goes_on_and_the_lost_one_resumes(
    bridge: Bridge, make_job: MakeJob
) -> None:
    first = submit(bridge, make_job("hold"))
    later = [bridge._store.add(make_job().evolve(name=name)) for name in ("Eve", "Zoe")]
    wait_step(bridge, first, 10)
    trainer = next(
        entry.event.pid for entry in bridge.events(first) if isinstance(entry.event, Started)
    )
    for process in (psutil.Process(trainer).parent(), psutil.Process(trainer)):
        assert process
        process.kill()
    until(lambda: not is_held(bridge.home.supervisor_lock))
    assert Bridge(bridge.home).jobs()[0].status is Status.LOST  # somebody opens the page again
    for job_id in later:
        assert wait_over(bridge, job_id).status is Status.SUCCEEDED
    assert all(bridge._store.get(job_id).attempt == 1 for job_id in later), "each began once"
    (bridge.folder(first).output / "go").touch()
    assert "continues from" in bridge.resume(first)
    row = wait(bridge, first, lambda row: row.attempt == 2 and row.status.is_over)
    assert row.status is Status.SUCCEEDED and Note("Going on from step 10.") in [
        e.event for e in bridge.events(first)
    ]
