"""The queue and its history over REST: pages, search, filter, and what a newer version left."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.jobs.store import Store
from sd_scripts_bridge.page.context import Context
from tests.support import messy
from tests.support.page import Page

MakeJob = Callable[..., TrainingJob]


@pytest.fixture
def history(page: Page, context: Context, make_job: MakeJob) -> Page:
    """Seven jobs that are over, the odd ones failed."""
    store, job = context.the_bridge._store, make_job()
    for number in range(1, 8):
        added = store.add(replace(job, name=f"Ada{number}"))
        assert store.claim()
        store.move(added, Status.STOPPING, of=[Status.RUNNING], attempt=1)
        ending = Status.FAILED if number % 2 else Status.STOPPED
        store.move(added, ending, of=[Status.STOPPING], attempt=1, sentence="100 % full_disk.")
    return page


def numbers(page: Page, words: str = "") -> list[int]:
    return [job["id"] for job in page.get(f"jobs?{words}").json()["jobs"]]


def test_it_comes_in_pages(history: Page) -> None:
    first = history.get("jobs?count=3").json()
    assert [job["id"] for job in first["jobs"]] == [7, 6, 5]
    assert (first["more"], first["found"], first["total"]) == (True, 7, 7)
    assert numbers(history, "count=3&below=5") == [4, 3, 2]
    last = history.get("jobs?count=3&below=2").json()
    assert [job["id"] for job in last["jobs"]] == [1] and last["more"] is False
    assert history.get("jobs?count=3&below=4").json()["more"] is False


def test_it_can_be_searched_and_filtered(history: Page) -> None:
    assert numbers(history, "search=ada3") == [3]
    assert numbers(history, "search=FAILED") == [7, 5, 3, 1]
    assert numbers(history, "search=base.safetensors ada2") == [2]
    assert numbers(history, "status=stopped,lost") == [6, 4, 2]
    found = history.get("jobs?status=failed&search=ada5").json()
    assert (found["found"], found["total"]) == (1, 7)
    assert numbers(history, "search=nobody") == []


@pytest.mark.parametrize("text", ["%25", "_", "full_disk"])
def test_a_search_knows_no_wildcards(history: Page, text: str) -> None:
    expected = list(range(7, 0, -1))
    assert numbers(history, f"search={text}") == expected, "each sentence has that very sign"
    assert numbers(history, "search=full%25disk") == []


@pytest.mark.parametrize("words", ["count=0", "count=501", "status=odd", "below=x"])
def test_a_question_that_is_none_is_422(history: Page, words: str) -> None:
    assert history.get(f"jobs?{words}").status_code == 422


def test_status_reads_the_jobs_that_it_shows_and_no_others(
    history: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked each second, and a history may have thousands."""
    from sd_scripts_bridge.jobs import store

    read: list[int] = []
    row_of = store._row
    monkeypatch.setattr(store, "_row", lambda row: read.append(row["id"]) or row_of(row))
    assert history.get("status").json()["job"]["id"] == 7
    assert set(read) == {7}
    assert history.get("status?job=2").json()["job"]["id"] == 2
    assert set(read) == {7, 2}


@pytest.mark.parametrize("data", ['{"type": "from the future", "x": 1}', '{"type": "note"}', "[]"])
def test_an_event_that_only_a_newer_version_knows_is_skipped(
    history: Page, context: Context, data: str
) -> None:
    with sqlite3.connect(context.the_bridge.home.database) as db:
        db.execute(
            "INSERT INTO events (job, attempt, time, type, data) VALUES (7, 0, 1, 'x', ?)", [data]
        )
    assert history.get("status").status_code == 200
    assert history.get("jobs").status_code == 200
    assert history.get("jobs/7/events").json()["events"] == []
    assert Store(context.the_bridge.home.database).events(7) == []


def test_a_link_among_the_samples_leads_nowhere(
    history: Page, context: Context, tmp_path: Path
) -> None:
    outside = tmp_path / "private"
    outside.mkdir()
    (outside / "photo.png").write_bytes(messy.jpeg(messy.photo(1)))
    folder = context.the_bridge.folder(1)
    folder.samples.mkdir(parents=True)
    (folder.samples / "real.png").write_bytes(messy.jpeg(messy.photo(2)))
    (folder.output).mkdir()
    try:
        (folder.samples / "link.png").symlink_to(outside / "photo.png")
        (folder.output / "sample").symlink_to(outside, target_is_directory=True)
    except OSError:
        pytest.skip("links need more rights here")
    assert len(history.get("status?job=1").json()["samples"]) == 1
    assert history.get("jobs/1/samples/1").status_code == 404
