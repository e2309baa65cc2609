"""Verbs for photos: check, dataset, captions."""

from __future__ import annotations

import argparse

from ...bridge import Bridge
from ...datasets.views import dataset_view, report_view
from ..output import OK, PROBLEM, USAGE, counted, counter, refuse, show


def check(bridge: Bridge, options: argparse.Namespace) -> int:
    checked = bridge.check(options.photos, counter("photos checked", options))
    show(options, report_view(checked), checked.lines())
    return OK if checked.used else PROBLEM


def dataset(bridge: Bridge, options: argparse.Namespace) -> int:
    made = bridge.write_dataset(
        options.photos,
        options.name,
        options.class_token,
        options.steps,
        options.out,
        counter("photos copied", options),
    )
    lines = [
        *(made.checked.lines() if made.checked else []),
        f"{counted(made.images, 'photo')} x {counted(made.subsets[0].repeats, 'repeat')} = "
        f"{counted(made.real_steps, 'step')} ({options.steps} asked for), in "
        f"{made.subsets[0].folder}",
    ]
    show(options, dataset_view(made), lines)
    return OK


def captions(bridge: Bridge, options: argparse.Namespace) -> int:
    actions = {
        "add": options.add,
        "remove": options.remove,
        "replace": options.replace,
        "undo": options.undo or None,
    }
    given = {name: value for name, value in actions.items() if value is not None}
    if len(given) > 1:
        sentence = "Give only one of --add, --remove, --replace and --undo."
        return refuse(sentence, as_json=options.json, code=USAGE)
    found = bridge.captions(options.folder)
    if given:
        ((action, value),) = given.items()
        words = value if action == "replace" else ["" if action == "undo" else value]
        count, found = (
            len(found),
            bridge.change_captions(options.folder, action, *words, at_start=options.at_start),
        )
    lines = [f"{caption.file.name}: {caption.text}" for caption in found]
    data = {"captions": [{"file": str(caption.file), "text": caption.text} for caption in found]}
    show(
        options,
        data,
        [*lines, *([f"{len(found)} of {counted(count, 'caption')} changed."] if given else [])],
    )
    return OK
