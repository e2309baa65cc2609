"""The words of the verbs that work on finished LoRAs."""

from __future__ import annotations

import argparse
from pathlib import Path

from ...engines.tools.lora_words import ACTIONS
from .. import words
from .jobs import add_only_start
from .photos import Add


def add_loras(add: Add) -> None:
    """The verbs `verify`, `likeness` and `lora`."""
    sub = add("verify", "what a LoRA holds, and whether the WebUI can use all of it")
    sub.add_argument("file", type=Path, help="a LoRA, a .safetensors file")

    sub = add("likeness", "how much a training's samples look like its photos")
    sub.add_argument("job", type=words.job_number, help="the training's number")
    sub.add_argument(
        "--with", dest="with_", type=Path, metavar="MODEL", help="ArcFace's .onnx, or CLIP's folder"
    )
    add_only_start(sub)

    _lora(add("lora", "resize, merge or extract LoRAs"))


def _lora(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("action", choices=ACTIONS, help="what to do")
    sub.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="LoRAs; for extract, the fine-tuned model",
    )
    sub.add_argument("--rank", type=int, metavar="N", help="the rank of the result")
    sub.add_argument(
        "--weights", nargs="+", type=float, default=[], metavar="W", help="one for each LoRA (1)"
    )
    sub.add_argument("--into", type=Path, metavar="BASE", help="merge into this base model")
    sub.add_argument(
        "--from", dest="base", type=Path, metavar="BASE", help="the base that was fine-tuned"
    )
    sub.add_argument("--name", help="the result's name")
    sub.add_argument("--lora-dir", type=Path, help="where to publish it (the home folder)")
    sub.add_argument(
        "--out", type=Path, metavar="FILE", help="the merged base's file (the job's folder)"
    )
    sub.add_argument("--gpu", type=int, help="the GPU to compute on")
    add_only_start(sub)
