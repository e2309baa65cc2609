"""Options that LoRA Bridge sets for sd-scripts because they cost nothing but save time, each with
its reason. What somebody has set, or an imported file says, stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..messages import Message


@dataclass(frozen=True)
class Quicker:
    """An option as sd-scripts reads it, and why it is set."""

    option: str
    value: Any
    reason: Message

    @property
    def line(self) -> str:
        return f"  {self.option} = {self.value}: {self.reason}"


FUSED = Quicker(
    "optimizer_args",
    "fused=True",
    Message(
        "quicker.fused",
        "on an NVIDIA GPU AdamW updates all weights in few launches; an 8-bit AdamW saves memory, "
        "not time",
    ),
)
LASTING = Quicker(
    "persistent_data_loader_workers",
    True,
    Message("quicker.lasting", "where there are workers: else each epoch starts them anew"),
)
TABLE = (
    Quicker(
        "sdpa",
        True,
        Message(
            "quicker.sdpa",
            "PyTorch's own attention; without it sd-scripts keeps every matrix of N x N",
        ),
    ),
    Quicker(
        "cache_latents",
        True,
        Message("quicker.latents", "the VAE runs once for each picture, not in each step"),
    ),
    Quicker(
        "max_data_loader_n_workers",
        0,
        Message(
            "quicker.workers",
            "with cached latents a worker has nothing to do, and costs its start in each epoch",
        ),
    ),
    LASTING,
    FUSED,
)
"""All of them, as `presets show` tells them. The first three are set in any case."""
COMPILED = Quicker(
    "torch_compile",
    True,
    Message(
        "quicker.compile",
        "the U-Net's transformer blocks are compiled in the first steps, if the others earn that "
        "back; kept for the next training",
    ),
)
"""What the embedded engine does only where somebody sets it."""
_NOT_WITH_FUSED = ("deepspeed", "full_fp16", "fused_backward_pass")


def beside(values: Mapping[str, Any], *, fused: bool) -> dict[str, Any]:
    """What to set beside ``values``, the options of a run by sd-scripts' names.

    ``fused``: the device and its PyTorch have AdamW as one kernel.
    """
    found: dict[str, Any] = {}
    if values.get("max_data_loader_n_workers") and LASTING.option not in values:
        found[LASTING.option] = LASTING.value
    arguments = list(values.get(FUSED.option) or ())
    others = any(values.get(name) for name in _NOT_WITH_FUSED)
    chosen = any(word.partition("=")[0] in ("fused", "foreach") for word in arguments)
    if fused and values.get("optimizer_type") == "AdamW" and not others and not chosen:
        found[FUSED.option] = [*arguments, FUSED.value]
    return found


def has_fused(device: str, torch: str) -> bool:
    """Whether ``device`` ("cuda", ...) has AdamW as one kernel in this PyTorch ("2.6.0+cu124"):
    since 2.0.
    """
    major = torch.partition(".")[0]
    return device == "cuda" and major.isdigit() and int(major) >= 2
