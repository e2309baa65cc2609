"""A shell, batch or PowerShell script that calls a training script of sd-scripts, as the settings
that it passes.
"""

from __future__ import annotations

import re
from pathlib import Path

from ...errors import Invalid, Problem
from ...options.families import FAMILIES
from ...options.kinds import SCRIPT_DEFAULTS
from ..settling import rules
from ..settling.report import Imported
from ..settling.work import Given, Here, Settling
from . import command_words, shell_words
from .writer import MARK

KIND = "a script that calls sd-scripts"
SHELLS = {".sh": "sh", ".bash": "sh", ".bat": "bat", ".cmd": "bat", ".ps1": "ps1"}

_SCRIPT = re.compile(
    r"(?:.*[\\/])?((?:sdxl_|flux_|sd3_|lumina_|hunyuan_image_|anima_)?train_network)\.py"
)
_FAMILIES = {
    family.script.removesuffix(".py"): family.name for family in reversed(list(FAMILIES.values()))
}
"""Of several families with one script, the first; the base model has the last word."""


def read(path: Path, text: str, here: Here) -> Imported:
    """The training that the script starts. Raises `Invalid` where it starts none."""
    shell = SHELLS[path.suffix.lower()]
    call = next(
        (
            words
            for words in shell_words.commands(text, shell)
            if any(map(_SCRIPT.fullmatch, words))
        ),
        None,
    )
    if call is None:
        raise Invalid(
            [
                Problem(
                    "scripts.reader.calls_train_network_py",
                    path.name,
                    "calls no train_network.py",
                    "Give the script that starts the training.",
                )
            ]
        )
    known = {} if MARK in text else shell_words.variables(text)
    words = [shell_words.expanded(word, known, batch=shell == "bat") for word in call]
    at = next(position for position, word in enumerate(words) if _SCRIPT.fullmatch(word))
    match = _SCRIPT.fullmatch(words[at])
    work = Settling(path, KIND, here, SCRIPT_DEFAULTS, textual=True)
    work.family = _FAMILIES.get(match[1] if match else "")
    rules.take_launch(work, command_words.read(words[:at], "launcher ")[0])
    given, stray = command_words.read(words[at + 1 :])
    for word in stray:
        work.ledger.ignored(word, word, "belongs to no option")
    return rules.settle(work, [*given, *_unsaid(text, given)])


def _unsaid(text: str, given: list[Given]) -> list[Given]:
    """In a script of ours, a switch that isn't there is off; in another's, ours stay (they change
    no result).
    """
    said = {item.option for item in given}
    switches = ("sdpa", "save_state") if MARK in text else ()
    return [Given(name, False, f"--{name} (not there)") for name in switches if name not in said]
