"""Whether a Python has the libraries that the trainer imports, judged from its files: nothing is
imported or run.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable
from pathlib import Path

from ...errors import Problem
from ...messages import Message
from ...options.params import TrainingParams
from ...system.environment import site_packages

OLDEST = {"torch": (2, 6), "diffusers": (0, 32), "transformers": (4, 54), "safetensors": (0, 4)}
"""The trainer's libraries, and the first version of each that it is tested with."""


def problems(python: Path) -> list[str]:
    """What is missing or too old for ``python``, in words; nothing where its folders can't be
    found.
    """
    folders = site_packages(python)
    if folders is None:
        return []
    found = [(name, _version(name, folders), oldest) for name, oldest in OLDEST.items()]
    missing = [name for name, version, _ in found if version is None]
    old = [
        Message(
            "setup.older",
            "{name} {version} is older than {map}",
            name=name,
            version=version,
            map=".".join(map(str, oldest)),
        )
        for name, version, oldest in found
        if version is not None and _numbers(version) < oldest
    ]
    lacks = Message("setup.lacks", "{names} missing", names=", ".join(missing))
    return [*([lacks] if missing else []), *old]


def has(python: Path, name: str) -> bool:
    """Whether ``name`` is installed for ``python``; true where its folders can't be found."""
    folders = site_packages(python)
    return folders is None or _version(name, folders) is not None


def is_for_the_cpu(python: Path) -> bool:
    """Whether ``python`` has the PyTorch that computes on the CPU only; false where that can't be
    told without starting it.
    """
    folders = site_packages(python)
    return folders is not None and (_version("torch", folders) or "").endswith("+cpu")


def tensorboard_problems(python: Path, params: TrainingParams) -> list[Problem]:
    """Why ``python`` can't write the log files that ``log_with=tensorboard`` asks for."""
    wanted = params.extra.get("log_with") == "tensorboard"
    if not wanted or has(python, "tensorboard"):
        return []
    return [
        Problem(
            "needs.package",
            "log_with",
            "{package} is not installed in the training environment",
            'Install it ("{python}" -m pip install {package}), or leave the option out.',
            python=str(python),
            package="tensorboard",
        )
    ]


def _version(name: str, folders: Iterable[str]) -> str | None:
    for distribution in importlib.metadata.distributions(name=name, path=list(folders)):
        return distribution.version
    return None


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers: (2, 6) for "2.6.0+cu124"."""
    parts = version.split("+")[0].split(".")[:2]
    return tuple(int("".join(c for c in part if c.isdigit()) or 0) for part in parts)
