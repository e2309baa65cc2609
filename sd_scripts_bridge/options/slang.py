"""What people call an option, and what they meant where they mistyped it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ..messages import Message

SLANG = {
    "lr": "learning_rate",
    "unet_learning_rate": "unet_lr",
    "te_lr": "text_encoder_lr",
    "dim": "network_dim",
    "rank": "network_dim",
    "network_rank": "network_dim",
    "alpha": "network_alpha",
    "steps": "max_train_steps",
    "max_steps": "max_train_steps",
    "epochs": "max_train_epochs",
    "epoch": "max_train_epochs",
    "batch": "train_batch_size",
    "batch_size": "train_batch_size",
    "optimizer": "optimizer_type",
    "scheduler": "lr_scheduler",
    "warmup": "lr_warmup_steps",
    "warmup_steps": "lr_warmup_steps",
    "grad_accum": "gradient_accumulation_steps",
    "gradient_accumulation": "gradient_accumulation_steps",
    "save_every": "save_every_n_steps",
    "snr_gamma": "min_snr_gamma",
    "precision": "mixed_precision",
    "shuffle": "shuffle_caption",
    "max_bucket": "max_bucket_reso",
    "min_bucket": "min_bucket_reso",
}
"""Short names, as posts and other trainers have them -> sd-scripts' option."""


def meant(name: str, known: Iterable[str]) -> str | None:
    """Which of ``known`` was meant by ``name``; None where nothing is near."""
    names = list(known)
    plain = name.lower().replace("-", "_")
    if SLANG.get(plain) in names:
        return SLANG[plain]
    return next(iter(difflib.get_close_matches(plain, names, n=1)), None)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """ "Did you mean lowram?" as a message, or nothing."""
    near = meant(name, known)
    return Message("options.did_you_mean", "Did you mean {name}?", name=near) if near else ""


def names_for(option: str) -> list[str]:
    """What else people call ``option``."""
    return [short for short, name in SLANG.items() if name == option]
