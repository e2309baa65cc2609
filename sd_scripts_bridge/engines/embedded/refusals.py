"""What the embedded engine doesn't do: each such option is refused by its name, none is silently
ignored.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...errors import Problem, short
from ...jobs.job import TrainingJob
from ...messages import Message
from ...options.families import FAMILIES, LDM
from ...options.known import parsers
from ...options.params import MOST_STEPS, UNMASKED, TrainingParams, fields_of_params
from ...options.slang import did_you_mean
from ...system import secret_text
from .. import sample_prompts
from ..base import Machine, bucket_step_problems, precision_problems
from .stepping import earnings

ELSEWHERE = Message(
    "option.remove_train_sd_scripts", "Remove it, or train with the sd-scripts engine."
)
ALWAYS = {"no_half_vae": True}
"""What this engine does in any case: its VAE computes in fp32."""
EXTRA_OPTIONS = (*sample_prompts.OPTIONS, "log_with", "alpha_mask", "masked_loss", earnings.OPTION)
"""What it takes beside the options that we know by name."""
READING = ("max_data_loader_n_workers", "persistent_data_loader_workers")
"""The processes in which sd-scripts reads pictures: here each is read once, before the first step,
so these say nothing about the training.
"""
SCHEDULERS = (
    "constant",
    "constant_with_warmup",
    "linear",
    "cosine",
    "cosine_with_restarts",
    "polynomial",
)


def refusals(job: TrainingJob, machine: Machine) -> list[Problem]:
    """Every option of ``job`` that this engine can't follow, on this machine."""
    if job.family not in LDM:
        name = FAMILIES[job.family].title if job.family in FAMILIES else repr(job.family)
        return [
            Problem(
                "refusals.embedded_engine_doesnt_train",
                "base",
                "the embedded engine doesn't train {name}, only {ldm}",
                "Train with the sd-scripts engine, or choose another base.",
                name=name,
                ldm=", ".join(FAMILIES[n].title for n in LDM),
            )
        ]
    if job.launch is not None:
        return [
            Problem(
                "refusals.embedded_engine_trains_process",
                "processes",
                "the embedded engine trains in one process",
                "Leave them out, or train with --engine sd-scripts (`setup` makes it ready).",
            )
        ]
    return [
        *_unknown(job.params),
        *_samples(job),
        *_choices(job.params),
        *precision_problems(job.params, machine),
        *_sizes(job),
        *_family(job),
    ]


def _unknown(params: TrainingParams) -> list[Problem]:
    """Options that are switched off, or that ask for what is done anyway,
    are no reason to refuse.
    """
    return [
        _no_option(name, value)
        for name, value in sorted(params.extra.items())
        if not _is_off(value) and ALWAYS.get(name) != value and not _is_known(name, value)
    ]


def _no_option(name: str, value: object) -> Problem:
    """A misspelt one is no option of the other engine either."""
    known = {*parsers.anywhere(), *(spec.name for spec in fields_of_params())}
    text = "the embedded engine has no such option (it is set to {value})"
    remedy = ELSEWHERE if name in known else did_you_mean(name, known) or ELSEWHERE
    shown = "..." if secret_text.is_name_of_one(name) else short(value)
    return Problem("refusals.embedded_engine_such_option", name, text, remedy, value=shown)


def _is_known(name: str, value: object) -> bool:
    if name == UNMASKED or name in READING:
        return True
    return name in EXTRA_OPTIONS and (name != "log_with" or value == "tensorboard")


def reading_notes(job: TrainingJob) -> list[str]:
    """What of `READING` was asked for, and has no effect."""
    asked = [name for name in READING if job.params.extra.get(name)]
    text = "{names}: without effect, since the embedded engine reads each picture once."
    return [Message("embedded.reading", text, names=", ".join(asked))] if asked else []


def _samples(job: TrainingJob) -> list[Problem]:
    every = job.params.extra.get("sample_every_n_steps")
    if every is not None and (type(every) is not int or not 0 <= every <= MOST_STEPS):
        return [
            Problem(
                "params.outside",
                "sample_every_n_steps",
                "{value} is outside {plain} to {plain2}",
                value=short(every),
                plain="0",
                plain2=str(MOST_STEPS),
            )
        ]
    if sample_prompts.is_text(job):
        return sample_prompts.problems(job)
    return [
        Problem(
            "refusals.prompts_no_text",
            "sample_prompts",
            "the embedded engine reads prompts from a .txt file, one per line, not from {file}",
            "Write them into a .txt file, or train with the sd-scripts engine.",
            file=short(job.params.extra["sample_prompts"]),
        )
    ]


def _is_off(value: object) -> bool:
    return value is None or value is False or value in ("", [], ())


def _choices(params: TrainingParams) -> Iterator[Problem]:
    """Options of which this engine has a few values only."""
    if params.optimizer_type.lower() != "adamw":
        yield Problem(
            "refusals.embedded_engine_adamw",
            "optimizer_type",
            "the embedded engine has AdamW, not {optimizer_type}",
            "Set it to AdamW, or train with the sd-scripts engine.",
            optimizer_type=repr(params.optimizer_type),
        )
    if params.lr_scheduler not in SCHEDULERS:
        yield Problem(
            "embedded.other_scheduler",
            "lr_scheduler",
            "the embedded engine has {known}, not {wanted}",
            "Choose one of those, or train with the sd-scripts engine.",
            known=", ".join(SCHEDULERS),
            wanted=short(params.lr_scheduler),
        )
    if params.network_module != "networks.lora":
        yield Problem(
            "refusals.embedded_engine_networks_lora",
            "network_module",
            "the embedded engine has networks.lora, not {network_module}",
            "Set it to networks.lora, or train with the sd-scripts engine.",
            network_module=repr(params.network_module),
        )
    if not params.sdpa:
        what = "the embedded engine always uses PyTorch's fused attention"
        yield Problem("refusals.embedded_engine_always_uses", "sdpa", what, "Set it to true.")


def _sizes(job: TrainingJob) -> list[Problem]:
    params, step = job.params, FAMILIES[job.family].bucket_step
    if not params.enable_bucket:
        return [
            Problem(
                "refusals.multiple_pixels",
                "resolution",
                "{side} is not a multiple of {step} pixels",
                "Switch enable_bucket on.",
                side=side,
                step=step,
            )
            for side in sorted(set(params.area))
            if side % step
        ]
    return bucket_step_problems(job)


def _family(job: TrainingJob) -> list[Problem]:
    found = []
    if job.family == "sdxl" and job.params.clip_skip is not None:
        found.append(
            Problem(
                "refusals.sdxl_always_reads_layer",
                "clip_skip",
                "SDXL always reads the layer before the last, not {clip_skip}",
                "Leave it empty.",
                clip_skip=job.params.clip_skip,
            )
        )
    return found
