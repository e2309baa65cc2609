"""The command line's verbs that train: start, follow, set up."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ...bridge import Bridge
from ...errors import BridgeError
from ...exchange import request as exchange_request
from ...jobs.job import Status
from ...jobs.meter import duration
from ...options import presets
from ...planning.request import Request
from ..follow import exit_code, follow
from ..output import INTERRUPTED, OK, USAGE, show
from .launch import cluster_of, launch_of, where


def train(bridge: Bridge, options: argparse.Namespace) -> int:
    wanted = {
        "dataset": options.dataset,
        "base": options.base or (Path(options.on_base) if options.on and options.on_base else None),
        "engine": options.engine,
        "preset": options.preset,
        "values": _settings(options.set),
        "lora_dir": options.lora_dir,
        "name": options.name,
        "gpu": options.gpu,
        "launch": launch_of(options),
        "on": cluster_of(options),
    }
    remarks: list[str] = []
    if options.config:
        imported = bridge.import_file(
            options.config, exchange_request.model_folders(options.lora_dir)
        )
        remarks, request = exchange_request.remarks(imported), bridge.like(imported, wanted)
    elif options.dataset is None or wanted["base"] is None:
        print("Give DATASET and --base, or --config with a file that names them.", file=sys.stderr)
        return USAGE
    else:
        request = Request(**wanted)
    if options.dry_run:
        return _dry_run(bridge, request, remarks, options)
    submitted = bridge.submit(request)
    if options.json:
        print(
            json.dumps(
                {"type": "queued", "job": submitted.id, "notes": [*remarks, *submitted.notes]}
            ),
            flush=True,
        )
    else:
        for note in [*remarks, *submitted.notes]:
            print(note)
        params = submitted.job.params
        print(
            f"Job {submitted.id}: {submitted.job.title}, {params.max_train_steps} steps on "
            f"{Path(submitted.job.base).name}, engine "
            f"{submitted.job.engine}{where(submitted.job)}.",
            flush=True,
        )
    if options.detach:
        if not options.json:
            print(f"Follow it: sd-scripts-bridge watch {submitted.id}")
        return OK
    return _follow(bridge, submitted.id, options)


def _dry_run(
    bridge: Bridge, request: Request, remarks: Sequence[str], options: argparse.Namespace
) -> int:
    """What would be trained, and what is known of its time and memory."""
    from ...page import plan
    from ...page.jobs import JobViews

    job, notes = bridge.look(request)
    steps, pace = (
        job.params.max_train_steps,
        plan.pace(JobViews(bridge), job.family, job.engine, job.params, job.launch),
    )
    preset = presets.get(request.preset or job.preset)
    time_text = f"About {duration(pace[0] * steps)}. {pace[1]}" if pace else plan.UNKNOWN
    lines = [
        *remarks,
        *notes,
        *([f"Memory: {preset.memory}"] if preset.memory else []),
        time_text,
        f"It would train {job.title}: {steps} steps on {Path(job.base).name}, preset "
        f"{preset.name}, engine {job.engine}"
        f"{where(job)}. Nothing was started.",
    ]
    data = {
        "job": job.as_dict(),
        "steps": steps,
        "seconds": pace[0] * steps if pace else None,
        "memory": preset.memory,
        "notes": [*remarks, *notes],
    }
    show(options, data, lines)
    return OK


def watch(bridge: Bridge, options: argparse.Namespace) -> int:
    bridge.job(options.job)
    return _follow(bridge, options.job, options)


def setup(bridge: Bridge, options: argparse.Namespace) -> int:
    return _follow(bridge, bridge.setup(options.source, options.python), options)


def _follow(bridge: Bridge, job_id: int, options: argparse.Namespace) -> int:
    try:
        row = follow(bridge, job_id, as_json=options.json)
    except KeyboardInterrupt:
        print(
            f"\nJob {job_id} goes on without this window. Follow it: sd-scripts-bridge watch "
            f"{job_id}   "
            f"Stop it: sd-scripts-bridge stop {job_id}",
            file=sys.stderr,
        )
        return INTERRUPTED
    if row.status is not Status.SUCCEEDED:
        print(f"Job {job_id} is {row.status}: {row.sentence}", file=sys.stderr)
    return exit_code(row)


def _settings(words: Sequence[str]) -> dict[str, str]:
    """``key=value`` words. Dashes in a key count as underscores, as on sd-scripts' own command
    line.
    """
    pairs = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals or not key:
            raise BridgeError(
                "train.set_form_key_value",
                "--set {word} is not of the form key=value.",
                word=repr(word),
            )
        pairs[key.strip().lstrip("-").replace("-", "_")] = value.strip()
    return pairs
