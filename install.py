"""Run by the WebUI at every start: does nothing, and quickly. Run by hand: set up with one command.

    python install.py demo     from ten drawn pictures to a LoRA in a WebUI-shaped folder
    python install.py test     all checks and tests
    python install.py ui       the Train LoRA tab without a WebUI, in the browser
    python install.py setup    sd-scripts and its training environment (as sd-scripts-bridge setup)

Nothing is ever installed into the WebUI's environment. By hand everything goes into .venv beside
this file. Only the standard library is used here.
"""

from __future__ import annotations

import sys

if __name__ == "__main__" and len(sys.argv) == 1:
    sys.exit(0)  # the WebUI's call: before any other import, which would cost its start

import collections
import hashlib
import os
import shutil
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
CPU_SIZE = "about 2 minutes, 270 MB"
"""Of the CPU build, measured; what a GPU needs is larger."""

MOST_PROCESSES = 4
"""Of the tests: one takes 1 GB with what it starts, and browsers and trainings are among that."""


def main(words: list[str]) -> int:
    """Returns the exit code. Without a word: the WebUI's call."""
    if not words:
        return 0
    verbs = {"demo": demo, "test": test, "ui": ui, "setup": setup}
    if words[0] not in verbs:
        print(__doc__)
        return 2
    sys.path.insert(0, str(ROOT))
    from sd_scripts_bridge.errors import BridgeError

    try:
        return verbs[words[0]](words[1:])
    except BridgeError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def demo(words: list[str]) -> int:
    began = time.time()
    python = ready("train", "heic")
    return run(python, "-m", "sd_scripts_bridge.demo", "--began", str(began), *words)


def ui(words: list[str]) -> int:
    return run(ready("train", "heic", "ui"), "-m", "sd_scripts_bridge", "ui", *words)


def setup(words: list[str]) -> int:
    return run(ready("train", "heic"), "-m", "sd_scripts_bridge", "setup", *words)


def test(words: list[str]) -> int:
    """Style, types, tests; every one is run, and the worst code is returned.

    All tests together run over the cores of this machine; ``-n 0`` runs them one after another. The
    share of the package's lines that the tests reach, in child processes too, is printed at
    the end; ``--no-coverage`` leaves that out.
    """
    python = ready("train", "heic", "test")
    measured = () if "--no-coverage" in words else ("-m", "coverage", "run")
    words = [word for word in words if word not in ("--no-coverage", "--coverage")]
    checks = [
        ("-m", "ruff", "check", "."),
        ("-m", "ruff", "format", "--check", "."),
        ("-m", "mypy"),
        (*measured, "-m", "pytest", *spread(words), *words),
    ]
    worst = max(run(python, *check) for check in checks)
    if measured:
        run(python, "-m", "coverage", "combine", "--quiet")
        run(python, "-m", "coverage", "report")
    return worst


def spread(words: list[str]) -> tuple[str, ...]:
    """What lets the tests run side by side, each file of them in one process: for a whole run, to
    which ``words`` add options only, and none that needs the terminal.
    """
    cores = min(os.cpu_count() or 1, MOST_PROCESSES)
    alone = any(not word.startswith("-") or word in ("-s", "--pdb", "--trace") for word in words)
    return () if alone or cores < 2 else ("-n", str(cores), "--dist", "loadfile")


def ready(*extras: str) -> Path:
    """The Python of .venv, holding the package and these extras; makes and completes it where
    needed.
    """
    from sd_scripts_bridge.system import environment, toml_file
    from sd_scripts_bridge.system.pytorch.choice import choose, this_machine

    choice = choose(this_machine())
    wanted = hashlib.sha256(
        (ROOT / "pyproject.toml").read_bytes() + repr(choice).encode()
    ).hexdigest()
    stamps = {extra: VENV / f"lora-bridge-{extra}.stamp" for extra in extras}
    if all(
        stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted for stamp in stamps.values()
    ):
        return environment.Environment.in_folder(VENV).python
    size = CPU_SIZE if environment.is_small(choice) else "several GB"
    print(f"Setting up {VENV}, once: 3 steps, {size}. The WebUI is left alone.", flush=True)
    with Step(1, "a Python environment"):
        made = environment.make(VENV)
    with Step(2, f"PyTorch {choice.torch} ({choice.reason})") as step:
        environment.install_torch(made, choice, vision=False, take=step.take)
    with Step(3, "LoRA Bridge and what it needs") as step:
        made.install("-e", f"{ROOT}[{','.join(extras)}]", take=step.take)
        vocabulary = environment.extras(toml_file.load(ROOT / "pyproject.toml"), "vocabulary")
        made.install(*vocabulary, dependencies=False, take=step.take)
    for stamp in stamps.values():
        stamp.write_text(wanted, encoding="utf-8")
    return made.python


class Step:
    """One step of the set-up as one line on the screen, and pip's own text only if it fails."""

    def __init__(self, number: int, what: str) -> None:
        from sd_scripts_bridge.system.pip_output import PipProgress

        self.title = f"Step {number} of 3: {what}"
        self.progress, self.lines = PipProgress(), collections.deque[str](maxlen=200)
        self.began = time.monotonic()

    def __enter__(self) -> Step:
        self.show(f"{self.title} ...")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.show(f"{self.title}: {took(self.began)}", end="\n")
            return
        print("", *self.lines, sep="\n", file=sys.stderr)

    def take(self, line: str) -> None:
        """A line that pip prints."""
        if not self.progress.is_bar(line):
            self.lines.append(line)
        if self.progress.take(line) and sys.stdout.isatty():
            self.show(f"{self.title}: {self.progress.sentence}")

    @staticmethod
    def show(text: str, end: str = "") -> None:
        """Over the line that stands there; where nobody watches, only whole lines."""
        if sys.stdout.isatty():
            columns = shutil.get_terminal_size().columns - 1
            print(f"\r{text[:columns]}\x1b[K", end=end, flush=True)
        elif end:
            print(text, flush=True)


def took(began: float) -> str:
    """The time since then, in words."""
    minutes, seconds = divmod(round(time.monotonic() - began), 60)
    return f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"


def run(python: Path, *words: str) -> int:
    """Run a program of the environment in this folder, its output going where ours goes."""
    from sd_scripts_bridge.errors import CommandFailed
    from sd_scripts_bridge.system import process

    try:
        process.stream([python, *words], cwd=ROOT)
    except CommandFailed as error:
        return error.code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
