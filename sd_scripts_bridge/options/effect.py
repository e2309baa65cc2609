"""Options that change nothing as the others stand: whoever sets one is told before the start.

When each counts: library/train_util.py, train_network.py and networks/*.py of sd-scripts 0.10.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..messages import Message
from .families import FAMILIES
from .known.schedulers import WITHOUT_WARMUP
from .params import TrainingParams

ADAPTIVE = ("dadapt", "prodigy")
"""Beginnings of optimizers that find their own rate, of which 1 is the usual factor."""
PLAIN = ("adam", "pagedadam", "lion", "pagedlion", "adafactor", "came")
"""Beginnings of optimizers that step by the rate as it is given."""


@dataclass(frozen=True)
class Stand:
    """How things stand: the options, the base's family, regularisation pictures or none."""

    params: TrainingParams
    family: str
    regularisation: bool = False


def has_warmup(params: TrainingParams) -> bool:
    """Whether the schedule knows a warm-up; sd-scripts stops at one where it doesn't."""
    none = params.lr_scheduler in (*WITHOUT_WARMUP, "piecewise_constant")
    own = none or params.extra.get("lr_scheduler_type")
    return not own and not _rates_itself(params)


def idle(stand: Stand, names: Iterable[str]) -> list[str]:
    """A sentence for each of ``names`` that changes nothing, with what it depends on."""
    found: list[str] = []
    for name in names:
        reason = next((why(stand) for options, why in _RULES if name in options), "")
        if reason:
            value = getattr(stand.params, name, stand.params.extra.get(name))
            found.append(
                Message(
                    "effect.idle",
                    "{option} changes nothing: {reason}.",
                    option=name if value is None else f"{name}={value}",
                    reason=reason,
                )
            )
    return found


def advice(params: TrainingParams) -> list[str]:
    """What to know about rates that the optimizer treats in its own way."""
    name = params.optimizer_type.lower()
    rate = params.learning_rate if params.unet_lr is None else params.unet_lr
    if name.startswith(ADAPTIVE) and rate <= 0.1:
        return [
            Message(
                "effect.adaptive",
                "{optimizer} finds the rate by itself and takes learning_rate as a factor: "
                "{rate} is very low, 1 is usual.",
                optimizer=params.optimizer_type,
                rate=f"{rate:g}",
            )
        ]
    if _rates_itself(params):
        return [
            Message(
                "effect.adafactor",
                "Adafactor sets the rates itself (relative_step): learning_rate is where it "
                "begins, and lr_scheduler has no effect. optimizer_args=relative_step=False "
                "changes that.",
            )
        ]
    if rate >= 0.1 and name.startswith(PLAIN):
        text = (
            "{rate} is a rate for optimizers that find theirs by themselves (Prodigy, "
            "DAdaptation): with {optimizer} it breaks the LoRA; 0.0001 is usual."
        )
        return [Message("effect.too_high", text, rate=f"{rate:g}", optimizer=params.optimizer_type)]
    return []


def _rates_itself(params: TrainingParams) -> bool:
    args = params.extra.get("optimizer_args") or ()
    args = args.split() if isinstance(args, str) else args
    off = any(str(arg).replace(" ", "") == "relative_step=False" for arg in args)
    return params.optimizer_type.lower() == "adafactor" and not off


# ---- when an option changes nothing ----


def _learning_rate(stand: Stand) -> str:
    params = stand.params
    parts = [
        name
        for name, learns in (
            ("unet_lr", not params.network_train_text_encoder_only),
            ("text_encoder_lr", not params.network_train_unet_only),
        )
        if learns
    ]
    set_apart = parts and all(getattr(params, name) is not None for name in parts)
    return (
        Message(
            "effect.parts_set",
            "{parts} {count:is|are} set",
            parts=" and ".join(parts),
            count=len(parts),
        )
        if set_apart
        else ""
    )


def _text_encoder(stand: Stand) -> str:
    return (
        Message("effect.unet_only", "network_train_unet_only is on")
        if stand.params.network_train_unet_only
        else ""
    )


def _unet(stand: Stand) -> str:
    alone = stand.params.network_train_text_encoder_only
    return (
        Message("effect.text_encoder_only", "network_train_text_encoder_only is on")
        if alone
        else ""
    )


def _warmup(stand: Stand) -> str:
    params = stand.params
    if has_warmup(params):
        return ""
    if _rates_itself(params):
        return Message("effect.own_schedule", "Adafactor has its own schedule")
    return Message(
        "effect.no_warmup",
        "the schedule {scheduler} has no warm-up (constant_with_warmup has)",
        scheduler=params.lr_scheduler,
    )


def _only_for(*schedulers: str) -> Callable[[Stand], str]:
    def why(stand: Stand) -> str:
        now = stand.params.lr_scheduler
        return (
            ""
            if now in schedulers
            else Message(
                "effect.other_schedule",
                "lr_scheduler is {now}, not {wanted}",
                now=now,
                wanted=" or ".join(schedulers),
            )
        )

    return why


def _scheduler(stand: Stand) -> str:
    optimizer = stand.params.optimizer_type
    if optimizer.lower().endswith("schedulefree"):
        return Message("effect.no_schedule", "{optimizer} takes no schedule", optimizer=optimizer)
    if _rates_itself(stand.params):
        return Message("effect.own_schedule", "Adafactor has its own schedule")
    return ""


def _keep_tokens(stand: Stand) -> str:
    params = stand.params
    mixed = params.shuffle_caption or any(
        params.extra.get(name) for name in ("token_warmup_step", "caption_tag_dropout_rate")
    )
    return "" if mixed else Message("effect.no_shuffle", "shuffle_caption is off")


def _buckets(stand: Stand) -> str:
    return (
        "" if stand.params.enable_bucket else Message("effect.no_buckets", "enable_bucket is off")
    )


def _bucket_limits(stand: Stand) -> str:
    return _buckets(stand) or (
        Message("effect.own_sizes", "bucket_no_upscale takes the pictures' own sizes")
        if stand.params.bucket_no_upscale
        else ""
    )


def _regularisation(stand: Stand) -> str:
    return (
        ""
        if stand.regularisation
        else Message("effect.no_regularisation", "there are no regularisation pictures")
    )


def _of_noise(stand: Stand) -> str:
    family = FAMILIES[stand.family]
    return (
        ""
        if family.is_ldm
        else Message(
            "effect.other_noise",
            "{family} is trained with another kind of noise than SD 1.5 and SDXL",
            family=family.title,
        )
    )


def _clip_skip(stand: Stand) -> str:
    family = FAMILIES[stand.family]
    plain = family.is_ldm and not family.caches_captions
    return (
        ""
        if plain
        else Message(
            "effect.own_layers",
            "{family} always reads the same layers of its text encoders",
            family=family.title,
        )
    )


def _clip_length(stand: Stand) -> str:
    family = FAMILIES[stand.family]
    return (
        ""
        if family.is_ldm
        else Message(
            "effect.other_text_encoders",
            "{family} reads captions with other text encoders",
            family=family.title,
        )
    )


def _by_epoch(_stand: Stand) -> str:
    return Message("effect.by_steps", "checkpoints are counted in steps here (save_every_n_steps)")


_RULES: tuple[tuple[frozenset[str], Callable[[Stand], str]], ...] = (
    (frozenset({"learning_rate"}), _learning_rate),
    (frozenset({"text_encoder_lr"}), _text_encoder),
    (frozenset({"unet_lr"}), _unet),
    (frozenset({"lr_warmup_steps"}), _warmup),
    (
        frozenset({"lr_scheduler_num_cycles"}),
        _only_for("cosine_with_restarts", "cosine_with_min_lr", "warmup_stable_decay"),
    ),
    (frozenset({"lr_scheduler_power"}), _only_for("polynomial")),
    (frozenset({"lr_scheduler_timescale"}), _only_for("inverse_sqrt")),
    (frozenset({"lr_decay_steps"}), _only_for("warmup_stable_decay")),
    (
        frozenset({"lr_scheduler_min_lr_ratio"}),
        _only_for("cosine_with_min_lr", "warmup_stable_decay"),
    ),
    (frozenset({"lr_scheduler"}), _scheduler),
    (frozenset({"keep_tokens", "keep_tokens_separator"}), _keep_tokens),
    (frozenset({"min_bucket_reso", "max_bucket_reso"}), _bucket_limits),
    (frozenset({"bucket_reso_steps", "bucket_no_upscale"}), _buckets),
    (frozenset({"prior_loss_weight"}), _regularisation),
    (frozenset({"min_snr_gamma", "noise_offset"}), _of_noise),
    (frozenset({"clip_skip"}), _clip_skip),
    (frozenset({"max_token_length"}), _clip_length),
    (
        frozenset({"save_last_n_epochs", "save_last_n_epochs_state", "save_n_epoch_ratio"}),
        _by_epoch,
    ),
)
"""(options, why they change nothing as things stand, or "")"""
