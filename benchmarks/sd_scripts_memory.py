"""What sd-scripts takes of a GPU for each of our presets, counted from the shapes of its own
networks, LoRA and checkpointing under autocast, on tensors without memory.

Needs SD_SCRIPTS_DIR and SD_SCRIPTS_PYTHON. Kernels' own working memory, the allocator's rounding
and what is read before the first step aren't seen. Of some networks the operations depend on
captions' lengths, or the text encoder learns: those aren't counted. ``--write`` records what the
presets show.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sd_scripts_bridge.options import presets
from sd_scripts_bridge.options.memory.theirs import COUNTED
from sd_scripts_bridge.options.presets import Preset
from sd_scripts_bridge.system.files import write_json

from .outcome import Missing, Outcome

COLUMNS = ("preset", "weights, GB", "LoRA, GB", "a step, GB", "peak, GB")
FP8 = {"fp8_base", "fp8_base_unet"}
KNOWN = {*FP8, "blocks_to_swap"}
"""Options beyond our own that are counted with."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="record the counts for the presets")
    parser.add_argument(
        "--only", metavar="WORD", default="", help="presets with this in their name"
    )


def measure(chosen: argparse.Namespace) -> Outcome:
    """Raises `Missing` without sd-scripts."""
    wanted = {
        preset.name: question
        for preset in presets.everything()
        if chosen.only in preset.name and (question := _question(preset)) is not None
    }
    found = dict(zip(wanted, _counted(list(wanted.values())), strict=True))
    counted = {name: one for name, one in found.items() if "error" not in one}
    for name, one in found.items():
        if "error" in one:
            print(f"{name}: {one['error']}", file=sys.stderr)
    if chosen.write:
        versions = {name: presets.get(name).version for name in counted}
        write_json(
            COUNTED, {name: {"version": versions[name], **counted[name]} for name in counted}
        )
    rows = [(name, *_gigabytes(one)) for name, one in counted.items()]
    return Outcome(COLUMNS, rows, f"{len(rows)} presets counted.")


def _question(preset: Preset) -> tuple[str, dict[str, Any]] | None:
    """A training as `their_shapes` counts it; None for what it can't."""
    params = preset.params(1000)
    if not preset.family or set(preset.extra) - KNOWN or not params.cache_text_encoder_outputs:
        return None
    asked = ("gradient_checkpointing", "train_batch_size", "network_dim", "network_alpha")
    return preset.family, {
        **{name: getattr(params, name) for name in asked},
        "area": params.area,
        "optimizer_type": params.optimizer_type,
        "fp8_base": any(preset.extra.get(name) for name in FP8),
        "blocks_to_swap": preset.extra.get("blocks_to_swap", 0),
    }


def _counted(questions: Sequence[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """What each takes; equal ones are counted once."""
    once = list({json.dumps(one): one for one in questions}.values())
    answers = dict(zip(map(json.dumps, once), _asked(once), strict=True))
    return [answers[json.dumps(one)] for one in questions]


def _asked(questions: Sequence[tuple[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    scripts, python = (os.environ.get(f"SD_SCRIPTS_{name}") for name in ("DIR", "PYTHON"))
    if not scripts or not python:
        raise Missing("SD_SCRIPTS_DIR and SD_SCRIPTS_PYTHON name no sd-scripts.")
    ours = str(Path(__file__).parents[1])
    told = subprocess.run(
        [python, "-m", "benchmarks.their_shapes"],
        input=json.dumps(questions),
        env={**os.environ, "PYTHONPATH": os.pathsep.join((ours, scripts))},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in told.stdout.splitlines()]


def _gigabytes(one: dict[str, int]) -> list[float]:
    parts = [one["weights"], one["lora"], one["step"]]
    return [round(size / 1e9, 2) for size in (*parts, sum(parts))]
