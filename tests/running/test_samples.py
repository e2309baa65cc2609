"""Sample pictures of a run with sd-scripts: told, listed, and shown as a strip."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.engines import sample_prompts
from sd_scripts_bridge.engines.sample_watch import SampleWatch
from sd_scripts_bridge.errors import Conflict, Invalid
from sd_scripts_bridge.jobs.events import Sample
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.page.jobs import JobViews
from sd_scripts_bridge.running.asked import prompts
from tests.support.supervisor import submit, wait_over, wait_step

MakeJob = Callable[..., TrainingJob]


@pytest.fixture
def drawing(make_job: MakeJob) -> TrainingJob:
    """40 steps that are sampled every 10, and wait behind step 10 for somebody's "go"."""
    job = make_job("hold", max_train_steps=40, save_every_n_steps=10)
    return job.evolve(params=replace(job.params, extra={"sample_every_n_steps": 10}))


def test_the_strip_has_a_column_a_step_and_a_row_a_prompt(
    bridge: Bridge, drawing: TrainingJob
) -> None:
    number = submit(bridge, drawing)
    wait_step(bridge, number, 10)
    folder = bridge.folder(number)
    first = [one.text for one in sample_prompts.read_file(folder.prompts)]
    prompts.change(bridge.job(number), folder, "Ada on the moon\nsomebody else")
    (folder.output / "go").touch()
    assert wait_over(bridge, number).status is Status.SUCCEEDED

    strip = JobViews(bridge).strip(bridge.job(number))

    assert strip is not None
    assert strip.steps == [0, 10, 20, 30, 40]
    now = ["Ada on the moon", "somebody else"]
    assert strip.prompts == [first[0], now[0], first[1], now[1], first[2], first[3]]
    assert strip.others == [3, 4, 5], "whoever isn't named should not change"
    drawn = [[bool(cell) for cell in row] for row in strip.pictures]
    before, after = [True, True, False, False, False], [False, False, True, True, True]
    assert drawn == [before, after, before, after, before, before]
    told = [entry.event for entry in bridge.events(number) if isinstance(entry.event, Sample)]
    assert {(one.step, one.prompt) for one in told} == {
        *((step, row) for step in (0, 10) for row in range(4)),
        *((step, row) for step in (20, 30, 40) for row in range(2)),
    }
    assert all(Path(one.path).is_file() for one in told)


def test_who_changes_the_prompts_while_they_are_drawn_changes_no_names(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path).create()
    folder.prompts.write_text("Ada in a park --s 3\na man --s 3\n")
    watch = SampleWatch(folder)
    watch.hear("generating sample images at step / \u30b5\u30f3\u30d7\u30eb: 10")
    folder.prompts.write_text("Ada on the moon\nsomebody else\n")
    for text in ("a man", "Ada in a park"):  # as two processes say it
        watch.hear(f"prompt: {text}")
    watch.hear("generating sample images at step / \u30b5\u30f3\u30d7\u30eb: 20")
    for text in ("Ada at sea", "nobody"):  # read before we have looked
        watch.hear(f"prompt: {text}")
    texts = [watch.text(step, row) for step in (10, 20, 30) for row in (0, 1)]
    assert texts == ["Ada in a park", "a man", "Ada at sea", "nobody", "", ""]


def test_prompts_are_changed_only_while_it_can_draw(bridge: Bridge, drawing: TrainingJob) -> None:
    number = bridge._store.add(drawing)
    row, folder = bridge.job(number), bridge.folder(number)

    with pytest.raises(Invalid, match="holds no prompt"):
        prompts.change(row, folder, "# nothing\n\n")
    assert "2 prompts" in prompts.change(row, folder, "Ada\nsomebody else --s 3")
    assert prompts.read(folder) == "Ada\nsomebody else --s 3\n"
    with pytest.raises(Conflict, match="draws no more sample pictures"):
        prompts.change(replace(row, status=Status.FAILED), folder, "Ada")


def test_no_change_is_promised_that_would_not_come(bridge: Bridge, drawing: TrainingJob) -> None:
    row = bridge.job(bridge._store.add(drawing))
    folder = bridge.folder(row.id).create()

    def change(job: TrainingJob, status: Status = Status.RUNNING) -> str:
        spec = json.dumps(job.as_dict())
        return prompts.change(replace(row, spec=spec, status=status), folder, "Ada")

    own = drawing.evolve(params=replace(drawing.params, extra={"sample_prompts": "/my/own.toml"}))
    with pytest.raises(Conflict, match=r"draws by /my/own\.toml: change that file"):
        change(own)
    folder.command.touch()
    with pytest.raises(Conflict, match="draws no sample pictures"):
        change(drawing)
    cached = drawing.params.with_values(
        {"cache_text_encoder_outputs": True, "network_train_unet_only": True}
    )
    flux = drawing.evolve(family="flux1", params=cached)
    assert "1 prompt." in change(flux, Status.QUEUED), "it begins with these"
    with pytest.raises(Conflict, match="encodes the prompts once"):
        change(flux)
    assert "1 prompt." in change(drawing.evolve(family="sdxl", params=cached))


def test_a_picture_is_told_once_it_is_whole(tmp_path: Path) -> None:
    from PIL import Image

    folder = JobFolder(tmp_path).create()
    sample = folder.sample_folders[1]
    sample.mkdir()
    Image.new("RGB", (8, 8)).save(sample / "Ada_000010_00_20261122081021_7.png")
    watch = SampleWatch(folder)
    Image.new("RGB", (8, 8)).save(sample / "Ada_000020_01_20261122081021_7.png")
    whole = (sample / "Ada_000020_01_20261122081021_7.png").read_bytes()
    half = sample / "Ada_000020_02_20261122081021_7.png"
    half.write_bytes(whole[:-20])

    assert [(one.step, one.prompt) for one in watch.new()] == [(20, 1)]
    assert watch.new() == []
    half.write_bytes(whole)
    assert [(one.step, one.prompt) for one in watch.new()] == [(20, 2)]
    assert watch.new() == []


def test_a_training_is_shown_while_a_tool_works_on_it(bridge: Bridge, make_job: MakeJob) -> None:
    from sd_scripts_bridge.jobs.job import ToolJob

    first = bridge._store.add(make_job())
    bridge._store.move(first, Status.STOPPED, of=[Status.QUEUED], attempt=0)
    bridge._store.add(ToolJob("judge", "Judge Ada", about=first))

    status = JobViews(bridge).status(None, 0)

    assert status.job is not None and status.job.id == first
