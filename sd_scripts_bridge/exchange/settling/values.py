"""One option's value as `TrainingParams` has it, from however another program wrote it down."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ...engines.sd_scripts.installed.catalogue import NETWORK_MODULES
from ...errors import Invalid
from ...messages import Message, joined
from ...options.known import optimizers
from ...options.known.schedulers import SCHEDULERS
from ...options.params import TrainingParams

MOST_DIM = 4096


class Reading(NamedTuple):
    """``why`` is empty where the value means the same as in the file."""

    value: Any
    why: str = ""


class Unusable(ValueError):
    """The value can't be used; ``str()`` says why."""


def read(option: str, value: Any) -> Reading:
    """``value`` as the option's own type, within its limits. Raises `Unusable` with a sentence."""
    if isinstance(value, str):
        value = value.strip()
    reading = _special(option, value)
    base = TrainingParams(
        enable_bucket=False, network_train_unet_only=option != "network_train_text_encoder_only"
    )
    try:
        params = base.with_values({option: reading.value})
    except Invalid as error:
        raise Unusable(joined(problem.at("").sentence for problem in error.problems)) from None
    return reading._replace(value=getattr(params, option))


def _special(option: str, value: Any) -> Reading:
    reader = _SPECIAL.get(option)
    try:
        return reader(value) if reader else Reading(value)
    except Unusable:
        raise
    except (ValueError, TypeError, SyntaxError, OverflowError, MemoryError, RecursionError):
        raise Unusable(
            Message("values.cant_read", "{value} can't be read.", value=repr(value))
        ) from None


# ---- options that others write otherwise ----


def _resolution(value: Any) -> Reading:
    sides = value if isinstance(value, (list, tuple)) else re.findall(r"\d+", str(value))
    if len(sides) not in (1, 2):
        raise Unusable(
            Message("values.number_pixels", "{value} is not a number of pixels.", value=repr(value))
        )
    first, last = str(sides[0]), str(sides[-1])
    return Reading(first if first == last else f"{first},{last}")


def _one_rate(value: Any) -> Reading:
    """sd-scripts takes a list since 0.10: one rate for each text encoder."""
    if isinstance(value, str) and value.startswith("["):
        value = ast.literal_eval(value)
    if isinstance(value, str) and len(value.split()) > 1:
        value = value.split()
    if not isinstance(value, (list, tuple)):
        return Reading(value)
    if not value:
        return Reading(None)
    same = all(float(rate) == float(value[0]) for rate in value)
    return Reading(
        value[0],
        ""
        if same
        else Message(
            "values.lora_bridge_rate_all", "LoRA Bridge has one rate for all text encoders"
        ),
    )


def _optimizer(value: Any) -> Reading:
    name = str(value or "AdamW")
    if optimizers.written(name) is None:
        near = optimizers.nearest(name)
        text = "sd-scripts has no optimizer {name}."
        unknown = Message("values.no_optimizer", text, name=name)
        hint = Message("options.did_you_mean", "Did you mean {name}?", name=near) if near else ""
        raise Unusable(joined([unknown, hint]))
    return Reading(name)


def _scheduler(value: Any) -> Reading:
    if value in SCHEDULERS:
        return Reading(value)
    name = str(value or "constant").lower().split(":")[0]
    if name in SCHEDULERS:
        return Reading(name)
    near = {
        "adafactor": "constant",
        "cosine_annealing": "cosine",
        "cosine_with_min_lr": "cosine",
    }.get(name, "constant")
    reason = (
        Message("values.takes_rate_own_optimizer", "it takes a rate of its own from the optimizer")
        if name == "adafactor"
        else Message("values.lora_bridge_doesnt_know", "LoRA Bridge doesn't know it")
    )
    return Reading(
        near,
        Message(
            "values.choose_another_set_lr",
            "{value}: {reason}; choose another with --set lr_scheduler=",
            value=repr(value),
            reason=reason,
        ),
    )


def _token_length(value: Any) -> Reading:
    return Reading("75" if value in (None, "", 0, "0") else str(value).removesuffix(".0"))


def _dim(value: Any) -> Reading:
    """LyCORIS users write 100000 for "as many as there are"."""
    try:
        too_many = float(value) > MOST_DIM
    except (TypeError, ValueError):
        return Reading(value)
    return (
        Reading(
            MOST_DIM,
            Message(
                "values.most_good_full_lycoris",
                "at most {most_dim}, which is practically full for LyCORIS",
                most_dim=MOST_DIM,
            ),
        )
        if too_many
        else Reading(value)
    )


def _seed(value: Any) -> Reading:
    if value in (None, ""):
        return Reading(
            TrainingParams().seed,
            Message(
                "values.none_means_another_seed",
                "none means another seed each time; with a fixed one a run can be repeated",
            ),
        )
    return Reading(value)


def _module(value: Any) -> Reading:
    if value in NETWORK_MODULES:
        return Reading(value)
    raise Unusable(
        Message(
            "values.is_not_one",
            "{value} is not one of {network_modules}.",
            value=repr(value),
            network_modules=", ".join(sorted(NETWORK_MODULES)),
        )
    )


def _positive(value: Any) -> Reading:
    """0 says "not used"."""
    try:
        return Reading(None if value in (None, "") or float(value) == 0 else value)
    except (TypeError, ValueError):
        return Reading(value)


def _mixed_precision(value: Any) -> Reading:
    if str(value).lower() == "fp8":
        return Reading(
            "bf16",
            Message(
                "values.sd_scripts_fp_fp",
                "sd-scripts has no fp8 here; fp8_base is an option of its own",
            ),
        )
    return Reading(value or "no")


def _save_precision(value: Any) -> Reading:
    return Reading(
        {"fp32": "float", "float32": "float", "None": "float"}.get(str(value), value) or "float"
    )


_SPECIAL: Mapping[str, Callable[[Any], Reading]] = {
    "resolution": _resolution,
    "text_encoder_lr": _one_rate,
    "optimizer_type": _optimizer,
    "lr_scheduler": _scheduler,
    "max_token_length": _token_length,
    "network_dim": _dim,
    "network_module": _module,
    "seed": _seed,
    "min_snr_gamma": _positive,
    "noise_offset": _positive,
    "clip_skip": _positive,
    "save_every_n_steps": _positive,
    "mixed_precision": _mixed_precision,
    "save_precision": _save_precision,
}


# ---- together ----


def reconciled(values: Mapping[str, Any]) -> tuple[TrainingParams, dict[str, str]]:
    """Params of values that are each in order, and why options had to give way where they exclude
    each other.
    """
    params = replace(TrainingParams(), **values)
    why: dict[str, str] = {}
    if params.network_train_unet_only and params.network_train_text_encoder_only:
        params = replace(params, network_train_text_encoder_only=False)
        why["network_train_text_encoder_only"] = Message(
            "values.excluded_network_train_unet", "excluded by network_train_unet_only"
        )
    if params.cache_text_encoder_outputs and not params.network_train_unet_only:
        params = replace(params, cache_text_encoder_outputs=False)
        why["cache_text_encoder_outputs"] = Message(
            "values.text_encoder_learns_cant", "a text encoder that learns can't be cached"
        )
    if params.cache_text_encoder_outputs and (
        params.shuffle_caption or params.caption_dropout_rate
    ):
        params = replace(params, cache_text_encoder_outputs=False)
        why["cache_text_encoder_outputs"] = Message(
            "values.captions_change_step_step",
            "captions that change from step to step can't be cached",
        )
    if params.enable_bucket and params.min_bucket_reso > params.max_bucket_reso:
        params = replace(params, max_bucket_reso=params.min_bucket_reso)
        why["max_bucket_reso"] = Message(
            "values.below_min_bucket_reso", "it was below min_bucket_reso"
        )
    if params.lr_scheduler == "constant" and params.lr_warmup_steps:
        params = replace(params, lr_warmup_steps=0)
        why["lr_warmup_steps"] = Message(
            "values.constant_schedule_warm_sd",
            "a constant schedule has no warm-up; sd-scripts would stop at it",
        )
    return params, why
