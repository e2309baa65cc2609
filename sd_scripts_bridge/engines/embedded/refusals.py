"""What the embedded engine doesn't do: each such option is refused by its name, none is silently
ignored.
"""

from __future__ import annotations

from ...errors import Problem
from ...jobs.job import TrainingJob
from ...options.families import FAMILIES, LDM
from ...options.params import TrainingParams

ELSEWHERE = "Remove it, or train with the sd-scripts engine."
ALWAYS = {"no_half_vae": True}
"""What this engine does in any case: its VAE computes in fp32."""
BUCKET_STEPS = {"sd1": 64, "sd2": 64, "sdxl": 32}


def refusals(job: TrainingJob) -> list[Problem]:
    """Every option of ``job`` that this engine can't follow."""
    if job.family not in LDM:
        name = FAMILIES[job.family].title if job.family in FAMILIES else repr(job.family)
        return [
            Problem(
                "base",
                f"the embedded engine doesn't train {name}, only "
                f"{', '.join(FAMILIES[n].title for n in LDM)}",
                "Train with the sd-scripts engine, or choose another base.",
            )
        ]
    if job.launch is not None:
        return [
            Problem(
                "processes",
                "the embedded engine trains in one process",
                "Leave them out, or train with --engine sd-scripts (`setup` makes it ready).",
            )
        ]
    return [*_unknown(job.params), *_choices(job.params), *_sizes(job), *_family(job)]


def _unknown(params: TrainingParams) -> list[Problem]:
    """Options that are switched off, or that ask for what is done anyway, are no reason to refuse."""
    return [
        Problem(name, f"the embedded engine has no such option (it is set to {value!r})", ELSEWHERE)
        for name, value in sorted(params.extra.items())
        if not _is_off(value) and ALWAYS.get(name) != value
    ]


def _is_off(value: object) -> bool:
    return value is None or value is False or value in ("", [], ())


def _choices(params: TrainingParams) -> list[Problem]:
    found = []
    if params.optimizer_type.lower() != "adamw":
        found.append(
            Problem(
                "optimizer_type",
                f"the embedded engine has AdamW, not {params.optimizer_type!r}",
                "Set it to AdamW, or train with the sd-scripts engine.",
            )
        )
    if params.network_module != "networks.lora":
        found.append(
            Problem(
                "network_module",
                f"the embedded engine has networks.lora, not {params.network_module!r}",
                "Set it to networks.lora, or train with the sd-scripts engine.",
            )
        )
    if not params.sdpa:
        found.append(
            Problem(
                "sdpa",
                "the embedded engine always uses PyTorch's fused attention",
                "Set it to true.",
            )
        )
    return found


def _sizes(job: TrainingJob) -> list[Problem]:
    params, step = job.params, BUCKET_STEPS[job.family]
    if not params.enable_bucket:
        return [
            Problem(
                "resolution",
                f"{side} is not a multiple of {step} pixels",
                "Switch enable_bucket on.",
            )
            for side in sorted(set(params.area))
            if side % step
        ]
    if params.bucket_reso_steps % step:
        return [
            Problem(
                "bucket_reso_steps",
                f"{params.bucket_reso_steps} is not a multiple of {step}, which "
                f"{FAMILIES[job.family].title} needs",
                f"Set it to {step}.",
            )
        ]
    return []


def _family(job: TrainingJob) -> list[Problem]:
    found = []
    if job.family == "sdxl" and job.params.clip_skip is not None:
        found.append(
            Problem(
                "clip_skip",
                f"SDXL always reads the layer before the last, not {job.params.clip_skip}",
                "Leave it empty.",
            )
        )
    return found
