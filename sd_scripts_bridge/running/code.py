"""The package's own code: loaded whole before a job begins; and whether the disk holds another now.

An update (the extension's "Check for updates", a `git pull`) may replace any file while a job
runs. What runs goes on with the code that it has loaded; the next job gets the new one.
"""

from __future__ import annotations

import importlib
import time

from ..paths import PACKAGE_PARENT
from ..system.files import mark

PACKAGE = PACKAGE_PARENT / __name__.partition(".")[0]
LATE = ("engines.sd_scripts", "engines.embedded", "engines.cluster", "datasets.kohya_folder")
"""What other modules import in a function: by choice of the engine, or because it is heavy."""
RETURN_SECONDS = 60.0
"""No update leaves the folder empty for longer."""


def load_all() -> None:
    """Import all that a job needs and that isn't there yet."""
    for name in LATE:
        importlib.import_module(f"{PACKAGE.name}.{name}")


def on_disk() -> dict[str, str]:
    """Every module that lies there now, with a mark that changes when the file does."""
    return {str(path): mark(path) for path in PACKAGE.rglob("*.py")}


def comes_back() -> bool:
    """Wait until an update has put the package in its place; False: it is gone for good."""
    deadline = time.monotonic() + RETURN_SECONDS
    while not (PACKAGE / "running" / "supervisor.py").is_file():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True
