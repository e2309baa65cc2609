"""The call of a training script among the commands of a script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ...options.families import FAMILIES

_SCRIPT = re.compile(
    r"(?:.*[\\/])?((?:sdxl_|flux_|sd3_|lumina_|hunyuan_image_|anima_)?train_network)(\w*)\.py",
    re.DOTALL,
)
_STARTS = re.compile(
    r"(?:.*[\\/])?(?:python[\d.w]*|py|accelerate(?:-launch)?|torchrun|deepspeed|nohup|exec|time|env"
    r"|sudo|nice|srun|uv|uvx|poetry|pipenv|conda|mamba|micromamba|start|call|cmd|setsid|stdbuf|sh"
    r"|bash"
    r"|start-process)(?:\.exe)?",
    re.IGNORECASE | re.DOTALL,
)
_FAMILIES = {
    family.script.removesuffix(".py"): family.name for family in reversed(list(FAMILIES.values()))
}
"""Of several families with one script, the first; the base model decides."""


class TrainingCall(NamedTuple):
    """``launcher`` stands before the script, ``options`` behind it."""

    launcher: tuple[str, ...]
    family: str | None
    options: tuple[str, ...]


def find(commands: Iterable[Sequence[str]]) -> list[TrainingCall]:
    """Every command that starts a training script, in order."""
    return [found for words in commands if (found := _call(words)) is not None]


def _call(words: Sequence[str]) -> TrainingCall | None:
    at = next((n for n, word in enumerate(words) if _SCRIPT.fullmatch(word)), None)
    if at is None or not (at == 0 or _can_start(words[0])):
        return None
    match = _SCRIPT.fullmatch(words[at])
    assert match is not None, "it was just found"
    family = _FAMILIES.get("sdxl_train_network" if "xl" in match[2].lower() else match[1])
    return TrainingCall(tuple(words[:at]), family, tuple(words[at + 1 :]))


def _can_start(word: str) -> bool:
    """Whether the command's first word can start a Python script;
    a variable that isn't known can.
    """
    return bool(_STARTS.fullmatch(word)) or word.startswith(("$", "%", "{"))
