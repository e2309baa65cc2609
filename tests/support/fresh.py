"""A fresh Python, to see what an import loads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def fresh(code: str) -> str:
    """What ``code`` prints in a Python that has loaded nothing yet, a measurement of coverage
    included: it would load sqlite3.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, env=env, check=True)
    return done.stdout
