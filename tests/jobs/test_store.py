from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from sd_scripts_bridge.errors import BridgeError, NotFound
from sd_scripts_bridge.jobs.events import Note, Progress
from sd_scripts_bridge.jobs.job import MOVES, Status, TrainingJob
from sd_scripts_bridge.jobs.store import Store
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.running import silence

MakeJob = Callable[..., TrainingJob]


@pytest.fixture
def store(home: Home) -> Store:
    return Store(home.database)


def test_a_job_comes_back_as_it_went_in(store: Store, make_job: MakeJob) -> None:
    job = make_job("words", unet_lr=1e-3)
    assert store.get(store.add(job)).job == job


def test_of_eight_claims_at_once_one_wins(store: Store, make_job: MakeJob) -> None:
    for _ in range(4):
        store.add(make_job())
    with ThreadPoolExecutor(8) as pool:
        rows = list(pool.map(lambda _: Store(store.path).claim(), range(8)))
    assert sum(row is not None for row in rows) == 1


def test_the_database_itself_refuses_a_second_running_job_on_a_device(
    store: Store, make_job: MakeJob
) -> None:
    store.add(make_job())
    second = store.add(make_job())
    assert store.claim()
    with sqlite3.connect(store.path) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute("UPDATE jobs SET status = 'running' WHERE id = ?", (second,))
    db.close()


def test_a_healed_job_goes_on_before_the_others(store: Store, make_job: MakeJob) -> None:
    first, _second = store.add(make_job()), store.add(make_job())
    row = store.claim()
    assert row and row.id == first and store.heal(first, 1, make_job("cured"))
    again = store.claim()
    assert again and (again.id, again.attempt) == (first, 2)


def test_a_move_is_fenced_by_status_and_attempt(store: Store, make_job: MakeJob) -> None:
    job_id = store.add(make_job())
    row = store.claim()
    assert row and row.attempt == 1
    assert not store.move(job_id, Status.FAILED, of=[Status.RUNNING], attempt=0)
    assert not store.move(job_id, Status.STOPPED, of=[Status.STOPPING], attempt=1)
    assert store.move(job_id, Status.FAILED, of=[Status.RUNNING], attempt=1, sentence="because")
    assert store.get(job_id).sentence == "because"
    assert not store.move(job_id, Status.FAILED, of=[Status.RUNNING], attempt=1)


def test_moves_that_the_diagram_lacks_are_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="no move"):
        store.move(1, Status.QUEUED, of=[Status.SUCCEEDED], attempt=1)
    assert MOVES.keys() == set(Status)


def test_stop_now_is_not_taken_back(store: Store, make_job: MakeJob) -> None:
    job_id = store.add(make_job())
    assert not store.ask_to_stop(job_id, "save")
    store.claim()
    assert store.ask_to_stop(job_id, "save")
    assert store.ask_to_stop(job_id, "now")
    assert not store.ask_to_stop(job_id, "save")
    assert store.get(job_id).stop == "now"


def test_events_after_a_number(store: Store, make_job: MakeJob) -> None:
    job_id = store.add(make_job())
    for step in range(3):
        store.append(job_id, 1, Progress(step, 3, 0.5))
    store.append(job_id + 1, 1, Note("another job's"))
    first, *rest = store.events(job_id)
    assert [entry.event for entry in store.events(job_id, first.seq)] == [
        entry.event for entry in rest
    ]
    assert len(rest) == 2


@pytest.mark.parametrize("number", [7, 10**23])
def test_no_such_job(store: Store, number: int) -> None:
    with pytest.raises(NotFound, match=f"no job {number}"):
        store.get(number)


def test_a_newer_database_is_refused_and_left_alone(store: Store) -> None:
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(BridgeError, match="version 99"):
        Store(store.path)


def test_a_file_that_is_no_database_gets_a_sentence(home: Home) -> None:
    home.database.write_bytes(b"these are not the tables you are looking for" * 100)
    with pytest.raises(BridgeError, match="can't be used"):
        Store(home.database)


@pytest.mark.parametrize("damage", [b"", b"not a database" * 500, None])
def test_a_damaged_database_is_put_aside_and_rebuilt_from_the_folders(
    home: Home, make_job: MakeJob, damage: bytes | None
) -> None:
    """F17: damaged, empty or deleted; the history comes back from job.json and report.json, and
    nothing is deleted.
    """
    for number, status in ((3, "succeeded"), (12, None)):
        folder = home.jobs / f"{number:06d}"
        folder.mkdir()
        (folder / "job.json").write_text(json.dumps(make_job().as_dict()))
        if status:
            (folder / "report.json").write_text(
                json.dumps({"status": status, "sentence": "done", "seconds": 9})
            )
    (home.jobs / "000013").mkdir()
    if damage is not None:
        home.database.write_bytes(damage)
    store = Store(home.database, home.jobs)
    assert [(row.id, row.status) for row in store.jobs()] == [
        (3, Status.SUCCEEDED),
        (12, Status.LOST),
    ]
    assert store.jobs()[0].job == make_job()
    assert "2 jobs were found again" in store.recovered
    if damage:
        assert (home.root / "bridge.sqlite3.broken").read_bytes() == damage
    assert store.add(make_job()) == 13


def test_a_page_damaged_inside_is_found(home: Home, make_job: MakeJob) -> None:
    store = Store(home.database, home.jobs)
    for number in range(200):
        store.append(1, 1, Note("x" * 500 + str(number)))
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    data = bytearray(store.path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    store.path.write_bytes(data)
    assert "was moved aside" in Store(home.database, home.jobs).recovered


@pytest.mark.parametrize("mark", [0, -1, -(2**31), 1, 2])
def test_a_database_whose_version_was_lost_keeps_its_jobs(
    tmp_path: Path, make_job: MakeJob, mark: int
) -> None:
    path = tmp_path / "bridge.sqlite3"
    store = Store(path)
    job_id = store.add(make_job())
    store.append(job_id, 1, Note("kept"))
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {mark}")
        db.commit()
    again = Store(path, tmp_path / "jobs")
    assert not again.recovered and [row.id for row in again.jobs()] == [job_id]
    assert [entry.event for entry in again.events(job_id)] == [Note("kept")]
    claimed = again.claim()
    assert claimed and claimed.id == job_id


def test_a_pause_that_is_made_longer_is_never_over_meanwhile(
    tmp_path: Path, make_job: MakeJob
) -> None:
    store = Store(tmp_path / "bridge.sqlite3")
    store.add(make_job())
    store.ask_for_pause("0", 600)
    assert store.claim(), "it begins when the GPU is free"
    store.begin_pause("0")
    until = store.pauses()["0"]
    store.ask_for_pause("0", 900)  # pressed again
    assert store.pauses()["0"] >= until + 300
    store.add(make_job())
    assert store.claim() is None


@pytest.mark.parametrize("year", [-365 * 86400, 365 * 86400])
def test_a_clock_that_is_set_makes_no_year_of_a_minute(
    tmp_path: Path, make_job: MakeJob, monkeypatch: pytest.MonkeyPatch, year: int
) -> None:
    store, real = Store(tmp_path / "bridge.sqlite3"), time.time
    job_id = store.add(make_job())
    assert store.claim()
    store.ask_for_pause("0", 600)
    store.begin_pause("0")
    monkeypatch.setattr(time, "time", lambda: real() + year)
    row = store.get(job_id)
    assert row.seconds is None, "nobody knows how long it took"
    assert silence.seconds(row, tmp_path / "no log") is None
    assert store.pauses() == {}, "a pause of ten minutes never lasts a year"
    store.move(job_id, Status.FAILED, of=[Status.RUNNING], attempt=1)
    assert store.get(job_id).seconds is None
