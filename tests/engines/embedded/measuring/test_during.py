"""Measuring while it trains: at every save, on photos that are never trained, changing nothing."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sd_scripts_bridge.engines.embedded.measuring import during
from sd_scripts_bridge.engines.embedded.measuring.during import Telling
from sd_scripts_bridge.engines.embedded.measuring.photos import MOST_TRAINING
from sd_scripts_bridge.evidence import measured
from sd_scripts_bridge.evidence.curve import curve
from tests.engines.embedded.conftest import Run

Pictures = Callable[[Path, int, str], None]


@pytest.fixture(scope="module")
def with_held_out(tmp_path_factory: pytest.TempPathFactory, pictures: Pictures) -> Path:
    root = tmp_path_factory.mktemp("held out")
    pictures(root / "img" / "4_Ada woman", 4, "Ada woman, photo, number {}")
    pictures(root / "held_out", 1, "Ada woman, another photo, {}")
    return root / "img"


def test_every_save_is_measured_and_the_training_stays_the_same(
    train: Callable[..., Run],
    with_held_out: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(during, "SECONDS_BETWEEN", 0)
    data = {"save_every_n_steps": 4, "max_train_steps": 10, "lr_warmup_steps": 0}
    run = train(data=with_held_out, **data)
    assert run.code == 0, run.errors
    steps = measured.read(run.folder.measured)
    assert [step.step for step in steps] == [0, 4, 8, 10]
    assert [event.step for event in run.all("measured")] == [0, 4, 8, 10]
    phases = [str(event.text) for event in run.all("phase")]
    assert f"measuring step 4: 1 of {1 + MOST_TRAINING} photos" in phases
    assert {(len(step.held_out), len(step.training)) for step in steps} == {(1, MOST_TRAINING)}
    assert {len(draws) for step in steps for draws in step.held_out.values()} == {32}
    points = curve(steps)
    assert points[0].training != points[-1].training and points[0].held_out != points[-1].held_out
    alone = tmp_path / "alone" / "img"
    shutil.copytree(with_held_out, alone)
    unmeasured = train(data=alone, name="Alone", **data)
    assert not unmeasured.folder.measured.exists() and not unmeasured.all("measured")
    assert _weights(unmeasured) == _weights(run), "measuring changes no weight"


def test_measuring_that_takes_long_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    telling = Telling(20, 9)
    telling.said -= 60
    telling(3)
    telling(4)  # right afterwards
    said = [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()]
    assert said == ["measuring step 20: 3 of 9 photos"]


def test_enough_ends_a_training_that_gets_worse_and_says_what_it_saved(
    train: Callable[..., Run], with_held_out: Path
) -> None:
    """With a learning rate that spoils it: a save is significantly worse long before the end."""
    values = {"max_train_steps": 24, "save_every_n_steps": 4, "lr_warmup_steps": 0}
    run = train(data=with_held_out, enough=True, **values, learning_rate=0.1)
    assert run.code == 0, run.errors
    ended = run.all("result")[0].facts["steps"]
    assert 4 < ended < 24 and ended % 4 == 0
    assert [step.step for step in measured.read(run.folder.measured)][-1] == ended
    assert len(run.all("measured")) == ended // 4 + 1, "none is measured twice"
    assert run.all("progress")[-1].step == ended, "the card counts these"
    notes = " ".join(str(note.text) for note in run.all("note"))
    assert f"Ended at step {ended}" in notes and f"saved {24 - ended} of 24 steps" in notes
    assert run.lora.is_file(), "the last step is what is published"


def _weights(run: Run) -> dict[str, list[float]]:
    from safetensors.torch import load_file

    return {name: tensor.flatten().tolist() for name, tensor in load_file(run.lora).items()}
