"""Trainings side by side, as columns of text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...jobs.meter import duration
from ...page.finished.comparison import CompareView
from ...page.finished.figures import RunView

GAP = "  "
WIDEST = 32
POINTS = 8
"""So many rows show a curve."""

Row = tuple[str, Sequence[str]]


def lines(told: CompareView) -> list[str]:
    """Figures, then what differs, the loss, and where the samples lie."""
    blocks: list[tuple[str, list[Row]]] = [
        ("", [row for row in _figures(told.jobs) if any(row[1])]),
        (_settings_head(told), [(d.name, [*map(_said, d.values)]) for d in told.settings]),
        ("Photos", [(d.name, [*map(_said, d.values)]) for d in told.data]),
        ("Captions", [(c.photo, [*map(_said, c.captions)]) for c in told.captions]),
        ("Loss at step", _losses(told.jobs)),
        ("Held-out loss at step", _held_out(told.jobs)),
    ]
    shown = [(head, rows) for head, rows in blocks if rows or head.startswith("Settings")]
    every = [row for _, rows in shown for row in rows]
    found: list[str] = []
    for head, rows in shown:
        found += ["", head] if head else []
        found += [_line(row, every) for row in rows]
    return [*found, *_samples(told.jobs)]


FIGURES: tuple[tuple[str, Callable[[RunView], str]], ...] = (
    ("", lambda run: f"job {run.job}"),
    ("name", lambda run: run.title),
    ("status", lambda run: run.status),
    ("steps", lambda run: f"{run.steps} of {run.planned_steps}"),
    ("time", lambda run: duration(run.seconds) if run.seconds else ""),
    ("loss", lambda run: _number(run.loss)),
    ("proof", lambda run: " -> ".join(map(_number, run.proof or []))),
)


def _figures(jobs: Sequence[RunView]) -> list[Row]:
    return [(name, [say(run) for run in jobs]) for name, say in FIGURES]


def _settings_head(told: CompareView) -> str:
    total = told.same_settings + len(told.settings)
    return f"Settings: {len(told.settings)} of {total} differ"


def _line(row: Row, every: Sequence[Row]) -> str:
    name, cells = row
    first = max(len(name) for name, _ in every)
    widths = [
        min(WIDEST, max(len(cells[column]) for _, cells in every)) for column in range(len(cells))
    ]
    padded = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)]
    return GAP.join([f"  {name:<{first}}", *padded]).rstrip()


def _said(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _losses(jobs: Sequence[RunView]) -> list[Row]:
    return _curves([[(step, loss) for step, loss, _ in run.curve] for run in jobs])


def _held_out(jobs: Sequence[RunView]) -> list[Row]:
    return _curves([[(point[0], point[1]) for point in run.held_out] for run in jobs])


def _curves(curves: Sequence[Sequence[tuple[int, float]]]) -> list[Row]:
    """A few steps of the longest curve; each run's value at the last step up to there."""
    longest = max(curves, key=len, default=[])
    steps = sorted({step for step, _ in longest})  # sd-scripts says a step twice
    chosen = {*steps[:: max(1, len(steps) // POINTS)], *steps[-1:]}
    return [(str(at), [_number(_at(curve, at)) for curve in curves]) for at in sorted(chosen)]


def _at(curve: Sequence[tuple[int, float]], step: int) -> float | None:
    before = [value for at, value in curve if at <= step]
    past_end = not curve or curve[-1][0] < step
    return before[-1] if before and not past_end else None


def _samples(jobs: Sequence[RunView]) -> list[str]:
    """Paths, a step's together: a picture viewer shows them side by side."""
    places = sorted({(one.step, one.prompt) for run in jobs for one in run.samples})
    found = ["", "Samples"] if places else []
    for step, prompt in places:
        found.append(f"  step {step}, prompt {prompt + 1}")
        found += [
            f"    job {run.job}  {one.path}"
            for run in jobs
            for one in run.samples
            if (one.step, one.prompt) == (step, prompt)
        ]
    return found
