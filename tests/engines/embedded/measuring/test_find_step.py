"""Short trainings that find the step: every photo left out once, stopped and gone on with, nothing
kept but figures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.evidence import measured
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.system.files import write_json
from tests.engines.embedded.conftest import NO_SAMPLES, QUICK
from tests.support.supervisor import wait, wait_over
from tests.support.verbs import run

Pictures = Callable[[Path, int, str], None]


def test_every_photo_is_left_out_once_and_a_stopped_search_goes_on(
    bases: Callable[[str], Path],
    tokenizers: Path,
    pictures: Pictures,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")
    from sd_scripts_bridge.engines.embedded.measuring import fold, step_program

    trained, apart = tmp_path / "set" / "img" / "2_Ada woman", tmp_path / "set" / "held_out"
    pictures(trained, 6, "Ada woman, photo, number {}")
    pictures(tmp_path / "set" / "reg" / "1_woman", 2, "woman, number {}")
    apart.mkdir()
    for name in ("3.png", "3.txt"):
        (trained / name).rename(apart / name)
    wanted = {"max_train_steps": 7, "save_every_n_steps": 2}
    job = TrainingJob(
        name="Ada",
        subject="Ada",
        class_token="woman",
        dataset=str(tmp_path / "set" / "img"),
        base=str(bases("sd1")),
        family="sd1",
        engine="embedded",
        params=TrainingParams(extra=NO_SAMPLES).with_values(QUICK | wanted),
    )
    tool = JobFolder(tmp_path / "tool").create()
    write_json(tool.job, {"settings": {"job": job.as_dict(), "folds": 3}})
    monkeypatch.setattr(sys, "argv", ["", str(tool.root), str(tokenizers)])
    folds = fold.folds_of(job, 3, tool)
    assert [one.steps for one in folds] == [[0, 1, 2, 3, 4]] * 3, "two thirds of the photos"
    left_out = [photo.path for one in folds for photo in one.left_out]
    assert len(left_out) == len(set(left_out)) == 6
    assert len({one.params().seed for one in folds}) == 3, "each with noise of its own"

    tool.stop_request.touch()
    assert step_program.main() == 0 and not tool.result.exists()
    tool.stop_request.unlink()
    capsys.readouterr()
    assert step_program.main() == 0

    said = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line[0] == "{"]
    going = [one["text"] for one in said if one["type"] == "phase"]
    assert any("going on from" in str(text) for text in going), "the first fold isn't begun anew"
    progress = [(one["step"], one["total"]) for one in said if one["type"] == "progress"]
    assert progress == sorted(progress) and progress[-1] == (12, 12), "of all folds together"
    assert {one["type"] for one in said} <= {"phase", "progress", "note"}
    assert not any("learned" in str(text) for text in going), "of a LoRA that isn't kept"
    alone = [step for one in folds for step in one.measured]
    assert all(step.held_out and not step.training for step in alone), "what is looked at only"
    steps = measured.read(tool.measured)
    assert [step.step for step in steps] == [0, 2, 4, 6, 7]
    assert all(len(step.held_out) == 6 and not step.training for step in steps)
    best = json.loads(tool.result.read_text())
    assert set(best) == {"step", "range", "sure", "reason", "curve"} and len(best["curve"]) == 5
    kept = {file.suffix for file in tool.output.rglob("*") if file.is_file()}
    assert kept == {".json"}, "neither photos nor LoRAs"

    before = {file: file.stat().st_mtime_ns for file in tool.output.rglob("*.json")}
    assert step_program.main() == 0
    assert before == {file: file.stat().st_mtime_ns for file in tool.output.rglob("*.json")}


def test_photos_that_nobody_has_trained_by_the_command_line_and_the_supervisor(
    bases: Callable[[str], Path], pictures: Pictures, bridge: Bridge, tmp_path: Path
) -> None:
    """Asked for, stopped in the middle, gone on with; then all photos are trained."""
    pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")
    photos = tmp_path / "Ada woman"
    pictures(photos, 6, "Ada woman, photo, number {}")
    values = [f"{key}={value}" for key, value in QUICK.items()]
    asked = (
        "find-step",
        photos,
        "--base",
        bases("sd1"),
        "--folds",
        3,
        "--detach",
        "--set",
        *values,
    )
    told = run(bridge, *asked, "max_train_steps=8", "save_every_n_steps=2", "--json")
    assert told.returncode == 0, told.stderr
    said = json.loads(told.stdout)
    number, folder = said["job"], bridge.folder(said["job"])
    assert "the subject is called 'Ada'" in str(said["notes"])
    assert "Sample pictures" not in str(said["notes"]), "short trainings draw none"

    wait(bridge, number, lambda row: row.status is Status.RUNNING)
    bridge.stop(number)
    assert wait_over(bridge, number).status is Status.STOPPED and not folder.result.exists()
    assert run(bridge, "resume", number).returncode == 0
    row = wait_over(bridge, number)
    assert row.status is Status.SUCCEEDED, bridge.log(number)

    steps = measured.read(folder.measured)
    assert [(step.step, len(step.held_out)) for step in steps] == [(n, 6) for n in (0, 2, 4, 6, 8)]
    assert json.loads(run(bridge, "jobs", number, "--json").stdout)["best"]["curve"]
    trained = run(bridge, "retry", number, "--all-photos", "--steps", 4, "--json")
    job = bridge.job(json.loads(trained.stdout)["job"]).job
    assert isinstance(job, TrainingJob) and job.params.max_train_steps == 4
    assert len([*Path(job.dataset).rglob("*.png")]) == 6
