"""The command line's verb that draws the saved steps side by side."""

from __future__ import annotations

import argparse
import json

from ...bridge import Bridge
from ...engines.judging.plan import GridWish
from ...messages import Message
from ...page.progress.grid import GridView, grid_view
from ...shapes.plain import plain
from ..output import OK, show
from .training import follow_to_end


def judge(bridge: Bridge, options: argparse.Namespace) -> int:
    if options.stop:
        sentence = bridge.stop_grid(options.job)
        show(options, {"job": options.job, "sentence": sentence}, [sentence])
        return OK
    text = options.prompts.read_text(encoding="utf-8-sig") if options.prompts else None
    grid = bridge.draw_grid(options.job, GridWish(options.steps, options.weights, text))
    _announce(bridge, options)
    if options.detach or grid.number is None:
        return OK
    code = follow_to_end(bridge, grid.number, options)
    if options.json:
        print(json.dumps({"type": "grid", "grid": plain(_view(bridge, options.job))}), flush=True)
    return code


def _view(bridge: Bridge, job_id: int) -> GridView:
    return grid_view(bridge, job_id, lambda _, path: str(path))


def _announce(bridge: Bridge, options: argparse.Namespace) -> None:
    view = _view(bridge, options.job)
    if options.json:
        told = {"type": "queued", "job": view.number, "grid": plain(view)}
        print(json.dumps(told), flush=True)
        return
    text = "{count} {count:picture|pictures} to draw, {done} there: steps {steps}, x {weights}."
    print(
        Message(
            "grid.announced",
            text,
            count=view.total - view.done,
            done=view.done,
            steps=", ".join(map(str, view.steps)),
            weights=", ".join(f"{weight:g}" for weight in view.weights),
        )
    )
    print(f"They are in {bridge.folder(options.job).grid}", flush=True)
