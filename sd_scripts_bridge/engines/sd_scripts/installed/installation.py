"""Which sd-scripts, which Python, on which GPU: what setup has found out and written down."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ....errors import Problem
from ....messages import Message
from ....options.families import FAMILIES
from ....paths import Home
from ....system.files import write_json
from ...base import Machine

SCRIPTS: Mapping[str, str] = {name: family.script for name, family in FAMILIES.items()}
"""The training script for each family of base model."""

MODULES = (
    "torch",
    "torchvision",
    "accelerate",
    "diffusers",
    "transformers",
    "safetensors",
    "toml",
    "imagesize",
    "cv2",
)
"""What ``train_network.py`` imports and can't do without."""

RUN_SETUP = Message("setup.run_sd_scripts_bridge", "Run `sd-scripts-bridge setup`.")


@dataclass(frozen=True)
class Installation:
    """A working sd-scripts. ``facts`` is what `Environment.probe` said when it was set up."""

    scripts: str
    python: str
    commit: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def device(self) -> str:
        return str(self.facts.get("device", "cpu"))

    @property
    def has_bf16(self) -> bool:
        """NVIDIA GPUs compute in bf16 from capability 8.0 (Ampere) on, a Mac's from macOS 14 on."""
        if self.device == "mps":
            return bool(self.facts.get("bf16"))
        return self.device != "cuda" or list(self.facts.get("capability", [0])) >= [8, 0]

    def problems(self) -> list[Problem]:
        """What has gone since."""
        found = []
        if not (Path(self.scripts) / "train_network.py").is_file():
            found.append(
                Problem(
                    "installation.folder_holds_train_network",
                    "sd-scripts",
                    "the folder {scripts} no longer holds train_network.py",
                    RUN_SETUP,
                    scripts=repr(self.scripts),
                )
            )
        if not (Path(self.python).is_file() and os.access(self.python, os.X_OK)):
            found.append(
                Problem(
                    "installation.python_gone",
                    "sd-scripts",
                    "its Python {python} is gone",
                    RUN_SETUP,
                    python=repr(self.python),
                )
            )
        return found


def _record(home: Home) -> Path:
    return home.engines / "sd-scripts.json"


def read(home: Home) -> Installation | None:
    """What setup has written, or None."""
    try:
        data = json.loads(_record(home).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return Installation(
        data["scripts"], data["python"], data.get("commit", ""), data.get("facts", {})
    )


def machine(home: Home) -> Machine:
    """What the training environment computes on; as if on any machine where setup hasn't looked."""
    found = read(home)
    if found is None:
        return Machine()
    facts = {name: str(found.facts.get(name) or "") for name in ("device", "gpu", "torch")}
    return Machine(has_bf16=found.has_bf16, memory=int(found.facts.get("memory") or 0), **facts)


def write(home: Home, installation: Installation) -> None:
    """Remember it; the last act of a setup."""
    write_json(_record(home), asdict(installation))
