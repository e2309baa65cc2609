"""Sample pictures of a run with sd-scripts: told, listed, and shown as a strip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
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
    prompts.change(bridge.job(number), folder, "Ada on the moon\nsomebody else")
    (folder.output / "go").touch()
    assert wait_over(bridge, number).status is Status.SUCCEEDED

    strip = JobViews(bridge).strip(bridge.job(number))

    assert strip is not None
    assert strip.steps == [0, 10, 20, 30, 40]
    assert strip.prompts == ["Ada on the moon", "somebody else", "", ""]
    assert strip.others == [1]
    drawn = [[bool(cell) for cell in row] for row in strip.pictures]
    assert drawn == [[True] * 5, [True] * 5, [True, True] + [False] * 3, [True, True] + [False] * 3]
    told = [entry.event for entry in bridge.events(number) if isinstance(entry.event, Sample)]
    assert {(one.step, one.prompt) for one in told} == {
        *((step, row) for step in (0, 10) for row in range(4)),
        *((step, row) for step in (20, 30, 40) for row in range(2)),
    }
    assert all(Path(one.path).is_file() for one in told)


def test_prompts_are_changed_only_while_it_can_draw(bridge: Bridge, drawing: TrainingJob) -> None:
    number = bridge._store.add(drawing)
    row, folder = bridge.job(number), bridge.folder(number)

    with pytest.raises(Invalid, match="holds no prompt"):
        prompts.change(row, folder, "# nothing\n\n")
    assert "2 prompts" in prompts.change(row, folder, "Ada\nsomebody else --s 3")
    assert prompts.read(folder) == "Ada\nsomebody else --s 3\n"
    with pytest.raises(Conflict, match="draws no more sample pictures"):
        prompts.change(replace(row, status=Status.FAILED), folder, "Ada")


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
