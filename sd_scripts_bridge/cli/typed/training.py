"""The words of the verbs that start a training, follow it, and set training up."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...engines import ENGINES
from ...jobs.job import STEPS
from ..verbs.launch import add_launch
from .jobs import add_job, add_only_start
from .masks import add_masks
from .photos import Add, add_held_out, add_set
from .subjects import add_subjects

LORA_DIR = "the WebUI's models/Lora folder"


def add_training(add: Add) -> None:
    """The verbs from a dataset to a LoRA."""
    _train(add("train", "train a LoRA and publish it"))
    add_job(add("watch", "follow a job"))
    _setup(add("setup", "install sd-scripts and its training environment"))


def _train(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "dataset", nargs="?", type=Path, help="a folder made by `dataset`, or a kohya folder"
    )
    add_subjects(sub)
    _settings(sub)
    sub.add_argument("--lora-dir", type=Path, help=LORA_DIR)
    sub.add_argument(
        "--sample-prompts",
        metavar="FILE",
        help="prompts for the sample pictures, one per line; none: no samples",
    )
    sub.add_argument("--name", help="the LoRA's name (the subject's)")
    sub.add_argument("--gpu", type=int, help="the GPU to train on; each has its own queue")
    add_held_out(sub, "as the dataset says; from 8 photos of `dataset` on, one")
    add_masks(sub)
    sub.add_argument(
        "--enough",
        action="store_true",
        help="end at the first save whose held-out loss is significantly worse (engine embedded)",
    )
    sub.add_argument(
        "--publish",
        choices=STEPS,
        help="the saved step to publish at the end (last; `publish --from-now-on` changes that)",
    )
    sub.add_argument(
        "--private", action="store_true", help="publish it as `publish --private` does"
    )
    sub.add_argument(
        "--at",
        metavar="TIME",
        help="when to start: 23:00, or 2026-12-24 23:00; `resume` starts it now",
    )
    add_only_start(sub)
    sub.add_argument("--dry-run", action="store_true", help="show the plan; start nothing")
    add_launch(sub)


def _settings(sub: argparse.ArgumentParser) -> None:
    """What is trained on, with what, and how."""
    sub.add_argument("--base", type=Path, help="the base model, a .safetensors file")
    sub.add_argument(
        "--config", type=Path, metavar="FILE", help="train with this file's settings (see `import`)"
    )
    sub.add_argument(
        "--engine",
        choices=ENGINES,
        help="the trainer to use (sd-scripts, once it is set up)",
    )
    sub.add_argument("--preset", help="the starting point; by default one for the base's family")
    add_set(sub)


def _setup(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--source", help="an sd-scripts or kohya_ss folder that you have, or a URL to clone"
    )
    sub.add_argument(
        "--python", type=Path, help="the environment's Python, if it is not in that folder"
    )
    sub.add_argument(
        "--dry-run", action="store_true", help="print the commands that it would run; run none"
    )
