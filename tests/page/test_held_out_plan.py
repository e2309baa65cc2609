"""Photos of the draft that are held out: who chooses them, and that plan and copies follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.datasets import manifest
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.system.locks import hold
from tests.support import messy
from tests.support.page import Page, base, context, page, ready, sentences, uploaded

__all__ = ["base", "context", "page", "ready"]


@pytest.fixture
def ten(ready: Page) -> Iterator[Page]:
    """Ten photos, ready to start; what is queued waits."""
    more = [uploaded(f"{n}.jpg", messy.jpeg(messy.photo(900 + n))) for n in range(7)]
    ready.context.draft.upload(more)
    assert ready.context.draft.check.wait()
    with hold(ready.context.the_bridge.home.supervisor_lock):
        yield ready


def held(page: Page) -> list[int]:
    return [photo["id"] for photo in page.seen()["photos"] if photo["held_out"]]


def started(page: Page) -> tuple[TrainingJob, dict[str, Any]]:
    answer = page.post("train").json()
    job = page.context.the_bridge.job(answer["job"]).job
    assert isinstance(job, TrainingJob)
    return job, answer


def test_the_announced_steps_are_those_of_the_job(ten: Page) -> None:
    plan = ten.get("plan").json()
    assert plan["photos"] == 9 and plan["sentence"].startswith("9 photos x ")
    assert "1 of 10 photos is held out to measure the result." in plan["advice"]
    job, answer = started(ten)
    assert job.params.max_train_steps == plan["steps"]
    assert not [note for note in answer["notes"] if "held out" in note], "the plan says it"


def test_who_is_held_out_is_the_users_choice(ten: Page) -> None:
    (typical,) = held(ten)
    wanted = [photo["id"] for photo in ten.seen()["photos"] if photo["id"] != typical][:2]
    for pid in wanted:
        assert ten.post(f"draft/photo/{pid}", held_out=True).json()["held_out"]
    assert held(ten) == wanted, "they replace the doctor's choice"
    assert ten.get("plan").json()["photos"] == 8
    ten.post("draft/photos/undo")
    assert held(ten) == wanted[:1]
    ten.post(f"draft/photo/{wanted[0]}", held_out=False)
    assert held(ten) == [typical]
    ten.post(f"draft/photo/{typical}", held_out=False)
    assert len(held(ten)) == 1 and held(ten)[0] not in (typical, wanted[0])


def test_none_is_held_out_until_one_is_chosen_again(ten: Page) -> None:
    ten.post("draft", training={"held_out": "none"})
    assert held(ten) == [] and ten.get("plan").json()["photos"] == 10
    ten.post("draft/photo/5", held_out=True)
    assert held(ten) == [5] and ten.seen()["training"]["held_out"] == "auto"


def test_the_copies_hold_out_the_chosen_photo_and_say_which(ten: Page) -> None:
    ten.post("draft/photo/6", held_out=True, caption="Ada woman, apart")
    job, _ = started(ten)
    root = Path(job.dataset).parent
    (apart,) = (root / "held_out").glob("*.png")
    assert apart.with_suffix(".txt").read_text() == "Ada woman, apart\n"
    assert len([*(root / "img").glob("*/*.png")]) == 9
    name = {photo["id"]: photo["file"] for photo in ten.seen()["photos"]}[6]
    told = manifest.read(root)
    assert told["files"][f"held_out/{apart.name}"]["from"].endswith(name)
    assert len(told["held_out"]) == 1 and told["held_out"][0].endswith(name)


def test_switched_off_the_copies_train_all(ten: Page) -> None:
    ten.post("draft", training={"held_out": "none"})
    job, _ = started(ten)
    root = Path(job.dataset).parent
    assert not (root / "held_out").exists() and manifest.read(root)["held_out"] == ["none"]
    assert len([*(root / "img").glob("*/*.png")]) == 10


def test_some_photo_is_left_to_train_on(ten: Page) -> None:
    for pid in range(1, 11):
        ten.post(f"draft/photo/{pid}", held_out=True)
    refused = ten.post("train")
    assert refused.status_code == 422
    assert "held_out: all 10 photos would be held out. Leave some to train on." in sentences(
        refused
    )
