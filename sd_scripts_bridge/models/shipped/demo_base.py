"""The demo's base model, which comes with the package: a small Stable Diffusion 1.5 that really
draws.

It was trained in the stages of ``python -m tools.demo_base``, one by one, on drawings of random
people, never of the demo's own man.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ...errors import Invalid, Problem

FILE = Path(__file__).with_name("demo_base.safetensors")
NAME = "demo-sd15.safetensors"
SHA256 = "563d2b47efd104df9470163c6a2ead99d7d2a1a06f78d62314eed9fd91b4a6eb"
SIDE = 64
"""Pixels of its pictures, each way."""


def put(folder: Path) -> Path:
    """The model as a file in ``folder``, copied there unless it lies there already.

    Raises `Invalid` where the package's own file is damaged.
    """
    target = folder / NAME
    if target.is_file() and _sha256(target.read_bytes()) == SHA256:
        return target
    content = FILE.read_bytes() if FILE.is_file() else b""
    if _sha256(content) != SHA256:
        raise Invalid([_damaged()])
    folder.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{NAME}.part")
    aside.write_bytes(content)
    os.replace(aside, target)
    return target


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _damaged() -> Problem:
    return Problem(
        "demo_base.damaged",
        str(FILE),
        "is missing or damaged: its SHA-256 is not {expected}",
        "Get LoRA Bridge again (with git: `git checkout -- {name}`).",
        expected=f"{SHA256[:12]}...",
        name=FILE.name,
    )
