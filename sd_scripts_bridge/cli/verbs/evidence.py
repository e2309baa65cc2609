"""The command line's verb that measures saved steps, and what it says of them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from ...bridge import Bridge
from ...jobs.facts import read as read_json
from ...paths import absolute
from ...planning.request import Request
from ..output import OK, USAGE, refuse, show
from .training import follow_to_end, print_notes, settings_of


def evaluate(bridge: Bridge, options: argparse.Namespace) -> int:
    word = options.target
    if word.isdecimal() and (options.on or options.base):
        sentence = "--on and --base are for a FILE; a job is measured on its own held-out photos."
        return refuse(sentence, as_json=options.json, code=USAGE)
    if word.isdecimal():
        number = bridge.evaluate(int(word))
    elif options.on is None:
        sentence = "Give a job's number, or a LoRA's FILE with --on PHOTOS."
        return refuse(sentence, as_json=options.json, code=USAGE)
    else:
        number = bridge.evaluate_file(absolute(Path(word)), options.on, options.base)
    return _followed(bridge, number, options)


def find_step(bridge: Bridge, options: argparse.Namespace) -> int:
    is_job = options.target.isdecimal()
    given = (options.base, options.preset, options.lora_dir, options.set or None, options.gpu)
    if is_job and any(one is not None for one in given):
        sentence = (
            "Job {job} has its own base and settings: leave --base, --preset, --set, --lora-dir "
            "and --gpu out."
        )
        said = sentence.format(job=options.target)
        return refuse(said, as_json=options.json, code=USAGE)
    if is_job:
        return _followed(bridge, bridge.find_step(int(options.target), options.folds), options)
    if options.base is None:
        sentence = "Give a training's number, or a DATASET with --base FILE."
        return refuse(sentence, as_json=options.json, code=USAGE)
    values, notes = settings_of(options.set)
    request = Request(
        absolute(Path(options.target)),
        options.base,
        preset=options.preset,
        values=values,
        lora_dir=options.lora_dir,
        gpu=options.gpu,
    )
    number, more = bridge.find_step_of(request, options.folds)
    return _followed(bridge, number, options, [*notes, *more])


def _followed(
    bridge: Bridge, number: int, options: argparse.Namespace, notes: Sequence[str] = ()
) -> int:
    """To the end of the job that measures, and what that recommends."""
    if options.detach:
        told = {"type": "queued", "job": number, "notes": [*notes]}
        show(options, told, [*notes, f"Job {number} measures it."])
        return OK
    if not options.json:
        print_notes(notes)
    code = follow_to_end(bridge, number, options)
    answer = read_json(bridge.folder(number).result)
    if answer and options.json:
        print(json.dumps({"type": "best", "job": number, "best": answer}), flush=True)
    elif answer:
        print("\n".join(lines(answer["curve"], answer["step"])))
    return code


def lines(curve: list[dict[str, float | None]], best: float | None) -> list[str]:
    """A line a save: step, held-out loss with its error, training loss."""
    told = [f"  {'step':>8}  {'held-out loss':<20}training loss"]
    for point in curve:
        loss = f"{point['held_out']:.4f} ± {point['error']:.4f}"
        trained = "" if point["training"] is None else f"{point['training']:.4f}"
        mark = "  <- lowest" if best is not None and point["step"] == best else ""
        told.append(f"  {point['step']:>8}  {loss:<20}{trained}{mark}".rstrip())
    return told
