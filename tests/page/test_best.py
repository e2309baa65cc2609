"""The recommended step as the page gets it, from what was measured."""

from __future__ import annotations

from pathlib import Path

from sd_scripts_bridge.evidence.measured import MeasuredStep, write
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.page.progress.best import best_of
from sd_scripts_bridge.shapes.plain import plain

HARD = (0.30, 0.20, 0.10, 0.05) * 8
"""How hard each draw is at every save."""


def measure(folder: JobFolder, step: int, loss: float) -> None:
    errors = tuple(draw + loss + 0.0001 * (number % 3) for number, draw in enumerate(HARD))
    write(folder.measured, MeasuredStep(step, {"held": errors}, {"own": errors}))


def test_it_tells_the_step_its_range_and_the_curve(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path).create()
    assert best_of(folder) is None
    for step, loss in ((10, 0.05), (20, 0.0), (30, 0.04)):
        measure(folder, step, loss)

    told = plain(best_of(folder))

    assert (told["step"], told["range"], told["sure"]) == (20, [20, 20], True)
    assert [save["step"] for save in told["curve"]] == [10, 20, 30]
    assert set(told["curve"][0]) == {"step", "held_out", "error", "training"}
    measure(folder, 20, 0.05)
    measure(folder, 30, 0.05)
    again = plain(best_of(folder))
    assert again["step"] is None and "alike" in again["reason"]
