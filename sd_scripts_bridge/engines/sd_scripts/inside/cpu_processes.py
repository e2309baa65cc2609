"""``cpu_processes.py SCRIPT WORDS...``: run a training script in one of several processes that
compute on the CPU.

accelerate 1.6 leaves a model without anything to train as it is where the processes have GPUs, and
tries to share it between them where they have none; PyTorch refuses that ("DistributedDataParallel
is not needed when a module doesn't have any parameter that requires a gradient"), and in a LoRA
training base models are such models. Here both cases are treated alike.

Runs in the training environment's Python, by its path: imports nothing of ours.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Patch accelerate, then be the script.

    Its folder is where it looks for its own modules first, as in a direct call.
    """
    from accelerate import Accelerator  # type: ignore[import-not-found,import-untyped,unused-ignore]

    as_it_is = Accelerator.prepare_model

    def prepare_model(
        self: Any, model: Any, device_placement: Any = None, evaluation_mode: bool = False
    ) -> Any:
        frozen = not any(parameter.requires_grad for parameter in model.parameters())
        return as_it_is(self, model, device_placement, evaluation_mode or frozen)

    Accelerator.prepare_model = prepare_model
    sys.argv = sys.argv[1:]
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
