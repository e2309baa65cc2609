"""What must not lose a run: the faults of docs/reliability.md that have no home in another test
file.

Real supervisor, real child processes; the trainer is tests/fake_sd_scripts.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import Conflict
from sd_scripts_bridge.jobs.events import Finished, Note, Progress
from sd_scripts_bridge.jobs.job import Status
from sd_scripts_bridge.jobs.store import Store
from sd_scripts_bridge.models.lora import problems
from sd_scripts_bridge.running import supervisor
from sd_scripts_bridge.running.log_tail import last_lines
from sd_scripts_bridge.system import bounded_log, process
from tests.support.patience import SECONDS, until
from tests.support.supervisor import MakeJob, submit, survivors, wait, wait_over, wait_step

deletes_open_files = pytest.mark.skipif(
    os.name == "nt", reason="Windows deletes no file that a program has open"
)
has_holes = pytest.mark.skipif(
    os.name == "nt", reason="on Windows a file with a hole takes its whole size"
)


def test_f2_submitter_killed_and_the_trainer_ends_with_code_7(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job_id = bridge._store.add(make_job("slow exit:12"))
    code = (
        "import psutil, sys; from pathlib import Path; from sd_scripts_bridge import paths; "
        "from sd_scripts_bridge.running import supervisor; "
        "supervisor.spawn(paths.Home(Path(sys.argv[1]))); psutil.Process().kill()"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(bridge.home.root)],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        check=False,
    )
    row = wait_over(bridge, job_id)
    assert row.status is Status.FAILED and "code 7" in row.sentence
    assert row.finished and row.started and row.finished >= row.started


def test_f6_stop_pressed_ten_times_stops_once(bridge: Bridge, make_job: MakeJob) -> None:
    job_id = submit(bridge, make_job("hold"))
    wait_step(bridge, job_id, 10)
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda _: bridge.stop(job_id, now=True), range(10)))
    assert wait_over(bridge, job_id).status is Status.STOPPED
    assert sum(isinstance(entry.event, Finished) for entry in bridge.events(job_id)) == 1
    with pytest.raises(Conflict):
        bridge.stop(job_id)
    assert bridge._store.get(job_id).status is Status.STOPPED


def test_f7_eight_supervisors_at_once_run_one_job_at_a_time(
    bridge: Bridge, make_job: MakeJob
) -> None:
    ids = [bridge._store.add(make_job("slow")) for _ in range(3)]
    for _ in range(8):
        supervisor.spawn(bridge.home)
    most = 0
    while not all(bridge._store.get(job_id).status.is_over for job_id in ids):
        most = max(most, len(bridge._store.jobs([Status.RUNNING, Status.STOPPING])))
        time.sleep(0.02)
    assert most == 1
    assert all(bridge._store.get(job_id).attempt == 1 for job_id in ids)


@pytest.mark.parametrize("what", ["another process under this pid", "another boot"])
def test_f8_f9_a_foreign_process_is_never_signalled(
    bridge: Bridge, make_job: MakeJob, what: str
) -> None:
    foreign = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    identity = process.Identity.of(foreign.pid)
    assert identity
    known = {**asdict(identity), "cookie": "ours"}
    known |= (
        {"started": identity.started - 5}
        if what.startswith("another process")
        else {"boot": "before"}
    )
    job_id = bridge._store.add(make_job())
    row = bridge._store.claim()
    assert row
    bridge._store.note_process(job_id, row.attempt, known)
    assert bridge.job(job_id).status is Status.LOST
    assert foreign.poll() is None
    foreign.kill()
    foreign.wait()


def test_f10_a_clock_set_back_makes_no_result_old(
    bridge: Bridge, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sd_scripts_bridge.running.attempt import Attempt

    bridge._store.add(make_job())
    row = bridge._store.claim()
    assert row
    now = time.time()
    monkeypatch.setattr(
        time, "time", lambda: now + 7200
    )  # the run "begins" two hours after its files' times
    attempt = Attempt(bridge.home, bridge._store, row)
    monkeypatch.setattr(time, "time", lambda: now)
    attempt.run()
    done = bridge._store.get(row.id)
    assert done.status is Status.SUCCEEDED, done.sentence


def test_f12_a_disk_that_fills_while_saving_keeps_the_last_good_checkpoint(
    bridge: Bridge, make_job: MakeJob, small_disk: Path
) -> None:
    job = make_job("slow", max_train_steps=400, save_every_n_steps=4)
    job_id = bridge._store.add(job)
    folder = bridge.folder(job_id)
    folder.root.mkdir(parents=True)
    folder.output.symlink_to(small_disk, target_is_directory=True)
    supervisor.spawn(bridge.home)
    row = wait_over(bridge, job_id)
    assert row.status is Status.FAILED and "disk is full" in row.sentence
    good = [path for path in small_disk.glob("*.safetensors") if not problems(path)]
    assert len(good) >= 3


def test_f13_a_disk_too_full_for_the_database_does_not_stop_the_run(
    bridge: Bridge, make_job: MakeJob, small_disk: Path, tmp_path: Path
) -> None:
    from sd_scripts_bridge.running.attempt import Attempt

    home = bridge.home
    for folder in ("jobs", "engines"):
        shutil.copytree(home.root / folder, tmp_path / "elsewhere" / folder, dirs_exist_ok=True)
        (small_disk / folder).symlink_to(tmp_path / "elsewhere" / folder)
    store = Store(small_disk / "bridge.sqlite3")
    store.add(make_job("hold", max_train_steps=200))
    row = store.claim()
    assert row
    attempt = Attempt(type(home)(small_disk), store, row)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(attempt.run)
        while attempt.facts.steps < 10 and not running.done():
            time.sleep(0.05)
        filler = small_disk / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError):
            while True:
                file.write(b"x" * 1024)
        (attempt.folder.output / "go").touch()
        time.sleep(2)
        filler.unlink()
        running.result(timeout=SECONDS)
    done = store.get(row.id)
    assert done.status is Status.SUCCEEDED, done.sentence
    assert [e.event.step for e in store.events(row.id) if isinstance(e.event, Progress)][-1] == 200


def test_f13_a_full_home_ends_no_supervisor_and_no_training(
    bridge: Bridge, make_job: MakeJob, small_disk: Path, tmp_path: Path
) -> None:
    """The queue and the supervisor's log lie on the full disk, the job's own folder elsewhere."""
    for folder in ("jobs", "engines"):
        there = tmp_path / "elsewhere" / folder
        shutil.copytree(bridge.home.root / folder, there)
        (small_disk / folder).symlink_to(there)
    full = Bridge(type(bridge.home)(small_disk))
    first = full._store.add(make_job("hold", max_train_steps=30))
    supervisor.spawn(full.home)
    wait_step(full, first, 10)
    second = full._store.add(make_job())
    trainer = survivors(full, first)[0]
    with (small_disk / "filler").open("wb", buffering=0) as file, pytest.raises(OSError):
        while True:
            file.write(b"x" * 512)
    time.sleep(3)
    assert trainer.is_running(), "a full disk of ours is no reason to end it"
    (full.folder(first).output / "go").touch()
    trainer.wait(SECONDS)
    time.sleep(2)
    (small_disk / "filler").unlink()
    for job_id in (first, second):
        row = wait_over(full, job_id)
        assert row.status is Status.SUCCEEDED and row.attempt == 1, row.sentence


def test_f13_a_trainer_that_dies_of_its_log_on_a_full_disk_says_so(
    bridge: Bridge, make_job: MakeJob, small_disk: Path
) -> None:
    from sd_scripts_bridge.running.attempt import Attempt

    job_id = bridge._store.add(make_job())
    bridge.folder(job_id).root.symlink_to(small_disk, target_is_directory=True)
    row = bridge._store.claim()
    assert row
    attempt = Attempt(bridge.home, bridge._store, row)
    attempt._prepare()
    (small_disk / "train.log").write_text("steps: 1\n")
    status, sentence = attempt._verdict(1)
    assert status is Status.FAILED and "is full. Free some space, then `resume 1`." in sentence


def test_the_supervisors_log_stays_small_and_says_a_thing_once(tmp_path: Path) -> None:
    log = logging.getLogger("sd_scripts_bridge.running.supervisor")
    ours = logging.getLogger("sd_scripts_bridge")
    before = ours.handlers[:], ours.level, ours.propagate
    try:
        bounded_log.begin(tmp_path / "supervisor.log")
        for _ in range(1000):
            log.warning("the disk is full")
        assert (tmp_path / "supervisor.log").read_text().count("the disk is full") == 1
        for number in range(3000):
            log.warning("%s %s", number, "x" * 1000)
        sizes = [path.stat().st_size for path in tmp_path.glob("supervisor.log*")]
        assert len(sizes) == 2 and max(sizes) < bounded_log.MOST_BYTES + 2000
        assert "2999 xxx" in (tmp_path / "supervisor.log").read_text()
        bounded_log.begin(tmp_path / "no such folder" / "supervisor.log")
        log.warning("nobody hears this, and nothing happens")
    finally:
        ours.handlers[:], ours.propagate = before[0], before[2]
        ours.setLevel(before[1])


def test_f15_a_reader_never_sees_half_a_json_file(tmp_path: Path) -> None:
    target = tmp_path / "job.json"
    code = (
        "import sys; from pathlib import Path; from sd_scripts_bridge.system.files import "
        "write_json\n"
        "n = 0\nwhile True:\n    n += 1; write_json(Path(sys.argv[1]), {'n': n, 'fill': 'x' * "
        "20000})"
    )
    for _ in range(10):
        target.unlink(missing_ok=True)
        writer = subprocess.Popen([sys.executable, "-c", code, str(target)], cwd=os.getcwd())
        while not target.exists() and writer.poll() is None:
            time.sleep(0.01)
        for _ in range(300):
            assert len(json.loads(_read(target))["fill"]) == 20000
        writer.kill()
        writer.wait()
        assert json.loads(_read(target))["n"] > 0


def _read(path: Path) -> str:
    """Its text; Windows refuses for the instant in which a file is replaced."""
    for _ in range(50):
        with contextlib.suppress(PermissionError):
            return path.read_text(encoding="utf-8")
        time.sleep(0.01)
    return path.read_text(encoding="utf-8")


def test_f16_a_killed_writer_loses_no_acknowledged_event(tmp_path: Path) -> None:
    path = tmp_path / "bridge.sqlite3"
    code = (
        "import sys; from pathlib import Path; from sd_scripts_bridge.jobs.store import Store; "
        "from sd_scripts_bridge.jobs.events import"
        " Note\nstore = Store(Path(sys.argv[1]))\nn = int(sys.argv[2])\n"
        "while True:\n    n += 1; store.append(1, 1, Note(str(n))); print(n, flush=True)"
    )
    acknowledged = 0
    for round_number in range(8):
        argv = [sys.executable, "-c", code, str(path), str(acknowledged)]
        writer = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=os.getcwd())
        assert writer.stdout
        acknowledged = int(writer.stdout.readline())  # it writes
        time.sleep(random.Random(round_number).random() * 0.3)
        writer.kill()
        said, _ = writer.communicate()
        acknowledged = max(
            [acknowledged, *map(int, (line for line in said.split("\n")[:-1] if line))]
        )
    texts = {entry.event.text for entry in Store(path).events(1)}  # type: ignore[union-attr]
    assert acknowledged >= 8
    assert {str(number) for number in range(1, acknowledged + 1)} <= texts
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()


@has_holes
def test_f19_the_end_of_a_huge_log_is_there_at_once(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    with log.open("wb") as file:
        file.truncate(4 * 1024**4)  # to read it all would take an hour
        file.seek(0, os.SEEK_END)
        file.write(b"\nsteps: 1\rsteps: 2\n\xff\xfe broken \x1b[31mred\x1b[0m\n")
    lines = last_lines(log, 200)
    assert lines[-3:] == ["steps: 1", "steps: 2", "�� broken red"]


def test_f21_what_the_trainer_leaves_running_is_ended_with_it(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job_id = submit(bridge, make_job("children"))
    assert wait_over(bridge, job_id).status is Status.SUCCEEDED
    assert survivors(bridge, job_id) == []


def test_f22_a_half_written_newest_state_gives_way_to_the_one_before(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job_id = submit(bridge, make_job("crash:18"))
    wait_over(bridge, job_id)
    states = bridge.folder(job_id).states("Ada")
    (states[-1] / "optimizer.bin").write_bytes(b"")
    assert states[-2].name in bridge.resume(job_id)
    wait(bridge, job_id, lambda row: row.attempt == 2 and row.status.is_over)
    assert Note("Going on from step 10.") in [entry.event for entry in bridge.events(job_id)]


@deletes_open_files
def test_f23_a_job_folder_that_vanishes_fails_the_job_and_ends_its_trainer(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job_id = submit(bridge, make_job("hold"))
    wait_step(bridge, job_id, 10)
    shutil.rmtree(bridge.folder(job_id).root)
    row = wait_over(bridge, job_id)
    assert row.status is Status.FAILED and str(bridge.folder(job_id).root) in row.sentence
    assert survivors(bridge, job_id) == []
    assert wait_over(bridge, submit(bridge, make_job())).status is Status.SUCCEEDED


def test_f24_killed_at_any_step_it_ends_at_exactly_the_planned_one(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job_id = submit(bridge, make_job("kill:13", max_train_steps=30))
    row = wait_over(bridge, job_id)
    assert row.status is Status.FAILED and ("SIGKILL" in row.sentence or os.name == "nt")
    with bridge._store._change() as db:
        db.execute("UPDATE jobs SET spec = replace(spec, 'kill:13', '') WHERE id = ?", (job_id,))
    bridge.resume(job_id)
    assert (
        wait(bridge, job_id, lambda row: row.attempt == 2 and row.status.is_over).status
        is Status.SUCCEEDED
    )
    steps = [
        (e.attempt, e.event.step) for e in bridge.events(job_id) if isinstance(e.event, Progress)
    ]
    assert steps[-1] == (2, 30) and min(step for attempt, step in steps if attempt == 2) > 10
    assert Note("Going on from step 10.") in [entry.event for entry in bridge.events(job_id)]
    loras = list((bridge.home.root.parent / "models" / "Lora").glob("*.safetensors"))
    assert [path.name for path in loras] == ["Ada.safetensors"]


def test_f20_a_silent_trainer_is_not_ended_but_its_silence_is_said(
    bridge: Bridge, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sd_scripts_bridge.cli import follow
    from sd_scripts_bridge.running import silence

    job_id = submit(bridge, make_job("hold"))
    wait_step(bridge, job_id, 10)
    assert _silent(bridge, job_id) is None
    monkeypatch.setattr(silence, "SECONDS", 1.0)
    monkeypatch.setattr(silence, "HARDLY_A_STEP", 0.0)
    time.sleep(1.5)
    assert (_silent(bridge, job_id) or 0) > 1
    said = io.StringIO()
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(follow.follow, bridge, job_id, out=said)
        until(lambda: "No output for" in said.getvalue())
        time.sleep(1.2)
        assert said.getvalue().count(f"`stop {job_id} --now` ends it.") == 1, (
            "once, however long it lasts"
        )
        (bridge.folder(job_id).output / "go").touch()
        assert following.result(timeout=SECONDS).status is Status.SUCCEEDED
    assert _silent(bridge, job_id) is None


def _silent(bridge: Bridge, job_id: int) -> float | None:
    from sd_scripts_bridge.page.jobs import JobViews

    shown = JobViews(bridge).status(job_id, 0).job
    assert shown
    return shown.silent
