"""What sd-scripts takes of a GPU for each of our presets, counted from the shapes of its own
networks, LoRA and checkpointing under autocast, on tensors without memory.

Needs SD_SCRIPTS_DIR and SD_SCRIPTS_PYTHON. Kernels' own working memory, the allocator's rounding
and what is read before the first step aren't seen. Captions fill all the tokens that there are for
them (HunyuanImage: 256 of 1,024). ``--write`` records what the presets show.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sd_scripts_bridge.options import presets
from sd_scripts_bridge.options.memory import theirs
from sd_scripts_bridge.options.memory.theirs import TheirCount, TheirKind
from sd_scripts_bridge.options.presets import Preset
from sd_scripts_bridge.system.files import write_json

from .outcome import Missing, Outcome

COLUMNS = ("preset", "weights, GB", "LoRA, GB", "a step, GB", "peak, GB")


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--write", action="store_true", help="record the counts for the presets")
    parser.add_argument(
        "--only", metavar="WORD", default="", help="presets with this in their name"
    )


def measure(chosen: argparse.Namespace) -> Outcome:
    """Raises `Missing` without sd-scripts."""
    wanted = {
        name: kind
        for preset in presets.everything()
        for family in preset.families
        if chosen.only in (name := _name(preset, family))
        and (kind := preset.their_kind(family)) is not None
    }
    found = _counted(list(dict.fromkeys(wanted.values())))
    if chosen.write:
        write_json(theirs.COUNTED, theirs.rows({**theirs.recorded(), **found}))
    rows = [(name, *_gigabytes(found[kind])) for name, kind in wanted.items() if kind in found]
    return Outcome(COLUMNS, rows, f"{len(rows)} presets counted.")


def _name(preset: Preset, family: str) -> str:
    return preset.name if family == preset.family else f"{preset.name} ({family})"


def _counted(kinds: Sequence[TheirKind]) -> dict[TheirKind, TheirCount]:
    """What each takes; what can't be counted is told and left out."""
    found = {}
    for kind, answer in zip(kinds, _asked(kinds), strict=True):
        if "error" in answer:
            print(f"{kind}: {answer['error']}", file=sys.stderr)
        else:
            found[kind] = TheirCount(**answer)
    return found


def _asked(kinds: Sequence[TheirKind]) -> list[dict[str, Any]]:
    scripts, python = (os.environ.get(f"SD_SCRIPTS_{name}") for name in ("DIR", "PYTHON"))
    if not scripts or not python:
        raise Missing("SD_SCRIPTS_DIR and SD_SCRIPTS_PYTHON name no sd-scripts.")
    ours = str(Path(__file__).parents[1])
    told = subprocess.run(
        [python, "-m", "benchmarks.their_shapes"],
        input=json.dumps([asdict(kind) for kind in kinds]),
        env={**os.environ, "PYTHONPATH": os.pathsep.join((ours, scripts))},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in told.stdout.splitlines()]


def _gigabytes(one: TheirCount) -> list[float]:
    return [round(size / 1e9, 2) for size in (one.weights, one.lora, one.step, one.peak)]
