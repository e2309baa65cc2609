"""What a published LoRA may be called, and which names are free in a Lora folder."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from ..errors import Invalid, Problem
from ..names import name_problems, normal
from ..system.files import numbered
from .card import PREVIEW_KINDS

MODEL_ENDINGS = frozenset({".safetensors", ".pt", ".ckpt"})
BESIDE = frozenset({".json", ".txt", ".info", ".html", *(f".{kind}" for kind in PREVIEW_KINDS)})
"""What hosts and their extensions look for beside a LoRA, by its stem."""
FORBIDDEN = frozenset({"none", "addams"})
"""Names that the WebUI's prompt parser keeps to itself."""


def stem_problems(name: str) -> list[Problem]:
    """Why a LoRA can't be called ``name``, or nothing."""
    found = name_problems(name)
    if not found and normal(name).casefold() in FORBIDDEN:
        found = [
            Problem(
                "publish.meaning_own_webuis_prompts",
                "name",
                "{name} has a meaning of its own in the WebUI's prompts",
                "Choose another.",
                name=repr(name),
            )
        ]
    return found


def free_stem(lora_dir: Path, name: str) -> str:
    """``name``, or ``name-2``, ``name-3``...: no file anywhere in ``lora_dir`` has this stem,
    however it is spelt.

    Raises `Invalid` for a name that no LoRA can have.
    """
    require(stem_problems(name))
    return next(free_stems(lora_dir, normal(name)))


def free_stems(lora_dir: Path, name: str, *, alone: bool = False) -> Iterator[str]:
    """Every stem that is free now, in order; see `taken`."""
    stems = taken(lora_dir, alone=alone)
    for stem in numbered(name):
        if folded(stem) not in stems:
            yield stem


def taken(lora_dir: Path, *, alone: bool = False) -> set[str]:
    """Folded stems of every model file in the folder and below, links followed once; ``alone``: of
    cards, pictures and notes, too.
    """
    stems: set[str] = set()
    seen: set[str] = set()
    for root, folders, files in os.walk(lora_dir, followlinks=True):
        real = os.path.realpath(root)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        for stem, ending in map(os.path.splitext, files):
            if ending.lower() in MODEL_ENDINGS:
                stems.add(folded(stem))
            elif alone and ending.lower() in BESIDE:
                stems |= {folded(stem), folded(re.sub(r"\.(preview|description)$", "", stem))}
    return stems


def folded(stem: str) -> str:
    """Equal for two stems that some file system or prompt takes for one."""
    return unicodedata.normalize("NFC", stem).casefold()


def require(problems: list[Problem]) -> None:
    """Raises `Invalid` where there are any."""
    if problems:
        raise Invalid(problems)
