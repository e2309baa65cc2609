"""The command line's verbs that train: start, follow, set up."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...bridge import Bridge
from ...errors import BridgeError
from ...exchange import request as exchange_request
from ...jobs.job import Status, TrainingJob
from ...jobs.meter import duration
from ...messages import Message
from ...options import presets
from ...options.slang import SLANG
from ...planning.request import Request
from .. import summary
from ..follow import exit_code, follow
from ..output import INTERRUPTED, OK, USAGE, refuse, show
from ..pages import PROGRAM
from ..terminal import Terminal
from ..typed import subjects
from ..typed.masks import settings_of as mask_settings_of
from .launch import cluster_of, launch_of

USUAL_STEPS = 1500


def train(bridge: Bridge, options: argparse.Namespace) -> int:
    values, remarks = settings_of(options.set)
    wanted = {**_wanted(options), "values": {**values, **_words(options)}}
    if options.config:
        folders = exchange_request.model_folders(options.lora_dir)
        imported = bridge.import_file(options.config, folders)
        request = bridge.like(imported, wanted)
        remarks += exchange_request.remarks(imported, request.base)
    elif (options.dataset is None) == (not options.subject) or wanted["base"] is None:
        sentence = (
            "Give DATASET and --base, or --config with a file that names them; --subject stands in "
            "the place of DATASET."
        )
        return refuse(sentence, as_json=options.json, code=USAGE)
    elif options.subject:
        photos = subjects.dataset_of(subjects.read(options.subject), _steps(values))
        request = Request(**{**wanted, "dataset": photos.root, "photos": photos})
    else:
        request = Request(**wanted)
    if options.dry_run:
        return _dry_run(bridge, request, remarks, options)
    submitted = bridge.submit(request, options.at)
    notes = [*remarks, *submitted.notes]
    if options.json:
        print(json.dumps({"type": "queued", "job": submitted.id, "notes": notes}), flush=True)
    else:
        _announce(f"Job {submitted.id}: {submitted.job.title}", submitted.job, notes)
    if options.detach:
        if not options.json:
            print(f"Follow it: {PROGRAM} watch {submitted.id}")
        return OK
    return follow_to_end(bridge, submitted.id, options)


def _wanted(options: argparse.Namespace) -> dict[str, Any]:
    """The request's fields, as they were typed."""
    there = Path(options.on_base) if options.on and options.on_base else None
    return {
        "dataset": options.dataset,
        "base": options.base or there,
        "engine": options.engine,
        "preset": options.preset,
        "lora_dir": options.lora_dir,
        "name": options.name,
        "gpu": options.gpu,
        "held_out": tuple(options.held_out) if options.held_out else None,
        "enough": options.enough,
        "publish": options.publish,
        "private": options.private,
        "launch": launch_of(options),
        "on": cluster_of(options),
    }


def _steps(values: Mapping[str, str]) -> int:
    """How long the subjects' balanced epoch shall be."""
    said = values.get("max_train_steps", "")
    return int(said) if said.isdecimal() and int(said) else USUAL_STEPS


def _words(options: argparse.Namespace) -> dict[str, str]:
    """The options that have a word of their own."""
    return {**_samples(options.sample_prompts), **mask_settings_of(options)}


def _samples(given: str | None) -> dict[str, str]:
    """The options that --sample-prompts stands for."""
    if given is None:
        return {}
    if given.lower() == "none":
        return {"sample_every_n_steps": "0"}
    return {"sample_prompts": given}


def _announce(head: str, job: TrainingJob, notes: Sequence[str]) -> None:
    """What will train, then what was decided for the user on the way."""
    terminal = Terminal.of(sys.stdout)
    print(terminal.paint(head, "bold"))
    for line in summary.lines(job):
        print(terminal.wrap(line, " " * 13))
    print_notes(notes)


def print_notes(notes: Sequence[str]) -> None:
    """What was decided for the user on the way."""
    terminal = Terminal.of(sys.stdout)
    for note in notes:
        print(terminal.paint(terminal.wrap(note), "yellow"))
    sys.stdout.flush()


def _dry_run(
    bridge: Bridge, request: Request, remarks: Sequence[str], options: argparse.Namespace
) -> int:
    """What would be trained, and what is known of its time and memory."""
    job, notes = bridge.dry_run(request, options.at)
    steps = job.params.max_train_steps
    time = bridge.estimate(job)
    preset = presets.get(request.preset or job.preset)
    if options.json:
        data = {
            "job": job.as_dict(),
            "steps": steps,
            "seconds": time.seconds,
            "memory": preset.memory,
            "notes": [*remarks, *notes],
        }
        show(options, data, [])
        return OK
    _announce(f"{job.title} would train:", job, [*remarks, *notes])
    if preset.memory:
        print(f"Memory: {preset.memory}")
    print(f"Time: about {duration(time.seconds)}. {time.reason}" if time.seconds else time.reason)
    print("Nothing was started.")
    return OK


def watch(bridge: Bridge, options: argparse.Namespace) -> int:
    bridge.job(options.job)
    return follow_to_end(bridge, options.job, options)


def setup(bridge: Bridge, options: argparse.Namespace) -> int:
    if options.dry_run:
        lines = bridge.setup_commands(options.source, options.python)
        show(options, {"commands": lines}, lines)
        return OK
    return follow_to_end(bridge, bridge.setup(options.source, options.python), options)


def say_queued(bridge: Bridge, job_id: int, options: argparse.Namespace) -> None:
    """The number of a job that was just queued, and how to follow it where nobody does."""
    if options.json:
        print(json.dumps({"type": "queued", "job": job_id}), flush=True)
        return
    print(f"Job {job_id}: {bridge.job(job_id).title}", flush=True)
    if options.detach:
        print(f"Follow it: {PROGRAM} watch {job_id}")


def follow_to_end(bridge: Bridge, job_id: int, options: argparse.Namespace) -> int:
    """Until it is over; how it ended is the last event that is shown."""
    try:
        row = follow(bridge, job_id, as_json=options.json)
    except KeyboardInterrupt:
        print(
            f"\nJob {job_id} continues without this window. Follow it: {PROGRAM} watch {job_id}   "
            f"Stop it: {PROGRAM} stop {job_id}",
            file=sys.stderr,
        )
        return INTERRUPTED
    if row.status is not Status.SUCCEEDED and not options.json:
        print(f"What it printed: {PROGRAM} log {job_id}", file=sys.stderr)
    return exit_code(row)


def settings_of(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """``key=value`` words, and what was understood by a short name such as `lr`. Dashes in a key
    count as underscores, as on sd-scripts' own command line.
    """
    pairs: dict[str, str] = {}
    notes: list[str] = []
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise BridgeError(
                "train.no_pair", "--set {word} is not of the form key=value.", word=repr(word)
            )
        typed = key.strip().lstrip("-").replace("-", "_")
        name = SLANG.get(typed, typed)
        if name != typed:
            notes.append(Message("train.slang", "{typed} is {name} here.", typed=typed, name=name))
        pairs[name] = value.strip()
    return pairs, notes
