"""The training options that the bridge knows by name: each once, under sd-scripts' own name.

An option that stands here has help, limits and a default of ours. Any other option of the installed
sd-scripts travels in ``TrainingParams.extra`` and is checked against the catalogue that `setup`
reads from the scripts' own parsers.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union, get_args, get_origin, get_type_hints

from ..errors import Invalid, Problem, mistyped, short
from .known.schedulers import SCHEDULERS
from .slang import did_you_mean
from .values import plain, range_of, read

PRECISIONS = ("no", "fp16", "bf16")
SAVE_PRECISIONS = ("float", "fp16", "bf16")
TOKEN_LENGTHS = ("75", "150", "225")
MOST_STEPS = 1_000_000
"""Of a run, and of anything that is counted in steps."""
RESOLUTION_LIMITS = (64, 4096)
UNMASKED = "unmasked_weight"
"""OneTrainer's option, not sd-scripts': it goes into the alpha channels of the clean copies."""


def option(
    default: Any,
    help: str,
    *,
    ge: float | None = None,
    le: float | None = None,
    choices: Sequence[str] | None = None,
) -> Any:
    """A dataclass field with its help, limits (inclusive) and choices."""
    return field(default=default, metadata={"help": help, "ge": ge, "le": le, "choices": choices})


@dataclass(frozen=True)
class TrainingParams:
    """How to train. Names and meanings are those of sd-scripts' ``train_network.py`` (its
    ``--help``).
    """

    max_train_steps: int = option(1500, "optimizer steps in the whole run", ge=1, le=MOST_STEPS)
    resolution: str = option(
        "512", "training resolution in pixels: one side of a square, or width,height"
    )
    train_batch_size: int = option(1, "pictures per batch", ge=1, le=256)
    gradient_accumulation_steps: int = option(1, "batches per optimizer step", ge=1, le=1024)

    learning_rate: float = option(
        1e-4, "learning rate of every part without one of its own", ge=0, le=2
    )
    unet_lr: float | None = option(None, "learning rate of the U-Net", ge=0, le=2)
    text_encoder_lr: float | None = option(None, "learning rate of the text encoder", ge=0, le=2)
    optimizer_type: str = option(
        "AdamW", "AdamW, or one that the installed sd-scripts has (AdamW8bit, Prodigy, ...)"
    )
    lr_scheduler: str = option(
        "cosine", "how the learning rate changes during the run", choices=SCHEDULERS
    )
    lr_warmup_steps: int = option(
        0, "steps over which the learning rate rises from 0", ge=0, le=MOST_STEPS
    )
    lr_scheduler_num_cycles: int = option(1, "restarts of cosine_with_restarts", ge=1, le=1000)
    lr_scheduler_power: float = option(1.0, "exponent of the polynomial schedule", ge=0, le=100)
    max_grad_norm: float = option(
        1.0, "gradients are clipped to this norm; 0: no clipping", ge=0, le=1000
    )

    network_module: str = option("networks.lora", "network type: the name of sd-scripts' module")
    network_dim: int = option(32, "rank (dim) of the LoRA", ge=1, le=4096)
    network_alpha: float = option(
        16.0, "LoRA alpha: the effect is scaled by alpha / dim", ge=1e-6, le=4096
    )
    network_train_unet_only: bool = option(False, "train the U-Net only, not the text encoder")
    network_train_text_encoder_only: bool = option(
        False, "train the text encoder only, not the U-Net"
    )

    min_snr_gamma: float | None = option(
        5.0, "min-SNR loss weighting (arXiv:2303.09556); 5 is common", ge=0.01, le=100
    )
    noise_offset: float | None = option(
        None, "noise offset, for darker darks and brighter brights; 0.0357 is common", ge=0, le=1
    )
    prior_loss_weight: float = option(1.0, "loss weight of the regularization images", ge=0, le=100)
    clip_skip: int | None = option(
        None, "use the text encoder's output this many layers from its end", ge=1, le=12
    )
    max_token_length: str | None = option(
        None,
        "longest caption in CLIP tokens; empty: as long as the captions need",
        choices=TOKEN_LENGTHS,
    )
    shuffle_caption: bool = option(
        False, "shuffle the comma-separated tags of each caption at every step"
    )
    keep_tokens: int = option(
        0, "number of leading tags that stay in place when tags are shuffled", ge=0, le=255
    )
    caption_dropout_rate: float = option(
        0.0, "probability of training a picture without its caption", ge=0, le=1
    )
    flip_aug: bool = option(
        False, "flip pictures horizontally at random; not for people: faces are not symmetric"
    )

    enable_bucket: bool = option(
        True, "keep each picture's aspect ratio, in buckets of similar shapes"
    )
    min_bucket_reso: int = option(256, "shortest side of a bucket, in pixels", ge=32, le=4096)
    max_bucket_reso: int = option(1024, "longest side of a bucket, in pixels", ge=64, le=8192)
    bucket_reso_steps: int = option(
        64, "bucket sides are multiples of this many pixels", ge=8, le=1024
    )
    bucket_no_upscale: bool = option(False, "never upscale a picture")

    cache_latents: bool = option(True, "encode each picture once, before the first step")
    cache_text_encoder_outputs: bool = option(
        False, "encode each caption once (needs network_train_unet_only)"
    )
    gradient_checkpointing: bool = option(False, "uses less GPU memory, about a third slower")
    mixed_precision: str = option("bf16", "precision of the computation", choices=PRECISIONS)
    save_precision: str = option("fp16", "precision of the saved LoRA", choices=SAVE_PRECISIONS)
    sdpa: bool = option(True, "use PyTorch's own memory-efficient attention")
    save_every_n_steps: int | None = option(
        None, "save a checkpoint every N steps; empty: ten in the whole run", ge=1, le=MOST_STEPS
    )
    save_state: bool = option(True, "save with each checkpoint the state that resuming needs")
    seed: int = option(42, "random seed; the same seed repeats a run", ge=0, le=2**32 - 1)
    training_comment: str | None = option(None, "a comment that is stored in the LoRA's metadata")

    extra: Mapping[str, Any] = field(default_factory=dict)

    # ---- reading ----

    @property
    def area(self) -> tuple[int, int]:
        """Training area as (width, height) in pixels.

        Raises ValueError where `resolution` isn't one or two numbers.
        """
        sides = [int(side) for side in str(self.resolution).split(",")]
        if len(sides) not in (1, 2):
            raise ValueError(f"resolution {self.resolution!r}")
        return sides[0], sides[-1]

    @property
    def save_interval(self) -> int:
        """Steps between checkpoints: as asked, or a tenth of the run; up to the next multiple of
        the accumulation, where sd-scripts can go on from exactly.
        """
        wanted, together = (
            self.save_every_n_steps or self.max_train_steps / 10,
            self.gradient_accumulation_steps,
        )
        return max(1, math.ceil(wanted / together)) * together

    @property
    def masked(self) -> bool:
        """Whether the alpha channels of the pictures are masks: sd-scripts' ``alpha_mask``."""
        return bool(self.extra.get("alpha_mask"))

    @property
    def unmasked_weight(self) -> float:
        """What hidden pixels weigh: 0 unless somebody says more."""
        return float(self.extra.get(UNMASKED) or 0)

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON; `from_dict` is the way back."""
        return {f.name: getattr(self, f.name) for f in fields_of_params()} | {
            "extra": dict(self.extra)
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TrainingParams:
        """Params from plain data. Raises `Invalid` with every unknown name and unusable value."""
        if not isinstance(data, Mapping) or not isinstance(data.get("extra", {}), Mapping):
            raise Invalid(
                [Problem("params.options", "params", "{data} are not options", data=short(data))]
            )
        known = {key: value for key, value in data.items() if key != "extra"}
        return cls(extra=dict(data.get("extra", {}))).with_values(known)

    # ---- changing ----

    def with_values(self, values: Mapping[str, Any]) -> TrainingParams:
        """A copy with ``values`` (text is read as the option's type).

        Raises `Invalid`, all problems at once.
        """
        problems: list[Problem] = []
        changes: dict[str, Any] = {}
        for name, value in values.items():
            spec = next((f for f in fields_of_params() if f.name == name), None)
            if spec is None:
                near = did_you_mean(name, [f.name for f in fields_of_params()])
                problems.append(
                    Problem("params.such_option", name, "there is no such option", near)
                )
                continue
            try:
                changes[name] = read(value, option_type(name))
            except ValueError as error:
                problems.append(
                    Problem(
                        "params.said",
                        name,
                        error.args[0],
                        range_of(spec, option_type(spec.name)[0]),
                    )
                )
        changed = dataclasses.replace(self, **changes)
        problems += changed.problems(changes)
        if problems:
            raise Invalid(problems)
        return changed

    # ---- checking ----

    def problems(self, names: Sequence[str] | Mapping[str, Any] | None = None) -> list[Problem]:
        """What is out of its limits (only among ``names``, if given),
        and what doesn't go together.
        """
        found = [
            p
            for f in fields_of_params()
            if names is None or f.name in names
            for p in self._limits(f)
        ]
        if found:
            return found
        return self._resolution_problems() or [
            *self._bucket_problems(),
            *self._combination_problems(),
        ]

    def _limits(self, spec: dataclasses.Field[Any]) -> list[Problem]:
        value = getattr(self, spec.name)
        low, high, choices = spec.metadata["ge"], spec.metadata["le"], spec.metadata["choices"]
        if value is None:
            return []
        if choices and value not in choices:
            return [
                Problem(
                    "params.is_not_one",
                    spec.name,
                    "{value} is not one of {choices}",
                    value=short(value),
                    choices=", ".join(choices),
                )
            ]
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return []
        if (
            not math.isfinite(value)
            or (low is not None and value < low)
            or (high is not None and value > high)
        ):
            return [
                Problem(
                    "params.outside",
                    spec.name,
                    "{value} is outside {plain} to {plain2}",
                    value=short(value),
                    plain=plain(low),
                    plain2=plain(high),
                )
            ]
        return []

    def _resolution_problems(self) -> list[Problem]:
        low, high = RESOLUTION_LIMITS
        try:
            sides = self.area
        except ValueError:
            return [
                Problem(
                    "params.number_pixels",
                    "resolution",
                    "{resolution} is not a number of pixels",
                    "Write 512, or 512,768.",
                    resolution=mistyped(self.resolution),
                )
            ]
        return [
            Problem(
                "params.pixels_outside",
                "resolution",
                "{side} pixels is outside {low} to {high}",
                side=side,
                low=low,
                high=high,
            )
            for side in set(sides)
            if not low <= side <= high
        ]

    def _bucket_problems(self) -> list[Problem]:
        """Without enlarging, a side is rounded down to whole steps, and a bucket of no pixels ends
        either engine.
        """
        most = min(self.area) // 2
        if not (self.enable_bucket and self.bucket_no_upscale) or self.bucket_reso_steps <= most:
            return []
        return [
            Problem(
                "params.too_coarse_resolution_bucket",
                "bucket_reso_steps",
                "{bucket_reso_steps} is too coarse for resolution {resolution} with "
                "bucket_no_upscale",
                "Set {most} or less, or bucket_no_upscale=false.",
                bucket_reso_steps=self.bucket_reso_steps,
                resolution=self.resolution,
                most=most,
            )
        ]

    def _combination_problems(self) -> Iterator[Problem]:
        yield from self._cache_problems()
        if self.network_train_unet_only and self.network_train_text_encoder_only:
            yield Problem(
                "params.excludes_network_train_text",
                "network_train_unet_only",
                "excludes network_train_text_encoder_only",
                "Choose one.",
            )
        if self.enable_bucket and self.min_bucket_reso > self.max_bucket_reso:
            yield Problem(
                "params.above_max_bucket_reso",
                "min_bucket_reso",
                "{min_bucket_reso} is above max_bucket_reso {max_bucket_reso}",
                min_bucket_reso=self.min_bucket_reso,
                max_bucket_reso=self.max_bucket_reso,
            )

    def _cache_problems(self) -> Iterator[Problem]:
        if not self.cache_text_encoder_outputs:
            return
        if not self.network_train_unet_only:
            yield Problem(
                "params.needs_network_train_unet",
                "cache_text_encoder_outputs",
                "needs network_train_unet_only=true",
                "A text encoder that learns can't be cached.",
            )
        if self.shuffle_caption or self.caption_dropout_rate:
            yield Problem(
                "params.excludes_shuffle_caption_caption",
                "cache_text_encoder_outputs",
                "excludes shuffle_caption and caption_dropout_rate",
                "Cached captions can't change from step to step.",
            )

    def fitted_buckets(self) -> TrainingParams:
        """A copy whose bucket limits enclose the resolution (sd-scripts stops at once where they
        don't).
        """
        low, high = min(self.area), max(self.area)
        return dataclasses.replace(
            self,
            min_bucket_reso=min(self.min_bucket_reso, low),
            max_bucket_reso=max(self.max_bucket_reso, high),
        )


@functools.cache
def fields_of_params() -> tuple[dataclasses.Field[Any], ...]:
    """The known options, in order; `extra` is not one."""
    return tuple(f for f in dataclasses.fields(TrainingParams) if f.name != "extra")


@functools.cache
def _types() -> dict[str, Any]:
    return get_type_hints(TrainingParams)


def option_type(name: str) -> tuple[type, bool]:
    """(the option's type, may it be empty)."""
    hint = _types()[name]
    if get_origin(hint) in (Union, types.UnionType):
        inner = [arg for arg in get_args(hint) if arg is not type(None)]
        return inner[0], True
    return hint, False
