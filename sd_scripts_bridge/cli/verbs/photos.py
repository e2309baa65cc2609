"""Verbs for photos: check, dataset."""

from __future__ import annotations

import argparse

from ...bridge import Bridge
from ...datasets.views import buckets_of, dataset_view, report_view
from ..output import OK, PROBLEM, counted, counter, show


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
