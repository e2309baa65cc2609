"""The words of the verbs between programs: files in and out, options, presets, publishing."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...jobs.job import STEPS
from ...options.families import FAMILIES
from .. import words
from .jobs import add_job
from .photos import Add
from .training import LORA_DIR


def add_exchange(add: Add) -> None:
    """The verbs between programs."""
    sub = add("import", "show what a file from another trainer would train; changes nothing")
    sub.add_argument("file", type=Path, help="a config, a script, or any LoRA")
    _export(add("export", "write a job for other trainers"))
    _options(add("options", "list the options for --set"))
    _presets(add("presets", "list the presets, show one, or copy one to change it"))
    _publish(add("publish", "put a finished LoRA into a Lora folder, with card and preview"))


def _export(sub: argparse.ArgumentParser) -> None:
    add_job(sub)
    sub.add_argument(
        "--format",
        required=True,
        choices=("toml", "kohya", "sh"),
        dest="form",
        help="sd-scripts' TOML, kohya_ss' JSON, or scripts",
    )
    sub.add_argument("--out", type=Path, metavar="DIR", help="where to write (the job's folder)")


def _options(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("words", nargs="*", metavar="WORD", help="words to look for in name and help")
    sub.add_argument(
        "--family", choices=tuple(FAMILIES), default="sd1", help="the base model's family (sd1)"
    )


def _presets(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "action", nargs="?", choices=("ls", "show", "cp"), default="ls", help="what to do (ls)"
    )
    sub.add_argument("name", nargs="?", metavar="PRESET", help="a preset's name, or a .toml file")
    sub.add_argument("to", nargs="?", type=Path, help="cp: the .toml file to write")


def _publish(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE_OR_JOB",
        help="a .safetensors file, or a job's number: its latest checkpoint",
    )
    sub.add_argument("--lora-dir", type=Path, help=LORA_DIR + " (for a job: its own)")
    sub.add_argument(
        "--step",
        type=words.step,
        metavar="N",
        help="of a job: the step to publish instead of the last one; recommended: the one that "
        "measured best",
    )
    sub.add_argument(
        "--average",
        action="store_true",
        help="of a job: the mean of that step and of the saves right before and after it",
    )
    sub.add_argument("--name", help="the name to give it (the file's)")
    sub.add_argument(
        "--from-now-on",
        choices=STEPS,
        help="without FILE_OR_JOB: the step that trainings publish when they end",
    )
    sub.add_argument(
        "--private",
        action="store_true",
        help="leave out captions, paths and every name but the LoRA's own",
    )
