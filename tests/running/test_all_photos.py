"""A training once more with the photos that were held out: what it trains, and for how long."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.datasets import writer
from sd_scripts_bridge.datasets.kohya_folder import Dataset, open_dataset
from sd_scripts_bridge.demo import photos as demo_photos
from sd_scripts_bridge.errors import Conflict, Invalid
from sd_scripts_bridge.evidence.measured import MeasuredStep, write
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from tests.support.page import Page, sentences
from tests.support.page import base as base
from tests.support.page import context as context
from tests.support.page import page as page
from tests.support.supervisor import MakeJob, wait_over
from tests.support.verbs import run

HARD = (0.30, 0.20, 0.10, 0.05) * 8
"""How hard each draw is at every save."""


@pytest.fixture
def made(tmp_path: Path) -> Dataset:
    """Ten photos, one of them held out."""
    demo_photos.draw(tmp_path / "photos", side=192)
    out = tmp_path / "set"
    return writer.prepare([tmp_path / "photos"], "Ada", "man", 30, out, hold_out=["auto"])


@pytest.fixture
def stopped(bridge: Bridge, make_job: MakeJob, made: Dataset) -> int:
    """A training on nine of them, by the fake trainer, that has ended before it began."""
    job = make_job().evolve(dataset=str(made.image_dir), enough=True)
    number = bridge._store.add(job)
    bridge._store.move(number, Status.STOPPED, of=[Status.QUEUED], attempt=0)
    return number


def measure(folder: JobFolder, step: int, loss: float) -> None:
    errors = tuple(draw + loss + 0.0001 * (number % 3) for number, draw in enumerate(HARD))
    write(folder.measured, MeasuredStep(step, {"held": errors}, {"own": errors}))


def captions(data: Dataset) -> list[str]:
    folders = [*(subset.folder for subset in data.subsets), data.root / "held_out"]
    return sorted(file.read_text() for folder in folders for file in folder.glob("*.txt"))


def training(bridge: Bridge, number: int) -> TrainingJob:
    job = bridge.job(number).job
    assert isinstance(job, TrainingJob)
    return job


def test_all_photos_are_trained_for_the_recommended_step(
    bridge: Bridge, made: Dataset, stopped: int
) -> None:
    for step, loss in ((5, 0.05), (10, 0.0), (15, 0.04)):
        measure(bridge.folder(stopped).create(), step, loss)

    done = bridge.retry_on_all(stopped)

    assert wait_over(bridge, done.job).status is Status.SUCCEEDED
    job = training(bridge, done.job)
    assert (job.params.max_train_steps, job.enough) == (10, False)
    assert "on all 10 photos, for 10 steps" in done.sentence
    now = open_dataset(Path(job.dataset))
    assert (now.images, now.held_out, now.subsets[0].folder.name) == (10, (), "3_Ada man")
    assert captions(now) == captions(made), "each photo with its own caption"
    assert (open_dataset(made.root).images, len(made.held_out)) == (9, 1), "that stays as it was"
    with pytest.raises(Conflict, match="held no photo out"):
        bridge.retry_on_all(done.job)


def test_without_a_recommendation_as_long_as_before_or_as_asked(
    bridge: Bridge, stopped: int
) -> None:
    first = bridge.retry_on_all(stopped)
    assert training(bridge, first.job).params.max_train_steps == 20
    said = run(bridge, "retry", stopped, "--all-photos", "--steps", 7, "--json")
    assert said.returncode == 0, said.stderr
    told = json.loads(said.stdout)
    assert told["of"] == stopped and training(bridge, told["job"]).params.max_train_steps == 7
    assert training(bridge, told["job"]).dataset == training(bridge, first.job).dataset, "one copy"
    refused = run(bridge, "retry", stopped, "--steps", 7)
    assert refused.returncode == 2 and "--all-photos" in refused.stderr
    for number in (first.job, told["job"]):
        wait_over(bridge, number)
    with pytest.raises(Invalid, match="max_train_steps"):
        bridge.retry_on_all(stopped, 10**9)


def test_rest_says_the_same(page: Page, bridge: Bridge, stopped: int) -> None:
    wrong = page.post(f"jobs/{stopped}/retry", steps=7)
    assert wrong.status_code == 422 and "steps: is for all_photos" in sentences(wrong)
    told = page.post(f"jobs/{stopped}/retry", all_photos=True, steps=7).json()
    assert told["job"] != stopped and "all 10 photos" in told["sentence"]
    wait_over(bridge, told["job"])
    assert page.post(f"jobs/{told['job']}/retry", all_photos=True).status_code == 409
    again = page.post(f"jobs/{stopped}/retry").json()
    assert (again["job"], again["sentence"]) == (stopped, f"Job {stopped} starts over.")
    wait_over(bridge, stopped)
