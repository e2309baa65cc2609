"""Libraries that an option needs: xformers, bitsandbytes, optimizers, LyCORIS."""

from __future__ import annotations

from .known import RAISED, FailureKind, Known, known

ROWS: tuple[Known, ...] = (
    known(
        "xformers-missing",
        FailureKind.OPTION,
        "run",
        RAISED + r"No xformers",
        "xformers is not installed. Set sdpa=true instead: it is just as fast and part of PyTorch.",
    ),
    known(
        "xformers-unfit",
        FailureKind.OPTION,
        "facebookresearch/xformers#799 #1263",
        RAISED + r"No operator found for `memory_efficient_attention",
        "xformers doesn't support this GPU or precision. Set sdpa=true instead.",
    ),
    known(
        "8bit-missing",
        FailureKind.OPTION,
        "run; sd-scripts library/train_util.py",
        RAISED + r"No (?:bitsandbytes|\w+8bit\b)",
        "8-bit optimizers need bitsandbytes, which is not installed or too old. Set "
        "optimizer_type=AdamW, or Adafactor to save memory.",
    ),
    known(
        "8bit-broken",
        FailureKind.OPTION,
        "bmaltais/kohya_ss#1523 #1679, bitsandbytes-foundation/bitsandbytes#900 #1614",
        r"^\s*CUDA Setup failed despite (?:GPU|CUDA) being available|"
        + RAISED
        + r"(?:undefined symbol: c(?:adam|lion|quantize|get_)\w+|'NoneType' object has no "
        r"attribute 'c(?:adam|lion|quantize)\w+"
        r"|No module named 'bitsandbytes\.|CUDA Setup failed despite)",
        "bitsandbytes doesn't match the installed CUDA. Set optimizer_type=AdamW, or Adafactor "
        "to save memory.",
    ),
    known(
        "optimizer-library-missing",
        FailureKind.OPTION,
        "run; sd-scripts library/train_util.py",
        RAISED
        + r"No (?P<library>Prodigy|dadaptation|lion_pytorch|schedulefree|pytorch_optimizer)\b",
        "This optimizer needs the Python package {library}, which is not installed. Set "
        "optimizer_type=AdamW, or one that `sd-scripts-bridge doctor` lists.",
    ),
    known(
        "optimizer-unknown",
        FailureKind.OPTION,
        "run",
        RAISED
        + r"(?:module '[\w.]*optim\w*' has no attribute '(?P<name>\w+)'|Unknown optimizer type: "
        r"(?P<type>\w+))",
        "There is no optimizer named {name}{type}. Check the spelling of optimizer_type; AdamW "
        "always works.",
    ),
    known(
        "triton-missing",
        FailureKind.OPTION,
        "pytorch/pytorch#136361",
        RAISED + r"Cannot find a working triton installation",
        "torch_compile needs Triton, which is not installed. Remove torch_compile and "
        "dynamo_backend.",
    ),
    known(
        "network-library-missing",
        FailureKind.ENVIRONMENT,
        "run",
        RAISED + r"No module named 'lycoris",
        "LyCORIS is not installed. Set network_module=networks.lora.",
    ),
    known(
        "network-module-unknown",
        FailureKind.OPTION,
        "run",
        RAISED + r"No module named '(?P<name>networks\.\w+)'",
        "The installed sd-scripts has no {name}. Set network_module=networks.lora.",
    ),
    known(
        "logger-missing",
        FailureKind.OPTION,
        "run",
        RAISED + r"No wandb / ",
        "wandb is not installed. Remove log_with and wandb_api_key; the job's own log and loss "
        "curve don't need them.",
    ),
)
