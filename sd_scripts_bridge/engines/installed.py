"""What is set up on this machine to train with: the one door to it for the rest of the house."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..messages import Message
from ..options.families import FAMILIES
from ..paths import Home
from .base import Machine
from .sd_scripts.installed import catalogue, installation

OWNED = catalogue.OWNED
"""Options of the scripts that a job's own fields decide."""


@dataclass(frozen=True)
class Program:
    """What trains a family of base models here; where nothing is set up, by its name alone."""

    script: str
    python: str = "python"


def machine(home: Home) -> Machine:
    """What the training environment computes on. Never raises."""
    return installation.machine(home)


def program(home: Home, family: str) -> Program:
    """The script for ``family``, and the Python that runs it."""
    found, script = installation.read(home), installation.SCRIPTS[family]
    return Program(str(Path(found.scripts) / script), found.python) if found else Program(script)


def options(home: Home, family: str | None = None) -> dict[str, dict[str, Any]]:
    """The options of the script for ``family`` by name, as its parser describes them; of all
    scripts where the family isn't known.
    """
    known = FAMILIES.get(family or "")
    scripts = [known.script] if known else sorted(set(installation.SCRIPTS.values()))
    return {name: row for script in scripts for name, row in catalogue.read(home, script).items()}


def folders(home: Home) -> list[Path]:
    """Where the scripts and their Python lie."""
    found = installation.read(home)
    return [Path(found.scripts), Path(found.python).parent.parent] if found else []


def costs(*, with_gpu: bool) -> dict[str, Message]:
    """Engine -> what setting it up takes: measured without a GPU, and from the sizes of PyTorch's
    own files.
    """
    if with_gpu:
        return {
            "sd-scripts": Message("facts.cost_gpu", "About 3 GB to download, 7 GB on the disk"),
            "embedded": Message(
                "facts.cost_gpu_embedded", "About 3 GB to download, 6 GB on the disk"
            ),
        }
    return {
        "sd-scripts": Message("facts.cost_cpu", "About 2 minutes, 1.4 GB on the disk"),
        "embedded": Message("facts.cost_cpu_embedded", "About 2 minutes, 400 MB to download"),
    }
