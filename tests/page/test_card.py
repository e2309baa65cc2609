"""A published LoRA's card, looked at and changed over REST; a saved step published by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import Conflict, Invalid
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.page.finished import card
from sd_scripts_bridge.page.jobs import JobViews
from tests.support.supervisor import submit, wait_over

MakeJob = Callable[..., TrainingJob]


@pytest.fixture
def trained(bridge: Bridge, make_job: MakeJob) -> int:
    job = make_job()
    number = submit(
        bridge, job.evolve(params=replace(job.params, extra={"sample_every_n_steps": 5}))
    )
    wait_over(bridge, number)
    return number


def test_its_picture_is_a_sample_and_its_words_can_be_changed(bridge: Bridge, trained: int) -> None:
    views = JobViews(bridge)
    first = card.look(views, trained)
    assert first.activation_text == "Ada woman" and "at step 20" in first.notes
    lora = bridge.lora_of(trained)
    assert lora is not None
    with Image.open(lora.with_suffix(".png")) as shown:
        assert shown.getpixel((0, 0))[:2] == (20, 0)  # type: ignore[index]

    changed = card.change(views, trained, {"weight": 0.8, "notes": "mine"}, "samples/0")

    assert (changed.weight, changed.notes, changed.activation_text) == (0.8, "mine", "Ada woman")
    data = json.loads(lora.with_suffix(".json").read_text(encoding="utf-8"))
    assert (data["preferred weight"], data["notes"]) == (0.8, "mine")
    with Image.open(lora.with_suffix(".png")) as shown:
        assert shown.getpixel((0, 0))[:2] == (0, 0)  # type: ignore[index]
    with Image.open(_photo(views, trained, lora)) as shown:
        assert shown.size == (8, 8)
    with pytest.raises(Invalid, match="is not a picture of this job"):
        card.change(views, trained, {}, "/etc/passwd")


def _photo(views: JobViews, trained: int, lora: Path) -> Path:
    card.change(views, trained, {}, "photo")
    return lora.with_suffix(".png")


def test_a_saved_step_is_published_under_a_name_of_its_own(bridge: Bridge, trained: int) -> None:
    first = bridge.lora_of(trained)
    done = bridge.publish_job(trained, step=10)

    assert done.stem == "Ada-step10" and done.path.is_file()
    told = json.loads(done.path.with_suffix(".json").read_text(encoding="utf-8"))
    assert "at step 10" in told["notes"]
    with Image.open(done.path.with_suffix(".png")) as shown:
        assert shown.getpixel((0, 0))[:2] == (10, 0)  # type: ignore[index]
    assert bridge.publish_job(trained, step=10) == done, "once"
    assert bridge.steps_of(trained) == {10: done.path}
    assert bridge.lora_of(trained) == first and first is not None and first.is_file()
    with pytest.raises(Conflict, match="Step 7 of job 1 isn't saved"):
        bridge.publish_job(trained, step=7)


def test_a_job_without_a_lora_has_no_card(bridge: Bridge, make_job: MakeJob) -> None:
    number = bridge._store.add(make_job())
    with pytest.raises(Conflict, match="has published no LoRA"):
        card.look(JobViews(bridge), number)
