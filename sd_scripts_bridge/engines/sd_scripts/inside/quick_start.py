"""``quick_start.py SCRIPT WORDS...``: run a training script that need not look for garbage in what
its imports make.

PyTorch, diffusers and transformers make a million objects that stay. Python's collector goes
through them again and again, while they are imported and at each ``gc.collect()`` of the scripts:
a seventh of all that they compute until the first step. So the script is imported once without it,
what has come then is set aside (`gc.freeze`), and the script runs with the collector as it was.

Runs in the training environment's Python, by its path: imports nothing of ours.
"""

from __future__ import annotations

import gc
import importlib
import runpy
import sys
from pathlib import Path


def main() -> None:
    """Be the script. Its folder is where it looks for its own modules first, as in a direct
    call.
    """
    sys.argv = sys.argv[1:]
    script = Path(sys.argv[0]).resolve()
    sys.path[0] = str(script.parent)
    gc.disable()
    importlib.import_module(script.stem)
    gc.freeze()
    gc.enable()
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
