"""The setup job's program: sd-scripts, a Python environment for it, tokenizers, the catalogue of
options.

Prints events, one JSON line each, among the output of git and pip. Writes its record last, so that
a setup that was stopped half-way counts as none; running it again goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from ....datasets import caption_tokens
from ....errors import BridgeError
from ....jobs.events import Note, Phase, to_dict
from ....messages import Message
from ....paths import PACKAGE_PARENT, Home, absolute
from ....system import process
from ....system.environment import (
    Environment,
    Take,
    answers,
    extras,
    install_torch,
    is_at_hand,
    make,
)
from ....system.pip_output import PipProgress
from ....system.pytorch.choice import TorchChoice, choose, this_machine
from ....system.secret_text import hidden
from ....system.toml_file import load
from . import catalogue, installation
from .archive import is_archive, unpack

REPOSITORY = "https://github.com/kohya-ss/sd-scripts.git"
COMMIT = "48d368fa557731ad0488c07304dfeba8c07910eb"  # 2026-02-16, v0.10.1 and five commits
VOCABULARY = "open_clip_torch==3.3.0"
PYTHON_VARIABLE = "SD_SCRIPTS_PYTHON"
TELL_SECONDS = 3.0
"""Between two words on how far pip is."""

_NOT_OURS = re.compile(r"^(#|-e\b|torch\b|torchvision\b|xformers\b)")
_NEEDS_CUDA = re.compile(r"^bitsandbytes\b")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--source")
    parser.add_argument("--python", type=Path)
    parser.add_argument("--engine", choices=("sd-scripts", "embedded"), default="sd-scripts")
    options = parser.parse_args(arguments)
    home = Home(options.home).create()
    try:
        if options.engine == "embedded":
            set_up_embedded(home)
        else:
            set_up(home, options.source, options.python)
    except BridgeError as error:
        print(f"SetupError: {error}", flush=True)
        return 1
    return 0


def set_up(home: Home, source: str | None, python: Path | None) -> installation.Installation:
    """Everything that training needs.

    Raises `BridgeError` with the step that failed and what to do.
    """
    scripts = find_scripts(home, source)
    environment = find_environment(home, scripts, python, own_scripts=source is None)
    say(Message("setup.asking", "checking what the environment can do"))
    facts = environment.probe(installation.MODULES)
    _check_modules(environment, facts)
    say(Message("setup.tokenizers", "installing the tokenizers"))
    lay_down_tokenizers(home)
    say(Message("setup.options", "reading the scripts' options"))
    names = catalogue.write(home, environment.python, scripts)
    if "train_network.py" not in names:
        _fail_to_start(environment, scripts)
    found = installation.Installation(
        str(scripts), str(environment.python), commit_of(scripts), facts
    )
    installation.write(home, found)
    note(
        Message(
            "setup.done",
            "sd-scripts {commit} with torch {torch} on {device}, {count} training scripts.",
            commit=found.commit[:8] or "(not a git clone)",
            torch=facts["torch"],
            device=facts.get("gpu") or "the CPU",
            count=len(names),
        )
    )
    return found


def _check_modules(environment: Environment, facts: Mapping[str, Any]) -> None:
    if facts["missing"] or "torch_error" in facts:
        what = facts.get("torch_error") or Message(
            "setup.it_lacks", "it lacks {names}", names=", ".join(facts["missing"])
        )
        raise BridgeError(
            "setup.environment_cant_run_sd",
            "The environment {python} can't run sd-scripts: {what_name}.",
            python=repr(str(environment.python)),
            what_name=what,
        )


def _fail_to_start(environment: Environment, scripts: Path) -> NoReturn:
    """Raise with what train_network.py says when it is started."""
    output = process.run([environment.python, scripts / "train_network.py", "--help"], check=False)
    raise BridgeError(
        "setup.train_network_py_doesnt",
        "train_network.py doesn't start in this environment: {output}",
        output=output.strip().splitlines()[-1],
    )


def set_up_embedded(home: Home) -> None:
    """What our own engine needs, from PyPI alone. Raises `BridgeError`."""
    environment = make(home.engines / "venv")
    choice = choose(this_machine())
    torch = say(_torch(choice))
    install_torch(environment, choice, vision=False, take=telling(torch))
    needed = say(Message("setup.embedded", "installing what the embedded engine needs"))
    wanted = extras(load(PACKAGE_PARENT / "pyproject.toml"), "train")
    environment.install(*wanted, "psutil", take=telling(needed))
    say(Message("setup.tokenizers", "installing the tokenizers"))
    lay_down_tokenizers(home)
    note(
        Message(
            "setup.embedded_done",
            "The embedded engine is ready, with torch for {device}.",
            device="an NVIDIA GPU" if choice.cuda else "the CPU",
        )
    )


# ---- the scripts ----


def find_scripts(home: Home, source: str | None) -> Path:
    """An existing folder as it is, an archive unpacked, else a clone (of ``source``, or of the
    pinned commit of kohya-ss/sd-scripts).
    """
    if source and is_archive(source):
        say(_getting_from(source))
        return unpack(source, home.engines / "sd-scripts")
    if source and (folder := absolute(source)).is_dir() and (found := in_folder(folder)):
        return found
    return clone(source or REPOSITORY, home.engines / "sd-scripts")


def in_folder(folder: Path) -> Path | None:
    """The scripts in ``folder``; None in a repository that has to be cloned first."""
    for candidate in (folder, folder / "sd-scripts"):  # kohya_ss keeps it one level down
        if (candidate / "train_network.py").is_file():
            return candidate
    if (folder / "HEAD").is_file() or (folder / ".git").exists():
        return None
    raise BridgeError(
        "setup.folder_holds_train_network",
        "The folder {folder} holds no train_network.py, and neither does its sd-scripts "
        "folder. "
        "Name the folder of sd-scripts or of kohya_ss.",
        folder=repr(str(folder)),
    )


def clone(address: str, folder: Path) -> Path:
    """Clone, and check out the pinned commit; what is there already is used."""
    if not (folder / "train_network.py").is_file():
        say(_getting_from(address))
        aside = folder.with_name("sd-scripts.part")
        shutil.rmtree(aside, ignore_errors=True)
        try:
            process.run(["git", "clone", "--quiet", "--no-checkout", address, aside])
            pinned = address == REPOSITORY or COMMIT in process.run(
                ["git", "-C", aside, "rev-list", "--all"]
            )
            process.run(["git", "-C", aside, "checkout", "--quiet", COMMIT if pinned else "HEAD"])
        except BridgeError as error:
            raise BridgeError(
                "setup.not_downloaded",
                "sd-scripts can't be downloaded from {address} ({error}). Check the network and "
                "that git is installed. If you have sd-scripts or kohya_ss already, use that "
                "folder: sd-scripts-bridge setup --source DIR.",
                address=hidden(address),
                error=hidden(str(error)),
            ) from error
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(aside, folder)
    return folder


def _getting_from(address: str) -> Message:
    text = "downloading sd-scripts from {address}"
    return Message("setup.getting", text, address=hidden(address))


def commit_of(scripts: Path) -> str:
    text = process.run(["git", "-C", scripts, "rev-parse", "HEAD"], check=False).strip()
    return text if re.fullmatch(r"[0-9a-f]{40}", text) else ""


# ---- the environment ----


def find_environment(
    home: Home, scripts: Path, python: Path | None, *, own_scripts: bool
) -> Environment:
    """The named one, the folder's own, this one if it will do,
    else a new one in the home folder.
    """
    named = named_python(python)
    if named is not None:
        if not named.is_file():
            raise BridgeError(
                "setup.python", "There is no Python at {named}.", named=repr(str(named))
            )
        return Environment(named.absolute())
    candidates = (
        [] if own_scripts else [*environments_near(scripts), Environment(Path(sys.executable))]
    )
    for environment in candidates:
        facts = environment.probe(installation.MODULES)
        if not facts["missing"] and "torch_error" not in facts:
            python_path = str(environment.python)
            note(Message("setup.using", "Using the environment of {path}.", path=python_path))
            return environment
    return build(home, scripts)


def named_python(python: Path | None) -> Path | None:
    variable = os.environ.get(PYTHON_VARIABLE)
    return python or (Path(variable) if variable else None)


def environments_near(scripts: Path) -> Iterator[Environment]:
    for folder in (scripts, scripts.parent):
        for name in ("venv", ".venv"):
            environment = Environment.in_folder(folder / name)
            if environment.exists:
                yield environment


def build(home: Home, scripts: Path) -> Environment:
    """A new environment with the PyTorch for this machine's GPU and the scripts' own
    requirements.
    """
    environment = make(home.engines / "venv")
    choice = choose(this_machine())
    torch = say(_torch(choice))
    install_torch(environment, choice, vision=True, take=telling(torch))
    needed = say(Message("setup.requirements", "installing what sd-scripts needs"))
    environment.install(*requirements(scripts, cuda=choice.cuda), "psutil", take=telling(needed))
    ensure_torchvision(environment)
    return environment


def _torch(choice: TorchChoice) -> Message:
    here = choice.index is None or answers(choice.index) or is_at_hand(choice)
    if not here and not choice.cuda:
        return Message(
            "setup.torch_large",
            "installing PyTorch {version} from PyPI, which includes CUDA (about 3 GB instead of "
            "200 MB): {index} can't be reached",
            version=choice.torch,
            index=choice.index,
        )
    return Message(
        "setup.torch",
        "installing PyTorch {version}: {reason}",
        version=choice.torch,
        reason=choice.reason,
    )


def requirements(scripts: Path, *, cuda: bool) -> list[str]:
    """The lines of the scripts' requirements.txt that are ours to install."""
    lines = (
        line.strip()
        for line in (scripts / "requirements.txt").read_text(encoding="utf-8").splitlines()
    )
    wanted = [
        line
        for line in lines
        if line and not _NOT_OURS.match(line) and (cuda or not _NEEDS_CUDA.match(line))
    ]
    if sys.platform.startswith("linux"):  # the other one wants a desktop's libGL
        wanted = [re.sub(r"^opencv-python\b", "opencv-python-headless", line) for line in wanted]
    return wanted


def ensure_torchvision(environment: Environment) -> None:
    """See `torchvision_shim`."""
    question: list[str | Path] = [environment.python, "-c", "import torchvision"]
    if "torchvision::nms" in process.run(question, check=False):
        where = process.run(
            [environment.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
        ).strip()
        shutil.copyfile(
            Path(__file__).parents[1] / "inside" / "torchvision_shim.py",
            Path(where) / "sitecustomize.py",
        )
        process.run(question)


# ---- the tokenizers ----


def lay_down_tokenizers(home: Home) -> None:
    """From CLIP's vocabulary in open_clip_torch's wheel,
    so that training never asks a model hub.
    """
    if caption_tokens.find_vocabulary() is None:
        target = home.engines / "vocabulary"
        Environment(Path(sys.executable)).pip(
            "install", "--quiet", "--no-deps", "--target", str(target), "--upgrade", VOCABULARY
        )
        sys.path.append(str(target))
    caption_tokens.write_tokenizers(home.tokenizers)


# ---- telling ----


def telling(what: Message) -> Take:
    """For pip's lines: into the log, and every few seconds how far it is."""
    progress, told = PipProgress(), time.monotonic()

    def take(line: str) -> None:
        nonlocal told
        if not progress.is_bar(line):
            print(line, flush=True)
        if progress.take(line) and time.monotonic() - told >= TELL_SECONDS:
            told = time.monotonic()
            say(
                Message(
                    "setup.progress", "{what}: {progress}", what=what, progress=progress.sentence
                )
            )

    return take


def say(phase: Message) -> Message:
    """What is being done now."""
    print(json.dumps(to_dict(Phase(phase))), flush=True)
    return phase


def note(text: Message) -> None:
    print(json.dumps(to_dict(Note(text))), flush=True)
