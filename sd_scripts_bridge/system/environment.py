"""Python environments for training: making one, installing into one, asking one what it can do.

Standard library only: `install.py` uses it before anything is installed.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from ..errors import BridgeError, CommandFailed
from ..messages import Message
from . import process
from .pytorch.choice import INDEX, TorchChoice

OLDEST, NEWEST = (3, 10), (3, 13)

NUMBERS_SINCE = (24, 1)
"""The first pip that tells how far a download is by lines of numbers."""

Take = Callable[[str], None]
"""Told each line that pip prints."""

_PROBE = """
import importlib.util, json, sys
facts = {"python": ".".join(map(str, sys.version_info[:3])), "missing": []}
for name in %r:
    if importlib.util.find_spec(name) is None:
        facts["missing"].append(name)
try:
    import torch
    facts["torch"] = torch.__version__
    cuda = torch.cuda.is_available()
    mps = not cuda and torch.backends.mps.is_available()
    facts["device"] = "cuda" if cuda else "mps" if mps else "cpu"
    if cuda:
        facts["gpu"] = torch.cuda.get_device_name(0)
        facts["capability"] = list(torch.cuda.get_device_capability(0))
        facts["memory"] = torch.cuda.mem_get_info(0)[1]
    if mps:
        import os
        facts["gpu"] = getattr(torch.backends.mps, "get_name", lambda: "")() or "Apple GPU"
        facts["bf16"] = torch.backends.mps.is_macos_or_newer(14, 0)
        facts["memory"] = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if facts["device"] != "cpu":
        ones = torch.ones(8, 8, device=facts["device"])
        (ones @ ones).sum().item()
except Exception as error:
    facts["torch_error"] = f"{type(error).__name__}: {error}"
print("FACTS" + json.dumps(facts))
"""


@dataclass(frozen=True)
class Environment:
    """A virtual environment by its Python."""

    python: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Environment:
        """The environment in ``folder``, whether it is there or not."""
        return cls(
            folder / "Scripts" / "python.exe" if os.name == "nt" else folder / "bin" / "python"
        )

    @property
    def exists(self) -> bool:
        return self.python.is_file()

    def pip(self, *arguments: str, take: Take | None = None) -> None:
        """Run pip, its output shown as it comes, or given to ``take`` line by line.

        Raises `CommandFailed`.
        """
        argv: list[str | os.PathLike[str]] = [self.python, "-m", "pip", *arguments]
        env = {"PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        if take is None:
            process.stream(argv, env=env)
        else:
            process.each_line(argv, take, env=env)

    def install(
        self,
        *requirements: str,
        index: str | None = None,
        dependencies: bool = True,
        take: Take | None = None,
    ) -> None:
        """``pip install``; ``index`` is used only where it answers."""
        arguments = ["install", "--progress-bar", self._bar() if take else "off"]
        if not dependencies:
            arguments.append("--no-deps")
        if index and answers(index):
            try:
                return self.pip(*arguments, "--index-url", index, *requirements, take=take)
            except CommandFailed:
                if not getproxies().get("https"):
                    raise  # it answers, so the reason is another one
        return self.pip(*arguments, *requirements, take=take)

    def _bar(self) -> str:
        """How pip is to say how far a download is: in numbers,
        for which an older one is renewed.
        """
        if self._pip_version() < NUMBERS_SINCE:
            words = ("-m", "pip", "install", "--quiet", "--upgrade", "pip")
            process.run([self.python, *words], check=False)  # where that fails, there is no bar
        return "raw" if self._pip_version() >= NUMBERS_SINCE else "off"

    def _pip_version(self) -> tuple[int, int]:
        said = process.run([self.python, "-m", "pip", "--version"], check=False)
        found = re.match(r"pip (\d+)\.(\d+)", said)
        return (int(found[1]), int(found[2])) if found else (0, 0)

    def probe(self, modules: Sequence[str] = ()) -> dict[str, Any]:
        """What the environment holds: python, torch, device, gpu, capability, memory (bytes),
        missing modules.

        Raises `BridgeError` where its Python doesn't run.
        """
        output = process.run([self.python, "-c", _PROBE % list(modules)], timeout=300, check=False)
        for line in output.splitlines():
            if line.startswith("FACTS"):
                facts: dict[str, Any] = json.loads(line[5:])
                return facts
        last = output.strip().splitlines()[-1:] or [Message("command.silent", "it printed nothing")]
        raise BridgeError(
            "environment.python_doesnt_run",
            "The Python {python} doesn't run: {last}",
            python=repr(str(self.python)),
            last=last[0],
        )


def make(folder: Path) -> Environment:
    """Make (or complete) a virtual environment with this Python.

    Raises `BridgeError` with what to install instead.
    """
    environment = Environment.in_folder(folder)
    if environment.exists:
        return environment
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        raise BridgeError(
            "environment.python_training_needs_run",
            "This is Python {version_info}.{version_info2}; training needs 3.10 to 3.13. Run the "
            "same command with one of those.",
            version_info=sys.version_info[0],
            version_info2=sys.version_info[1],
        )
    makers: list[list[str]] = []
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        makers.append([sys.executable, "-m", "venv", str(folder)])
    makers.append(["uv", "venv", "--seed", str(folder)])
    makers.append([sys.executable, "-m", "virtualenv", str(folder)])
    failures = []
    for argv in makers:
        try:
            process.run(argv)
        except CommandFailed as error:
            failures.append(str(error))
            continue
        return environment
    raise BridgeError(
        "environment.virtual_environment_could_made",
        "No virtual environment could be made in {folder} ({failures}). Install uv (`pip install "
        "uv`), or your system's venv package, and try again.",
        folder=repr(str(folder)),
        failures="; ".join(failures),
    )


def install_torch(
    environment: Environment, choice: TorchChoice, *, vision: bool, take: Take | None = None
) -> None:
    """Install the chosen PyTorch (and torchvision, for sd-scripts)."""
    torch, torchvision = choice.requirements
    environment.install(torch, index=choice.index, take=take)
    if vision:
        environment.install(torchvision, index=choice.index, dependencies=False, take=take)
        environment.install("numpy", "pillow", take=take)  # what torchvision needs besides torch


def is_small(choice: TorchChoice) -> bool:
    """Whether pip will get a PyTorch without CUDA or ROCm: 200 MB in the place of 3 GB.

    On Linux PyPI's builds bring CUDA along, so it needs PyTorch's own index, or the file at hand.
    """
    if choice.cuda or (choice.index or "").startswith((f"{INDEX}rocm", f"{INDEX}xpu")):
        return False
    return choice.index is None or answers(choice.index) or is_at_hand(choice)


def is_at_hand(choice: TorchChoice) -> bool:
    """Whether this Python's pip would take a CPU build from where its own settings look."""
    asked = ("install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet", "--report", "-")
    words = [sys.executable, "-m", "pip", *asked, "--only-binary", ":all:", choice.requirements[0]]
    told = process.run(words, env={"PIP_DISABLE_PIP_VERSION_CHECK": "1"}, timeout=20, check=False)
    return re.search(r'"url": "[^"]*(\+|%2B)cpu-', told) is not None


def answers(address: str, seconds: float = 5.0) -> bool:
    """Whether the address' host can be reached at all (a closed network says no at once, or never
    answers). Behind a proxy pip asks that one, so it is worth a try.
    """
    if getproxies().get("https"):
        return True
    host = urlsplit(address).hostname or ""
    try:
        with socket.create_connection((host, 443), timeout=seconds):
            return True
    except OSError:
        return False


def extras(pyproject: Mapping[str, Any], name: str) -> list[str]:
    """The requirements of one extra in a pyproject.toml's tables."""
    return list(pyproject["project"]["optional-dependencies"][name])


def site_packages(python: Path) -> list[str] | None:
    """Where ``python`` finds its packages, judged from its folders; None: they can't be found."""
    if python == Path(sys.executable):
        return sys.path
    root = python.parent.parent
    found = [*root.glob("lib/python3*/site-packages"), *root.glob("Lib/site-packages")]
    return [str(folder) for folder in found] or None
