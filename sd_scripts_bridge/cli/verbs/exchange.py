"""Verbs for files from elsewhere and back, for options, presets and finished LoRAs."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...bridge import Bridge
from ...errors import BridgeError
from ...exchange.settling.views import imported_view
from ...jobs.job import RECOMMENDED
from ...options import presets
from ...planning import option_help, option_list
from ...publishing.publish import PublishedLora
from ..output import OK, PROBLEM, USAGE, refuse, show


def import_file(bridge: Bridge, options: argparse.Namespace) -> int:
    imported = bridge.import_file(options.file)
    show(options, imported_view(imported), imported.lines())
    return OK


def export(bridge: Bridge, options: argparse.Namespace) -> int:
    done = bridge.export(options.job, options.form, options.out)
    show(options, done, done.lines())
    return OK


def options(bridge: Bridge, options: argparse.Namespace) -> int:
    found = option_list.search(bridge.options(options.family), " ".join(options.words))
    lines = [line for option in found for line in option.lines(option_help.language())]
    show(
        options,
        [option.view() for option in found],
        lines or ["No option has these words in its name or help."],
    )
    return OK if found else PROBLEM


def show_presets(bridge: Bridge, options: argparse.Namespace) -> int:
    if options.action == "ls":
        found = bridge.presets()
        show(options, [preset.view() for preset in found], [preset.line for preset in found])
    elif options.action == "show":
        preset = presets.get(options.name or "")
        show(options, preset.view(), preset.lines())
    else:
        copy = presets.copy(options.name or "", options.to or Path(f"{options.name}.toml"))
        show(options, {"path": str(copy)}, [f"Written: {copy}   Use it: train ... --preset {copy}"])
    return OK


def publish(bridge: Bridge, options: argparse.Namespace) -> int:
    if options.from_now_on:
        return _from_now_on(bridge, options)
    if options.file is None:
        return refuse("Give a LoRA's file or a job's number.", as_json=options.json, code=USAGE)
    done = _published(bridge, options)
    lines = [
        f"Published: {done.path}",
        f"Prompt: {f'{done.activation_text} <lora:{done.stem}:1>'.strip()}",
        *done.notes,
    ]
    show(options, done, lines)
    return OK


def _from_now_on(bridge: Bridge, options: argparse.Namespace) -> int:
    if options.file is not None:
        sentence = "--from-now-on is for all trainings: leave FILE_OR_JOB out."
        return refuse(sentence, as_json=options.json, code=USAGE)
    bridge.set_publish_rule(options.from_now_on)
    text = "From now on a training publishes its {step} step when it ends."
    show(options, {"publish": options.from_now_on}, [text.format(step=options.from_now_on)])
    return OK


def _published(bridge: Bridge, options: argparse.Namespace) -> PublishedLora:
    if options.file.name.isdigit() and not options.file.exists():
        job = int(options.file.name)
        step = bridge.recommended_step(job) if options.step == RECOMMENDED else options.step
        return bridge.publish_job(
            job,
            options.lora_dir,
            options.name,
            step=step,
            is_average=options.average,
            is_private=options.private,
        )
    if options.step is not None:
        raise BridgeError("publish.step", "--step is for a job's number, not for a file.")
    if options.average:
        raise BridgeError("publish.average", "--average is for a job's number, not for a file.")
    if options.lora_dir is None:
        raise BridgeError("publish.where", "Tell me where to put it: --lora-dir WEBUI/models/Lora.")
    return bridge.publish(options.file, options.lora_dir, options.name, is_private=options.private)
