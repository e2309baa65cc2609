"""What options come to in training, however they are written: two sets with one meaning train the
same LoRA.
"""

from __future__ import annotations

from typing import Any

from . import quicker
from .families import FAMILIES
from .kinds import is_default
from .params import TrainingParams, fields_of_params


def meaning(params: TrainingParams, family: str) -> dict[str, Any]:
    """Every option with what is implied filled in, and nothing that may as well be left out."""
    fitted = params.fitted_buckets()
    told = {spec.name: getattr(fitted, spec.name) for spec in fields_of_params()}
    told["resolution"] = params.area
    told["save_every_n_steps"] = params.save_interval
    told["max_token_length"] = params.max_token_length or "75"
    told["noise_offset"] = params.noise_offset or None
    told["training_comment"] = params.training_comment or None
    if params.lr_scheduler == "constant":
        told["lr_warmup_steps"] = 0
    known = FAMILIES.get(family)
    if known is not None and known.caches_captions:
        told["clip_skip"] = None
    else:
        told["cache_text_encoder_outputs"] = False  # its script knows no such option
    if known is not None and not known.is_ldm:
        told["min_snr_gamma"] = told["max_token_length"] = None
    return {**told, **_rates(params), **_others(params, family)}


def _rates(params: TrainingParams) -> dict[str, Any]:
    """Which parts learn, and how fast.

    A rate of 0 leaves a part as it is, as does the switch for the other part.
    """
    unet = params.learning_rate if params.unet_lr is None else params.unet_lr
    text_encoder = (
        params.learning_rate if params.text_encoder_lr is None else params.text_encoder_lr
    )
    unet_only = params.network_train_unet_only or not text_encoder
    text_encoder_only = params.network_train_text_encoder_only or not unet
    return {
        "network_train_unet_only": unet_only,
        "network_train_text_encoder_only": text_encoder_only,
        "unet_lr": None if text_encoder_only else unet,
        "text_encoder_lr": None if unet_only else text_encoder,
    }


def _others(params: TrainingParams, family: str) -> dict[str, Any]:
    kept = {key: value for key, value in params.extra.items() if not is_default(key, value)}
    kept.pop(quicker.LASTING.option, None)  # changes how a run is fed, not what it learns
    if family == "sdxl":
        kept.pop("no_half_vae", None)  # always so
    return {key: tuple(value) if isinstance(value, list) else value for key, value in kept.items()}
