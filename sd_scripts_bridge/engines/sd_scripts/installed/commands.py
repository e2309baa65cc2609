"""What a setup would run on this machine, as one would type it; runs and writes nothing."""

from __future__ import annotations

import sys
from pathlib import Path

from ....paths import Home, absolute
from ....system.environment import Environment
from ....system.pytorch.choice import choose, this_machine
from ....system.secret_text import hidden
from . import installation
from .archive import is_archive
from .setup import COMMIT, REPOSITORY, environments_near, in_folder, named_python


def commands(home: Home, source: str | None, python: Path | None) -> list[str]:
    """What `set_up` would run on this machine, as one would type it; runs and writes nothing."""
    own, lines = _getting(home, source)
    asked = f"-c 'import {', '.join(installation.MODULES)}'"
    if (named := named_python(python)) is not None:
        return [*lines, f"{named} {asked}"]
    if source is not None:
        found = [*environments_near(own), Environment(Path(sys.executable))]
        lines += [f"{one.python} {asked}    # used if that works, otherwise:" for one in found]
    choice, environment = choose(this_machine()), Environment.in_folder(home.engines / "venv")
    torch, vision = choice.requirements
    where = f" --index-url {choice.index}" if choice.index else ""
    pip = f"{environment.python} -m pip install"
    return [
        *lines,
        f"{sys.executable} -m venv {home.engines / 'venv'}",
        f"{pip} {torch}{where}    # {choice.reason}",
        f"{pip} --no-deps {vision}{where}",
        f"{pip} -r {own / 'requirements.txt'}    # without its torch, torchvision, xformers",
        f"{pip} psutil",
    ]


def _getting(home: Home, source: str | None) -> tuple[Path, list[str]]:
    """Where the scripts will be, and the commands that bring them there."""
    own = home.engines / "sd-scripts"
    if source and is_archive(source):
        return own, [f"# {hidden(source)} is unpacked into {own}"]
    if source and absolute(source).is_dir() and (there := in_folder(absolute(source))):
        return there, []
    pinned = "" if source is None else "    # where it has that commit"
    clone = f"git clone {hidden(source or REPOSITORY)} {own}"
    return own, [clone, f"git -C {own} checkout {COMMIT}{pinned}"]
