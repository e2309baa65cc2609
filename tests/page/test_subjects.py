"""Several subjects in the draft: added, named, trained together; kohya folders as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.demo import photos as demo_photos
from sd_scripts_bridge.jobs.job import TrainingJob
from tests.support import messy
from tests.support.caption_server import Moody
from tests.support.page import Page, base, context, page, ready, sentences, uploaded
from tests.support.patience import until

__all__ = ["base", "context", "page", "ready"]


def new_photos(count: int, first: int = 900) -> list[Any]:
    return [uploaded(f"{first + n}.jpg", messy.jpeg(messy.photo(first + n))) for n in range(count)]


@pytest.fixture
def both(ready: Page) -> Page:
    """Three photos of the first subject, two of Bob."""
    ready.post("draft", name="Ada", class_token="woman", training={"steps": 60})
    assert ready.post("draft/subjects").json()["subjects"][1]["id"] == 2
    ready.post("draft/subjects/2", name="Bob", class_token="man")
    ready.context.draft.upload(new_photos(2), subject=2)
    assert ready.context.draft.check.wait()
    return ready


def started(page: Page) -> TrainingJob:
    answer = page.post("train")
    assert answer.status_code < 300, sentences(answer)
    job = page.context.the_bridge.job(answer.json()["job"]).job
    assert isinstance(job, TrainingJob)
    return job


def leaves(job: TrainingJob) -> dict[str, int]:
    return {one.name: len(list(one.glob("*.png"))) for one in Path(job.dataset).iterdir()}


def test_both_are_trained_equally_often_for_as_long_as_was_announced(both: Page) -> None:
    seen = both.seen()
    assert [(one["name"], one["class_token"]) for one in seen["subjects"]] == [
        ("Ada", "woman"),
        ("Bob", "man"),
    ]
    own = {photo["subject"]: photo["caption"] for photo in seen["photos"]}
    assert own == {1: "Ada woman", 2: "Bob man"}
    plan = both.get("plan").json()
    assert plan["sentence"].startswith("5 photos in 2 folders, 60 pictures an epoch")
    assert "Pictures an epoch: Ada woman 3 x 10 = 30; Bob man 2 x 15 = 30." in plan["advice"]
    job = started(both)
    assert leaves(job) == {"10_Ada woman": 3, "15_Bob man": 2}
    assert job.params.max_train_steps == plan["steps"] == 60
    assert job.subjects == ("Ada woman", "Bob man") and job.subject == "Ada"
    texts = sorted(p.read_text().strip() for p in Path(job.dataset).glob("*/*.txt"))
    assert texts == ["Ada woman"] * 3 + ["Bob man"] * 2


def test_captioners_begin_with_each_ones_name(both: Page) -> None:
    first = [photo["id"] for photo in both.seen()["photos"] if photo["subject"] == 1]
    said = {"with": "template", "template": {"place": "in a park"}}
    drafted = both.post("draft/caption", photos=first[:1], **said).json()
    texts = {photo["id"]: photo["caption"] for photo in drafted["photos"]}
    assert texts[first[0]] == "Ada woman, in a park"
    with Moody() as server:
        prompt = "a {class} called {name}"
        both.post("draft/caption", **{"with": server.address, "model": "m", "prompt": prompt})
        job = both.get("draft").json()["caption_job"]
        both.over(job)
        until(lambda: not both.get("draft").json()["drafting"], pause=0.1)
    asked = [body["messages"][0]["content"][0]["text"] for body in server.asked]
    assert sorted(asked) == ["a man called Bob"] * 2 + ["a woman called Ada"] * 2
    for photo in both.seen()["photos"]:
        head = "Ada woman" if photo["subject"] == 1 else "Bob man"
        assert photo["caption"].startswith(head) and "park" in photo["caption"]


def test_the_hosts_captioner_and_the_draft_button_begin_with_each_ones_name(both: Page) -> None:
    answer = both.post("draft/captions", action="draft", text="smiling").json()
    own = {photo["subject"]: photo["caption"] for photo in answer["photos"]}
    assert own == {1: "Ada woman, smiling", 2: "Bob man, smiling"}
    both.post("draft/captions", action="undo")
    both.context.interrogator = lambda photos: ["a park"] * len(photos)
    both.post("draft/caption", **{"with": "host"})
    until(lambda: not both.get("draft").json()["drafting"], pause=0.1)
    own = {photo["subject"]: photo["caption"] for photo in both.seen()["photos"]}
    assert own == {1: "Ada woman, a park", 2: "Bob man, a park"}
    counted = both.get("draft/captions").json()
    assert [(tag["text"], tag["count"]) for tag in counted["tags"]] == [("a park", 5)]


def test_a_subject_without_a_name_is_named_before_captions_are_drafted(both: Page) -> None:
    both.post("draft/subjects/2", name="")
    said = {"with": "template", "template": {"place": "in a park"}}
    refused = both.post("draft/caption", **said)
    assert refused.status_code == 422 and "captions begin with it" in sentences(refused)


def test_repeats_of_a_subject_and_of_a_photo(both: Page) -> None:
    bob = [photo["id"] for photo in both.seen()["photos"] if photo["subject"] == 2]
    both.post("draft/subjects/2", repeats=4)
    assert both.post(f"draft/photo/{bob[0]}", repeats=8).json()["repeats"] == 8
    assert leaves(started(both)) == {"10_Ada woman": 3, "4_Bob man": 1, "8_Bob man": 1}


def test_a_name_is_one_subjects_and_captions_follow_it(both: Page) -> None:
    both.post("draft/subjects/2", name="Ada")
    assert "'Ada' is two subjects' name" in " ".join(both.get("plan").json()["problems"])
    both.post("draft/subjects/2", name="Robert")
    texts = {photo["caption"] for photo in both.seen()["photos"] if photo["subject"] == 2}
    assert texts == {"Robert man"}


def test_a_removed_subject_takes_its_photos_along(both: Page) -> None:
    draft = both.context.draft
    files = [draft.path(item) for item in draft.state.items if item.subject == 1]
    seen = both.post("draft/subjects/1/remove").json()
    assert (seen["name"], len(seen["subjects"]), seen["total"]) == ("Bob", 1, 2)
    assert not any(file.exists() for file in files)
    assert {photo["subject"] for photo in both.seen()["photos"]} == {1}
    assert both.post("draft/subjects/1/remove").status_code == 409
    assert both.post("draft/subjects/7", name="x").status_code == 404


def test_kohyas_folders_come_in_and_go_out_as_they_are(ready: Page, tmp_path: Path) -> None:
    ready.post("draft/clear")
    parent = tmp_path / "kohya"
    had = {"3_Ada woman": 3, "6_Ada woman": 1, "5_Bob man": 2}
    for seed, (leaf, count) in enumerate(had.items()):
        demo_photos.draw(parent / leaf, count, 30 + seed, side=128)
    ready.post("draft/folder", path=str(parent))
    seen = ready.seen()
    assert [(one["name"], one["repeats"]) for one in seen["subjects"]] == [("Ada", 3), ("Bob", 5)]
    assert sorted(photo["repeats"] or 0 for photo in seen["photos"]) == [0, 0, 0, 0, 0, 6]
    job = started(ready)
    assert leaves(job) == had and job.params.max_train_steps > 0
