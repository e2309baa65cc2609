"""`compare`: of settings and data only what differs, and what came of each; `repeat`: the same
run again, or what has changed since.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.cli.tables import comparison as columns
from sd_scripts_bridge.errors import Conflict, Invalid, NotFound
from sd_scripts_bridge.jobs.events import Measured
from sd_scripts_bridge.jobs.job import SetupJob, TrainingJob
from sd_scripts_bridge.page.finished.comparison import CompareView, compare
from sd_scripts_bridge.page.jobs import JobViews
from tests.support.page import Page, base, context, page, ready
from tests.support.supervisor import MakeJob, wait_over
from tests.support.verbs import run

__all__ = ["base", "context", "page", "ready"]


def caption(job: TrainingJob, number: int, text: str) -> None:
    (leaf,) = Path(job.dataset).glob("*_*")
    (leaf / f"{number}.txt").write_text(text, encoding="utf-8")


def elsewhere(job: TrainingJob, folder: Path) -> TrainingJob:
    """The same job on a dataset of its own: one photo more, one fewer, other repeats."""
    leaf = folder / "img" / "3_Ada woman"
    leaf.mkdir(parents=True)
    for number in range(2, 12):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(leaf / f"{number}.png")
    return job.evolve(dataset=str(folder / "img"))


def told(bridge: Bridge, *numbers: int) -> CompareView:
    return compare(JobViews(bridge), numbers)


@pytest.fixture
def pair(bridge: Bridge, make_job: MakeJob, tmp_path: Path) -> tuple[int, int]:
    """Two finished trainings: other rate and rank, other photos, one caption."""
    one = make_job(seed=1)
    other = elsewhere(make_job(seed=1, network_dim=8, learning_rate=5e-5), tmp_path / "other")
    caption(one, 5, "Ada woman, red coat")
    caption(other, 5, "Ada woman, blue coat")
    numbers = bridge._queue.add(one), bridge._queue.add(other.evolve(name="Ada two"))
    for number in numbers:
        wait_over(bridge, number)
    return numbers


def test_only_what_differs_is_told(bridge: Bridge, pair: tuple[int, int]) -> None:
    found = told(bridge, *pair)
    assert {d.name: d.values for d in found.settings} == {
        "learning_rate": [0.0001, 5e-05],
        "network_dim": [32, 8],
    }
    assert found.same_settings > 20
    assert {d.name: d.values for d in found.data} == {
        "only here": [["1.png"], ["11.png"]],
        "repeats": [[2], [3]],
    }
    assert [(c.photo, c.captions) for c in found.captions] == [
        ("5.png", ["Ada woman, red coat", "Ada woman, blue coat"])
    ]


def test_the_figures_curves_and_samples_of_each_stand_side_by_side(
    bridge: Bridge, pair: tuple[int, int]
) -> None:
    samples = bridge.folder(pair[1]).samples
    Image.new("RGB", (8, 8)).save(samples / "Ada two-step00000010-prompt01.png")
    bridge._store.append(pair[0], 1, Measured(10, 0.3, 0.01, 0.2))
    one, two = told(bridge, *pair).jobs
    assert (one.held_out, two.held_out) == ([(10, 0.3, 0.01)], [])
    assert (one.title, two.title) == ("Ada", "Ada two")
    assert one.steps == one.planned_steps == 20 and one.loss == pytest.approx(1 / 20)
    assert one.curve[-1] == two.curve[-1] and one.curve[-1][0] == 20
    assert one.samples == [] and [(s.step, s.prompt) for s in two.samples] == [(10, 1)]
    assert Path(two.samples[0].path).is_file() and two.samples[0].url.startswith("jobs/2/samples/0")
    text = "\n".join(columns.lines(told(bridge, *pair)))
    assert "Settings: 2 of" in text and "network_dim" in text and two.samples[0].path in text
    assert "mixed_precision" not in text


def test_the_columns_show_each_step_once_and_the_last_one(
    bridge: Bridge, pair: tuple[int, int]
) -> None:
    """sd-scripts says each step twice, first with the loss of the step before."""
    found = told(bridge, *pair)
    curve = [(step, loss, 1) for step in range(1, 25) for loss in (step - 1.0, float(step))]
    jobs = [dataclasses.replace(run, curve=curve, proof=None) for run in found.jobs]
    text = "\n".join(columns.lines(dataclasses.replace(found, jobs=jobs)))
    rows = text.partition("Loss at step")[2].partition("\n\n")[0].split("\n")[1:]
    assert [row.split() for row in rows] == [
        [str(step)] * 3 for step in (1, 4, 7, 10, 13, 16, 19, 22, 24)
    ]
    assert "proof" not in text, "a row that nobody has a figure for"


def test_the_same_run_twice_differs_in_nothing(bridge: Bridge, make_job: MakeJob) -> None:
    first = bridge._queue.add(make_job())
    done = bridge.repeat(first)
    wait_over(bridge, done.job)
    found = told(bridge, first, done.job)
    assert (found.settings, found.data, found.captions) == ([], [], [])
    assert done.of == first and done.notes == ()
    assert done.sentence == (
        f"Job {done.job} repeats job {first}: the same settings, seed (42), photos and base."
    )


def test_photos_that_are_gone_are_not_known(bridge: Bridge, pair: tuple[int, int]) -> None:
    bridge.forget(pair[0])
    found = {d.name: d.values for d in told(bridge, *pair).data}
    assert found["photos"] == [None, 10]


def test_it_refuses_what_can_not_be_compared(bridge: Bridge, make_job: MakeJob) -> None:
    number = bridge._queue.add(make_job())
    wait_over(bridge, number)
    with pytest.raises(Invalid, match="1 different job was given"):
        told(bridge, number)
    with pytest.raises(Invalid, match="Give 2 to 8"):
        told(bridge, number, number)
    with pytest.raises(NotFound, match="no job 99"):
        told(bridge, number, 99)
    setup = bridge._store.add(SetupJob("sd-scripts"))
    bridge.stop(setup)
    with pytest.raises(Conflict, match="is not a training"):
        told(bridge, number, setup)
    with pytest.raises(Conflict, match="is not a training"):
        bridge.repeat(setup)


def test_the_command_line_lays_them_side_by_side(bridge: Bridge, pair: tuple[int, int]) -> None:
    ended = run(bridge, "compare", *pair)
    assert ended.returncode == 0 and "only here" in ended.stdout, ended.stderr
    data = json.loads(run(bridge, "compare", *pair, "--json").stdout)
    assert [job["job"] for job in data["jobs"]] == [1, 2]
    assert {row["name"] for row in data["settings"]} == {"learning_rate", "network_dim"}


# ---- repeat ----


def test_a_changed_caption_and_a_changed_base_are_said_with_their_hashes(
    bridge: Bridge, make_job: MakeJob
) -> None:
    job = make_job()
    Path(job.base).write_bytes(b"one base")
    first = bridge._queue.add(job)
    caption(job, 1, "Ada woman, at sea")
    Path(job.base).write_bytes(b"another base")
    done = bridge.repeat(first)
    data, base = done.notes
    assert data.startswith("The photos or captions have changed since: hash ")
    assert base.startswith("base.safetensors has changed since: hash ")
    for note in done.notes:
        words = note.replace(",", "").split()
        then, now = words[words.index("hash") + 1], words[-2]
        assert len(then) == len(now) == 12 and then != now
    assert "repeats" not in done.sentence


def test_a_base_that_was_only_touched_has_not_changed(bridge: Bridge, make_job: MakeJob) -> None:
    job = make_job()
    first = bridge._queue.add(job)
    os.utime(job.base, (1, 1))
    assert bridge.repeat(first).notes == ()


def test_photos_that_are_gone_can_not_be_trained_again(bridge: Bridge, make_job: MakeJob) -> None:
    job = make_job("nothing")
    first = bridge._queue.add(job)
    wait_over(bridge, first)
    Path(job.base).unlink()
    with pytest.raises(Invalid, match=r"base: .* no longer exists"):
        bridge.repeat(first)
    bridge.forget(first)
    with pytest.raises(Conflict, match="are forgotten"):
        bridge.repeat(first)


def test_photos_are_encoded_or_read_from_the_disk_as_the_first_time(
    bridge: Bridge, make_job: MakeJob
) -> None:
    """With sd-scripts either takes other random numbers, and gives another LoRA."""
    job = make_job()
    params = dataclasses.replace(job.params, extra={"cache_latents_to_disk": True})
    job = job.evolve(params=params)
    kept = next(Path(job.dataset).glob("*_*")) / "1_0064x0064_sd.npz"
    first = bridge._queue.add(job)
    wait_over(bridge, first)
    kept.write_bytes(b"what it has encoded")

    again = bridge.repeat(first)
    wait_over(bridge, again.job)
    (said,) = again.notes
    assert said.startswith(f"It encodes its photos as job {first} did")
    assert f"repeats job {first}" in again.sentence
    assert "cache_latents_to_disk" not in config(bridge, again.job)
    assert "cache_latents = true" in config(bridge, again.job)
    assert bridge.repeat(again.job).notes == ()

    reads = bridge._queue.add(job)
    wait_over(bridge, reads)
    assert bridge.repeat(reads).notes == (), "it read them, and so does this one"
    kept.write_bytes(b"encoded once more")
    again = bridge.repeat(reads)
    assert "The latents that sd-scripts read from the disk have changed" in again.notes[0]
    assert "repeats" not in again.sentence
    wait_over(bridge, again.job)
    assert "cache_latents_to_disk = true" in config(bridge, again.job)


def config(bridge: Bridge, number: int) -> str:
    return (bridge.folder(number).root / "config.toml").read_text(encoding="utf-8")


# ---- over REST ----


def test_rest_says_the_same(ready: Page) -> None:
    assert ready.post("train").json()["job"] == 1
    ready.over(1)
    answer = ready.post("jobs/1/repeat")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["job"], answer.json()["of"], answer.json()["notes"]) == (2, 1, [])
    ready.over(2)
    found = ready.get("compare?jobs=1,2").json()
    assert [job["job"] for job in found["jobs"]] == [1, 2] and found["settings"] == []
    refused = ready.get("compare?jobs=1,two")
    assert refused.status_code == 422 and "not a list of jobs' numbers" in refused.text
    assert ready.get("compare?jobs=1,99").status_code == 404
