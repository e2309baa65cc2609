"""Verbs for files from elsewhere and back, for options, presets and finished LoRAs."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...bridge import Bridge
from ...errors import BridgeError
from ...exchange.settling.views import imported_view
from ...options import presets
from ...planning import option_help, option_list
from ...publishing.publish import PublishedLora
from ..output import OK, PROBLEM, show


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
    done = _published(bridge, options)
    lines = [
        f"Published: {done.path}",
        f"Prompt: {f'{done.activation_text} <lora:{done.stem}:1>'.strip()}",
        *done.notes,
    ]
    show(options, done, lines)
    return OK


def _published(bridge: Bridge, options: argparse.Namespace) -> PublishedLora:
    if options.file.name.isdigit() and not options.file.exists():
        return bridge.publish_job(
            int(options.file.name),
            options.lora_dir,
            options.name,
            step=options.step,
            is_private=options.private,
        )
    if options.step is not None:
        raise BridgeError("publish.step", "--step is for a job's number, not for a file.")
    if options.lora_dir is None:
        raise BridgeError("publish.where", "Tell me where to put it: --lora-dir WEBUI/models/Lora.")
    return bridge.publish(options.file, options.lora_dir, options.name, is_private=options.private)
