"""The grid drawn with our own sampler: stopped, gone on with, and done."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from PIL import Image

from sd_scripts_bridge.engines.embedded.sampling import grid_program
from sd_scripts_bridge.engines.judging.grid import Cell
from sd_scripts_bridge.engines.judging.plan import GridWish, plan
from sd_scripts_bridge.jobs.folder import JobFolder

LINES = "Ada woman --w 64 --h 64 --d 1 --s 2\nwoman --w 64 --h 64 --d 2 --s 2"


def test_a_killed_grid_goes_on_and_draws_nothing_twice(
    train: Callable[..., Any], tokenizers: Path, tmp_path: Path
) -> None:
    run = train(name="000001", max_train_steps=6, save_every_n_steps=3, learning_rate=1e-2)
    tool = JobFolder(tmp_path / "000002").create()
    tool.job.write_text(json.dumps({"kind": "tool", "tool": "judge", "about": 1}))
    grid = plan(run.job, run.folder, 1, GridWish(weights=(0.8, 1.0), prompts=LINES))
    grid.write(run.folder)
    assert grid.steps == (3, 6) and len(grid.cells) == 8 + 2
    tool.stop_request.touch()

    assert grid_program.draw(tool, tokenizers) == 0

    first = {path.name: path.stat().st_mtime_ns for path in run.folder.grid.glob("*-*.png")}
    assert len(first) == 1 and not tool.result.exists()
    tool.stop_request.unlink()
    assert grid_program.draw(tool, tokenizers) == 0
    after = {path.name: path.stat().st_mtime_ns for path in run.folder.grid.glob("*-*.png")}
    assert len(after) == 10 and first.items() <= after.items()
    told = json.loads(tool.result.read_text())
    assert told["pictures"] == 10 and Path(told["sheet"]).is_file()

    def pixels(cell: Cell) -> Any:
        with Image.open(grid.path(run.folder, cell)) as picture:
            assert str(picture.info["parameters"]).splitlines()[0] in ("Ada woman", "woman")
            return np.asarray(picture, dtype=int)

    without, weak, strong = pixels(Cell(None, 0, 0)), pixels(Cell(6, 0.8, 0)), pixels(Cell(6, 1, 0))
    assert np.abs(without - strong).mean() > np.abs(without - weak).mean() > 0
