"""Verbs for photos: check, dataset, frames."""

from __future__ import annotations

import argparse
import json

from ...bridge import Bridge
from ...datasets.views import buckets_of, dataset_view, report_view
from ...jobs import facts
from ...photos.video.request import FramesRequest
from ..output import OK, PROBLEM, counted, counter, show
from .training import follow_to_end, say_queued


def check(bridge: Bridge, options: argparse.Namespace) -> int:
    checked = bridge.check(options.photos, counter("photos checked", options))
    sizes = buckets_of(checked, options.resolution)
    told = ", ".join(f"{one.width} x {one.height}: {one.photos}" for one in sizes)
    *lines, summary = checked.lines()
    seen = [f"sizes     {told}, as trained at {options.resolution}"] if sizes else []
    show(options, report_view(checked, options.resolution), [*lines, *seen, summary])
    return OK if checked.used else PROBLEM


def dataset(bridge: Bridge, options: argparse.Namespace) -> int:
    made = bridge.write_dataset(
        options.photos,
        options.name,
        options.class_token,
        options.steps,
        options.out,
        counter("photos copied", options),
        hold_out=options.held_out,
    )
    lines = [
        *(made.checked.lines() if made.checked else []),
        f"{counted(made.images, 'photo')} x {counted(made.subsets[0].repeats, 'repeat')} = "
        f"{counted(made.real_steps, 'step')} ({options.steps} asked for), in "
        f"{made.subsets[0].folder}",
        *(f"Held out: {photo}" for photo in made.held_out),
    ]
    show(options, dataset_view(made), lines)
    return OK


def frames(bridge: Bridge, options: argparse.Namespace) -> int:
    """Queue it and follow it."""
    number = bridge.frames(FramesRequest(options.video, options.count, options.out))
    say_queued(bridge, number, options)
    if options.detach:
        return OK
    code = follow_to_end(bridge, number, options)
    answer = facts.read(bridge.folder(number).result)
    if options.json and answer:
        print(json.dumps({"type": "frames", **answer}, ensure_ascii=False), flush=True)
    return code
