"""Run by the WebUI at every start: does nothing, and quickly. Run by hand: the one-command set-up.

    python install.py demo     ten drawn pictures to a LoRA in a WebUI-shaped folder
    python install.py test     all checks and tests
    python install.py ui       the tab without a WebUI, on this machine only
    python install.py setup    sd-scripts and its training environment (same as: sd-scripts-bridge
    setup)

Nothing is ever installed into the WebUI's environment. By hand everything goes into .venv beside
this file. Only the standard library is used here.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"


def main(words: list[str]) -> int:
    """Returns the exit code. Without a word: the WebUI's call."""
    if not words:
        return 0
    verbs = {"demo": demo, "test": test, "ui": ui, "setup": setup}
    if words[0] not in verbs:
        print(__doc__)
        return 2
    sys.path.insert(0, str(ROOT))
    from sd_scripts_bridge.errors import BridgeError, CommandFailed

    try:
        return verbs[words[0]](words[1:])
    except CommandFailed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except BridgeError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def demo(words: list[str]) -> int:
    return run(ready("train", "heic"), "-m", "sd_scripts_bridge.demo", *words)


def ui(words: list[str]) -> int:
    return run(ready("train", "heic", "ui"), "-m", "sd_scripts_bridge", "ui", *words)


def setup(words: list[str]) -> int:
    return run(ready("train", "heic"), "-m", "sd_scripts_bridge", "setup", *words)


def test(words: list[str]) -> int:
    """Style, types, tests; every one is run, and the worst code is returned."""
    python = ready("train", "heic", "test")
    checks = [
        ("-m", "ruff", "check", "."),
        ("-m", "ruff", "format", "--check", "."),
        ("-m", "mypy"),
        ("-m", "pytest", *words),
    ]
    return max(run(python, *check) for check in checks)


def ready(*extras: str) -> Path:
    """The Python of .venv, holding the package and these extras; makes and completes it where
    needed.
    """
    from sd_scripts_bridge.system import environment, toml_file
    from sd_scripts_bridge.system.torch_choice import choose, this_machine

    choice = choose(this_machine())
    wanted = hashlib.sha256(
        (ROOT / "pyproject.toml").read_bytes() + repr(choice).encode()
    ).hexdigest()
    stamps = {extra: VENV / f"lora-bridge-{extra}.stamp" for extra in extras}
    if all(
        stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted for stamp in stamps.values()
    ):
        return environment.Environment.in_folder(VENV).python
    print(f"Making ready {VENV} (once; PyTorch {choice.torch}: {choice.reason}).", flush=True)
    made = environment.make(VENV)
    environment.install_torch(made, choice, vision=False)
    made.install("-e", f"{ROOT}[{','.join(extras)}]")
    vocabulary = environment.extras(toml_file.load(ROOT / "pyproject.toml"), "vocabulary")
    made.install(*vocabulary, dependencies=False)
    for stamp in stamps.values():
        stamp.write_text(wanted, encoding="utf-8")
    return made.python


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
