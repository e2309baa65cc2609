"""NaN, caches of latents and captions, saved states."""

from __future__ import annotations

from .known import RAISED, FailureKind, Known, known

ROWS: tuple[Known, ...] = (
    known(
        "latents-nan",
        FailureKind.NAN,
        "kohya-ss/sd-scripts#653",
        RAISED + r"NaN detected in latents: (?P<file>[^\n]+)",
        "The base model's VAE produces NaN for {file}. Set no_half_vae=true (SDXL) or "
        "mixed_precision=bf16, or choose another base model.",
    ),
    known(
        "captions-nan",
        FailureKind.NAN,
        "sd-scripts library/train_util.py",
        RAISED + r"NaN detected in text encoder outputs: (?P<file>[^\n]+)",
        "The text encoder produces NaN for the caption of {file}. Set mixed_precision=bf16 or no.",
    ),
    known(
        "loss-nan-embedded",
        FailureKind.NAN,
        "engines/embedded/training/said.py",
        r"^Error: (?P<own>The loss became (?:nan|-?inf)\b[^\n]*)",
        "{own}",
    ),
    known(
        "cache-damaged",
        FailureKind.CACHE,
        "run",
        r"^Error loading file: (?P<file>[^\n]+\.npz)$",
        "The cache file {file} is damaged. Delete it (it is rebuilt from the picture), then "
        "start again.",
    ),
    known(
        "cache-unreadable",
        FailureKind.CACHE,
        "bmaltais/kohya_ss#3155",
        RAISED
        + r"(?:File is not a zip file|Bad CRC-32 for file|No data left in file|Bad magic number "
        r"for file)",
        "A file of cached latents or text encoder outputs is damaged. Delete the .npz files next "
        "to the pictures, then start again.",
    ),
    known(
        "cache-outdated",
        FailureKind.CACHE,
        "kohya-ss/sd-scripts#522 #958; sd-scripts library/strategy_base.py",
        RAISED + r"(?:stack expects each tensor to be equal size|latents[\w]* not found in )",
        "The cached latents have a different resolution from this job's. Delete the .npz files "
        "next to the pictures, then start again.",
    ),
    known(
        "state-gone",
        FailureKind.STATE,
        "run",
        RAISED + r"Tried to find (?P<folder>.+) but folder does not exist",
        "The saved state {folder} is gone. Resume from an older one, or start over with `retry`.",
    ),
    known(
        "state-damaged",
        FailureKind.STATE,
        "run",
        r"^Loading states from (?P<folder>[^\n]+)$(?s:.*)"
        + RAISED
        + r"(?:PytorchStreamReader failed|Error while deserializing header|Ran out of input"
        r"|pickle data was truncated"
        r"|invalid load key|\[Errno 2\] No such file or directory: )",
        "The saved state {folder} is damaged. Resume from an older one, or start over with "
        "`retry`.",
    ),
    known(
        "state-damaged-embedded",
        FailureKind.STATE,
        "engines/embedded/training/state.py",
        r"^Error: The state (?P<folder>[^\n:]+): is cut off or damaged",
        "The saved state {folder} is damaged. Resume from an older one (`resume JOB --from STEP`), "
        "or start over with `retry`.",
    ),
    known(
        "state-other-optimizer",
        FailureKind.STATE,
        "kohya-ss/sd-scripts#378",
        RAISED + r"loaded state dict (?:contains a parameter group that|has a different number of)",
        "The saved state was made with another optimizer or other trained parts. Resume with "
        "that run's options, or start over with `retry`.",
    ),
    known(
        "state-other-network",
        FailureKind.STATE,
        "run",
        r"^\s+size mismatch for lora_\w+\.",
        "The saved LoRA has another network_dim or network type. Use that run's network_dim and "
        "network_module, or start over with `retry`.",
    ),
    known(
        "state-finished",
        FailureKind.STATE,
        "run",
        RAISED + r"max_train_steps should be greater than initial step .*: (?P<steps>\d+) vs "
        r"(?P<done>\d+)",
        "The saved state is already at step {done}. Set max_train_steps higher than that (it is "
        "{steps}), or start over with `retry`.",
    ),
)
