"""Sample pictures while it trains: which options the script needs.

On a GPU there are some before the first step and at each save; on a CPU a picture takes minutes,
so only where asked for (``sample_every_n_steps``; 0 switches them off).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...jobs.job import TrainingJob
from .. import sample_prompts

OURS: Mapping[str, Any] = {"sample_at_first": True, "sample_sampler": "dpmsolver++"}
"""What holds where the job itself says nothing; of its samplers this is nearest to DPM++ 2M Karras.
"""


def options(job: TrainingJob, prompts: Path, *, on_gpu: bool) -> dict[str, Any]:
    """The script's options; None takes away what the job itself has set."""
    every = sample_prompts.every(job, on_gpu)
    if every is None:
        return {"sample_every_n_steps": None, "sample_at_first": None}
    extra = job.params.extra
    return {
        "sample_every_n_steps": every,
        "sample_at_first": extra.get("sample_at_first", OURS["sample_at_first"]),
        "sample_prompts": extra.get("sample_prompts", str(prompts)),
        "sample_sampler": extra.get("sample_sampler", OURS["sample_sampler"]),
    }
