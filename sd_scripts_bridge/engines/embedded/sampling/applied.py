"""A LoRA's weights added to a base model's for a while."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor

from ....errors import Invalid, Problem
from ..model import lora_names
from ..model.base_model import BaseModel
from ..model.lora_names import Target

DOWN, UP, ALPHA = ".lora_down.weight", ".lora_up.weight", ".alpha"
KNOWN = (DOWN, UP, ALPHA)


@contextmanager
def applied(base: BaseModel, lora: Mapping[str, Tensor], multiplier: float = 1.0) -> Iterator[None]:
    """Within it ``base`` draws with ``lora`` (a file's tensors); afterwards it is as before, bit
    for bit.

    Raises `Invalid` where the LoRA holds layers that this base doesn't have.
    """
    if foreign := [key for key in lora if not key.endswith(KNOWN)]:
        raise Invalid([_foreign(foreign[0])])
    targets = _targets(base)
    names = [key.removesuffix(DOWN) for key in lora if key.endswith(DOWN)]
    if unknown := [name for name in names if name not in targets]:
        raise Invalid([_strange(unknown, lora)])
    kept = {name: _copy(targets[name].layer.weight.detach()) for name in names}
    try:
        for name in names:
            _add(targets[name], lora, name, multiplier)
        yield
    finally:
        for name, weight in kept.items():
            targets[name].layer.weight.data.copy_(weight)


def _copy(weight: Tensor) -> Tensor:
    """In as few bits as hold its numbers exactly: the processor computes in 32 bits, with a base
    that most often has 16. All of SDXL's layers once more would be 9 GB, so they are 4.
    """
    for dtype in (torch.float16, torch.bfloat16) if weight.dtype == torch.float32 else ():
        small = weight.to(dtype)
        if torch.equal(small.to(weight.dtype), weight):
            return small
    return weight.clone()


def _targets(base: BaseModel) -> dict[str, Target]:
    found = [
        *lora_names.text_encoder_targets(base.text_encoders),
        *lora_names.unet_targets(base.unet, base.family),
        *lora_names.convolution_targets(base.unet, base.family),
    ]
    return {target.name: target for target in found}


@torch.no_grad()
def _add(target: Target, lora: Mapping[str, Tensor], name: str, multiplier: float) -> None:
    """weight += multiplier x alpha / rank x up x down; without an alpha in the file, alpha is the
    rank.
    """
    weight = target.layer.weight
    down, up = lora[name + DOWN].float().flatten(1), lora[name + UP].float().flatten(1)
    rank = down.shape[0]
    alpha = float(lora[name + ALPHA]) if name + ALPHA in lora else float(rank)
    if up.shape[0] * down.shape[1] != weight.numel() or up.shape[0] != target.width_out:
        raise Invalid([_strange([name], lora)])
    change = (multiplier * alpha / rank) * (up.to(weight.device) @ down.to(weight.device))
    weight.data.copy_(weight.float() + change.view(weight.shape))


def _foreign(key: str) -> Problem:
    """LyCORIS' other kinds (LoHa, LoKr, DoRA ...) and other programs' names for the layers."""
    return Problem(
        "sampling.foreign_lora",
        "lora",
        "is not a LoRA or LoCon in kohya's format: it holds {key}",
        "LyCORIS' other kinds can't be applied here.",
        key=key,
    )


def _strange(names: list[str], lora: Mapping[str, Tensor]) -> Problem:
    return Problem(
        "sampling.strange_lora",
        "lora",
        "doesn't fit this base model: {layer} ({shape}; {count} such layers)",
        "Choose the base model that it was trained on, or one of its family.",
        layer=names[0],
        shape="x".join(map(str, lora[names[0] + DOWN].shape)),
        count=len(names),
    )
