"""Sample pictures while it trains: which options the script needs, and the prompt file that it
reads.

On a GPU there is one before the first step and one at each save; on a CPU a picture takes minutes,
so only where asked for (``sample_every_n_steps``; 0 switches them off).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...jobs.job import TrainingJob
from ...options.families import FAMILIES, SamplingSettings

STEPS, CFG = 20, 7
NEGATIVE = "deformed, blurry, lowres, watermark, text"
POSE = "portrait, looking at the camera"
OURS: Mapping[str, Any] = {"sample_at_first": True, "sample_sampler": "euler_a"}
"""What holds where the job itself says nothing."""


def options(job: TrainingJob, prompts: Path, *, on_gpu: bool) -> dict[str, Any]:
    """The script's options; None takes away what the job itself has set."""
    asked = job.params.extra.get("sample_every_n_steps")
    every = asked if asked is not None else job.params.save_interval if on_gpu else None
    if not every:
        return {"sample_every_n_steps": None, "sample_at_first": None}
    extra = job.params.extra
    return {
        "sample_every_n_steps": int(every),
        "sample_at_first": extra.get("sample_at_first", OURS["sample_at_first"]),
        "sample_prompts": extra.get("sample_prompts", str(prompts)),
        "sample_sampler": extra.get("sample_sampler", OURS["sample_sampler"]),
    }


def prompt_line(job: TrainingJob) -> str:
    """One picture of the subject, always from the same noise, in the training's own size."""
    width, height = (side // 64 * 64 or 64 for side in job.params.area)
    words = f"{job.activation_text}, {POSE}"
    family = FAMILIES[job.family]
    picture = family.picture or SamplingSettings(STEPS, CFG)
    negative = f" --n {NEGATIVE}" if picture.negative else ""
    distilled = (
        family.options.get("guidance_scale") if picture.distilled is None else picture.distilled
    )
    guidance = "" if distilled is None else f" --g {distilled:g}"
    size = f"--w {width} --h {height} --d {job.params.seed}"
    return f"{words}{negative} {size} --l {picture.cfg:g}{guidance} --s {picture.steps}\n"


def is_ours(file: Path) -> bool:
    """Whether `prompt_line` made the prompt in ``file``."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return (
        re.search(rf", {POSE}( --n {NEGATIVE})? --w ", text) is not None
        and len(text.splitlines()) == 1
    )
