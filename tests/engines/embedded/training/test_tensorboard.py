"""TensorBoard's log files of the embedded engine, read back with TensorBoard's own reader."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.engines.embedded import EmbeddedEngine, libraries
from sd_scripts_bridge.engines.sd_scripts.installed import installation, needs
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.paths import Home

LOGGED = {"sample_every_n_steps": 0, "log_with": "tensorboard"}
Train = Callable[..., Any]


def curve(folder: Path, name: str) -> list[tuple[int, float]]:
    """The points of a curve; those that a later run has replaced are gone."""
    reader = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator", reason="pip install tensorboard"
    )
    found = reader.EventAccumulator(str(folder / "network_train"))
    found.Reload()
    return [(point.step, point.value) for point in found.Scalars(name)]


def test_each_step_is_in_it_and_a_resumed_run_goes_on(train: Train) -> None:
    pytest.importorskip("tensorboard", reason="pip install tensorboard")
    run = train(max_train_steps=6, save_every_n_steps=4, lr_scheduler="linear", extra=LOGGED)
    assert run.code == 0, run.errors
    board = run.folder.tensorboard
    losses = curve(board, "loss/current")
    assert [step for step, _ in losses] == [1, 2, 3, 4, 5, 6]
    assert abs(dict(curve(board, "loss/average"))[6] - run.one("progress").loss) < 1e-6
    rates = dict(curve(board, "lr/unet"))
    assert abs(rates[4] - 3e-3 * 3 / 6) < 1e-9
    assert len(curve(board, "lr/textencoder")) == 6
    (state,) = run.folder.states("Ada")
    again = train(
        max_train_steps=6, save_every_n_steps=4, lr_scheduler="linear", extra=LOGGED, resume=state
    )
    assert again.code == 0, again.errors
    now = curve(board, "loss/current")
    assert [step for step, _ in now] == [1, 2, 3, 4, 5, 6], "steps 5 and 6 stand once"
    assert now == losses, "and go on as they would have"


def test_without_tensorboard_it_is_said_before_the_start(tmp_path: Path) -> None:
    wanted = TrainingParams(extra={"log_with": "tensorboard"})
    (tmp_path / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    python = tmp_path / "bin" / "python"
    (problem,) = libraries.tensorboard_problems(python, wanted)
    assert str(problem).startswith("log_with: tensorboard is not installed in the training")
    assert f'"{python}" -m pip install tensorboard' in problem.remedy
    assert libraries.tensorboard_problems(python, TrainingParams()) == []


def test_sd_scripts_says_so_too(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    found = installation.Installation(str(tmp_path), str(python))
    wanted = TrainingParams(extra={"log_with": "tensorboard"})
    machine = EmbeddedEngine(Home(tmp_path)).machine()
    (problem,) = needs.problems(wanted, found, machine)
    assert str(problem).startswith("log_with: tensorboard is not installed in the training")
