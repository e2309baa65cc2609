"""Verbs for photos: check, dataset, regularization, frames."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from ...bridge import Bridge
from ...datasets import subjects as balance
from ...datasets.kohya_folder import Dataset
from ...datasets.looking.passes import Watch
from ...datasets.views import buckets_of, dataset_view, headers_view, report_view
from ...engines.regularizing.request import RegularizationRequest
from ...jobs import facts
from ...photos.video.request import FramesRequest
from ..output import OK, PROBLEM, USAGE, counted, counter, refuse, show
from ..typed import subjects
from ..typed.masks import masks_of
from .training import follow_to_end, say_queued

SIZES_SHOWN = 12


def check(bridge: Bridge, options: argparse.Namespace) -> int:
    if options.headers:
        return _headers(bridge, options)
    counts = counter("headers read", options), counter("photos checked", options)
    faces = counter("faces compared", options)
    watch = Watch(*counts, lambda text: _say(text, options), faces)
    checked = bridge.check(options.photos, watch=watch)
    sizes = buckets_of(checked, options.resolution)
    told = ", ".join(f"{one.width} x {one.height}: {one.photos}" for one in sizes)
    *lines, summary = checked.lines()
    seen = [f"sizes     {told}, as trained at {options.resolution}"] if sizes else []
    show(options, report_view(checked, options.resolution), [*lines, *seen, summary])
    return OK if checked.used else PROBLEM


def _headers(bridge: Bridge, options: argparse.Namespace) -> int:
    view = headers_view(bridge.headers(options.photos, counter("headers read", options)))
    lines = [f"{one.width} x {one.height}: {one.photos}" for one in view.sizes[:SIZES_SHOWN]]
    more = len(view.sizes) - len(lines)
    show(options, view, [*lines, *([f"{more} sizes more"] if more else []), view.summary])
    return OK if view.pictures else PROBLEM


def _say(text: str, options: argparse.Namespace) -> None:
    """On stderr, as the pass ends: the report on stdout comes once all are over."""
    if not options.json:
        print(text, file=sys.stderr, flush=True)


def dataset(bridge: Bridge, options: argparse.Namespace) -> int:
    if sentence := _usage(options):
        return refuse(sentence, as_json=options.json, code=USAGE)
    made = _written(bridge, options)
    lines = [
        *(made.checked.lines() if made.checked else []),
        *_sums(made, options.steps),
        *([] if options.name or options.subject else made.remarks),
        *balance.notes(made),
        *(f"Held out: {photo}" for photo in made.held_out),
        *([] if made.masks is None else [f"{counted(made.masks, 'photo')} with a mask"]),
    ]
    show(options, dataset_view(made), lines)
    return OK


def _usage(options: argparse.Namespace) -> str:
    """Why it isn't clear what to make; empty where it is."""
    named = options.name is not None and options.class_token is not None
    if options.subject and (options.photos or options.name or options.class_token):
        return "Give either --subject, once for each, or PHOTOS with --name and --class."
    if not options.subject and not options.photos:
        return "Give PHOTOS with --name and --class, or --subject, once for each subject."
    if not options.subject and not named and (options.name or len(options.photos) != 1):
        return "Give --name and --class; only one kohya folder needs none."
    return ""


def _written(bridge: Bridge, options: argparse.Namespace) -> Dataset:
    advance = counter("photos copied", options)
    how: Any = {"hold_out": options.held_out, "masks": masks_of(options)}
    if options.subject:
        shares = subjects.read(options.subject)
        return bridge.write_subjects(shares, options.steps, options.out, advance, **how)
    if options.name is None:
        return bridge.copy_folders(options.photos[0], options.out, advance, **how)
    return bridge.write_dataset(
        options.photos,
        options.name,
        options.class_token,
        options.steps,
        options.out,
        advance,
        **how,
    )


def _sums(made: Dataset, asked: int) -> list[str]:
    """A line for each folder, and for several what they make together."""
    folders = [
        f"{counted(one.images, 'photo')} x {counted(one.repeats, 'repeat')} = "
        f"{counted(one.steps, 'step')}"
        for one in made.subsets
    ]
    if len(folders) == 1 and made.wanted_steps:
        return [f"{folders[0]} ({asked} asked for), in {made.subsets[0].folder}"]
    lines = [f"{text}, in {one.folder}" for text, one in zip(folders, made.subsets, strict=True)]
    asked_for = f" ({asked} asked for)" if made.wanted_steps else ""
    return [*lines, f"{counted(made.real_steps, 'step')} an epoch{asked_for}"]


def regularization(bridge: Bridge, options: argparse.Namespace) -> int:
    """Queue the drawing and follow it."""
    asked = RegularizationRequest(
        options.class_token,
        options.base,
        options.count,
        options.out,
        options.prompt,
        options.resolution,
    )
    drawn = bridge.draw_regularization(asked)
    assert drawn.job is not None, "our own sampler draws as a job"
    say_queued(bridge, drawn.job, options)
    if options.detach:
        return OK
    code = follow_to_end(bridge, drawn.job, options)
    answer = facts.read(bridge.folder(drawn.job).result)
    if options.json and answer:
        print(json.dumps({"type": "regularization", **answer}, ensure_ascii=False), flush=True)
    return code


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
