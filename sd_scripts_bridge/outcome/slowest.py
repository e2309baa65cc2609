"""How long a step takes at most where nothing is wrong: for runs that nothing can be compared with.

Very roughly: a step is so many operations, and even a slow GPU does so many a second.
"""

from __future__ import annotations

from ..options.params import TrainingParams

WORK = {"sd1": 1.81e12 / 512**2, "sd2": 1.81e12 / 512**2, "sdxl": 14.7e12 / 1024**2}
"""Operations a pixel of a picture, forward and backward, counted from the networks' shapes."""
AGAIN = 1.4
"""As much of that with gradient checkpointing."""
PACE_RTX, PACE = 4e12, 1e12
"""Operations a second, with and without tensor cores: half of what an RTX 3060 is reported to do
for sd-scripts (2.4 to 2.8 s a step of SDXL at 1024).
"""
APART = 0.5
"""Seconds of a step that have nothing to do with its pictures: launches, and reading them."""
_CORES = ("RTX", "A100", "H100", "H200", "L4", "A10", "A40", "B200")


def seconds(family: str, params: TrainingParams, gpu: str) -> float | None:
    """Seconds a step at most on the GPU of this name; None for a family that wasn't counted."""
    if family not in WORK:
        return None
    width, height = params.area
    pictures = params.train_batch_size * params.gradient_accumulation_steps
    work = WORK[family] * width * height * pictures
    if params.gradient_checkpointing:
        work *= AGAIN
    return APART + work / (PACE_RTX if any(one in gpu for one in _CORES) else PACE)
