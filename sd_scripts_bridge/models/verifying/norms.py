"""How much each block of a model is changed by a LoRA."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from ..lora import PAIRS, Module, modules_of
from ..safetensors_file import Header, read_header
from ..weights.numbers import KNOWN, read

_BLOCKS = (
    (re.compile(r"^(?:lora_te|lycoris_te|text_encoder)_?(\d?)"), "text encoder"),
    (re.compile(r"(?:down_blocks|input_blocks)[._](\d+)"), "down"),
    (re.compile(r"(?:mid_block|middle_block)()"), "middle"),
    (re.compile(r"(?:up_blocks|output_blocks)[._](\d+)"), "up"),
    (re.compile(r"double_blocks[._](\d+)"), "double"),
    (re.compile(r"single_(?:transformer_)?blocks[._](\d+)"), "single"),
    (re.compile(r"(?:blocks|layers)[._](\d+)"), "block"),
)


@dataclass(frozen=True)
class BlockNorm:
    """A block of the model. ``norm`` is the Frobenius norm of all that is added to its weights at
    strength 1; None where a module's kind isn't known here, or a number isn't finite.
    """

    block: str
    modules: int
    norm: float | None


def norms(path: Path) -> list[BlockNorm]:
    """Block by block, in the order of the file. Raises `Invalid`, OSError."""
    header = read_header(path)
    squares: dict[str, list[float | None]] = defaultdict(list)
    with path.open("rb") as file:
        for name, module in modules_of(header).items():
            squares[block_of(name)].append(_square(file, header, module))
    return [BlockNorm(block, len(found), _root(found)) for block, found in squares.items()]


def block_of(module: str) -> str:
    """ "down 1", "middle", "text encoder 2"."""
    for pattern, title in _BLOCKS:
        if match := pattern.search(module):
            return f"{title} {match[1]}".strip()
    return "other"


def alphas(path: Path) -> list[float]:
    """Every alpha that occurs, smallest first."""
    header = read_header(path)
    with path.open("rb") as file:
        found = {
            float(read(file, header, module["alpha"]).ravel()[0])
            for module in modules_of(header).values()
            if "alpha" in module and module["alpha"].dtype in KNOWN
        }
    return sorted(found)


def _root(squares: list[float | None]) -> float | None:
    known = [square for square in squares if square is not None]
    total = sum(known)
    return math.sqrt(total) if len(known) == len(squares) and math.isfinite(total) else None


def _square(file: IO[bytes], header: Header, module: Module) -> float | None:
    """The sum of squares of up @ down, times (alpha / rank) squared, without that product: it is
    the sum of (up^T up) * (down down^T).
    """
    inner, outer = next((pair for pair in PAIRS[:3] if set(pair) <= module.keys()), ("", ""))
    kinds = {module[part].dtype for part in (inner, outer) if part}
    if not inner or not kinds <= KNOWN or "dora_scale" in module:
        return None
    down = read(file, header, module[inner]).reshape(module[inner].shape[0], -1)
    up = read(file, header, module[outer]).reshape(module[outer].shape[0], -1)
    if up.shape[1] != down.shape[0]:
        return None
    rank, alpha = down.shape[0], module.get("alpha")
    if alpha and alpha.dtype not in KNOWN:
        return None
    scale = float(read(file, header, alpha).ravel()[0]) / rank if alpha else 1.0
    with np.errstate(invalid="ignore", over="ignore"):  # numbers that aren't finite
        return float(((up.T @ up) * (down @ down.T)).sum(dtype=np.float64)) * scale * scale
