"""What our tools' programs have in common: their words, and how a failure is told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from ...errors import BridgeError
from ...jobs.folder import JobFolder
from .kept.tensors import KeptTensors


def run(work: Callable[[JobFolder, Path], int]) -> int:
    """The exit code of ``work``, done in the tool's folder with that of the tokenizers (``argv``).
    0 without a result: it was stopped; 1: a `BridgeError`, printed.
    """
    try:
        return work(JobFolder(Path(sys.argv[1])), Path(sys.argv[2]))
    except BridgeError as error:
        print(f"Error: {error}", file=sys.stderr, flush=True)
        return 1


def kept() -> KeptTensors:
    """What trainings have encoded of photos and captions, in the folder of the third word; without
    one nothing is remembered.
    """
    return KeptTensors(Path(sys.argv[3]) if len(sys.argv) > 3 else None)
