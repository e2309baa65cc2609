"""Learning rates inside a saved state. sd-scripts takes them from there when it resumes, whatever
its options say.
"""

from __future__ import annotations

from pathlib import Path

from ...jobs.job import TrainingJob
from ...system import process

_SCRIPT = """
import sys, torch
folder, wanted = sys.argv[1], [float(rate) for rate in sys.argv[2:]]
optimizer = torch.load(folder + "/optimizer.bin", map_location="cpu", weights_only=True)
scheduler = torch.load(folder + "/scheduler.bin", map_location="cpu", weights_only=True)
base = scheduler.get("base_lrs")
if base and len(base) == len(wanted) == len(optimizer["param_groups"]) and base != wanted:
    factors = [new / old if old else 1.0 for new, old in zip(wanted, base)]
    scheduler["base_lrs"] = wanted
    scheduler["_last_lr"] = [rate * factor for rate, factor in zip(scheduler["_last_lr"], factors)]
    for group, factor in zip(optimizer["param_groups"], factors):
        group["lr"] *= factor
        if "initial_lr" in group:
            group["initial_lr"] *= factor
    torch.save(optimizer, folder + "/optimizer.bin")
    torch.save(scheduler, folder + "/scheduler.bin")
    print("CHANGED")
"""


def adapt(python: str, state: Path, job: TrainingJob) -> bool:
    """Make the state's rates the job's; returns whether they were others.

    Needs the training environment's torch.
    """
    params = job.params
    text = params.learning_rate if params.text_encoder_lr is None else params.text_encoder_lr
    unet = params.learning_rate if params.unet_lr is None else params.unet_lr
    rates = (
        [unet]
        if params.network_train_unet_only
        else [text]
        if params.network_train_text_encoder_only
        else [text, unet]
    )
    argv = [python, "-c", _SCRIPT, str(state), *map(str, rates)]
    return "CHANGED" in process.run(argv, timeout=300, check=False)
