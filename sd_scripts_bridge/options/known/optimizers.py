"""The optimizers that sd-scripts accepts, and the arguments (optimizer_args) that each takes.

Names: `get_optimizer` in library/train_util.py of sd-scripts 0.10.1; any other plain name is looked
for in torch.optim. Arguments: the classes of torch 2.13, bitsandbytes 0.50, dadaptation 3.2,
prodigyopt 1.1, schedulefree 1.4, lion-pytorch 0.2 and transformers 4.54.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping

_ADAM = "betas eps weight_decay amsgrad"
_TORCH = "foreach maximize capturable differentiable fused"
_BITS = f"{_ADAM} optim_bits args min_8bit_size percentile_clipping block_wise is_paged"
_LION = "betas weight_decay args min_8bit_size percentile_clipping block_wise is_paged"
_MIX = "betas alpha t_alpha t_beta3 eps weight_decay optim_bits min_8bit_size is_paged"
_DADAPT = "log_every d0 growth_rate weight_decay"
_FREE = "weight_decay r weight_lr_power foreach warmup_steps"

_OWN: Mapping[str, str] = {
    "AdamW": f"{_ADAM} {_TORCH}",
    "AdamW8bit": _BITS,
    "PagedAdamW": _BITS,
    "PagedAdamW8bit": _BITS,
    "PagedAdamW32bit": _BITS,
    "Lion": "betas weight_decay use_triton decoupled_weight_decay cautious_factor cautious_wd",
    "Lion8bit": _LION,
    "PagedLion8bit": _LION,
    "SGDNesterov": f"momentum dampening weight_decay {_TORCH}",
    "SGDNesterov8bit": "momentum dampening weight_decay optim_bits args min_8bit_size"
    " percentile_clipping block_wise",
    "DAdaptation": f"{_DADAPT} betas eps decouple fsdp_in_use",
    "DAdaptAdamPreprint": f"{_DADAPT} betas eps decouple fsdp_in_use",
    "DAdaptAdaGrad": f"{_DADAPT} momentum eps",
    "DAdaptAdam": f"{_DADAPT} betas eps decouple use_bias_correction fsdp_in_use",
    "DAdaptAdan": f"{_DADAPT} betas eps no_prox",
    "DAdaptAdanIP": f"{_DADAPT} betas eps no_prox",
    "DAdaptLion": "betas weight_decay log_every d0 fsdp_in_use",
    "DAdaptSGD": f"{_DADAPT} momentum fsdp_in_use",
    "Prodigy": "betas beta3 eps weight_decay decouple use_bias_correction safeguard_warmup d0 "
    "d_coef"
    " growth_rate fsdp_in_use slice_p",
    "Adafactor": "eps clip_threshold decay_rate beta1 weight_decay scale_parameter relative_step"
    " warmup_init",
    "AdamWScheduleFree": f"{_FREE} betas eps",
    "RAdamScheduleFree": f"{_FREE} betas eps silent_sgd_phase",
    "SGDScheduleFree": f"{_FREE} momentum",
}
"""Names that sd-scripts compares in small letters."""

_OTHERS: Mapping[str, str] = {
    "ASGD": f"lambd alpha t0 weight_decay {_TORCH}",
    "Adadelta": f"rho eps weight_decay {_TORCH}",
    "Adagrad": f"lr_decay weight_decay initial_accumulator_value eps {_TORCH}",
    "Adam": f"{_ADAM} decoupled_weight_decay {_TORCH}",
    "Adamax": f"betas eps weight_decay {_TORCH}",
    "NAdam": f"betas eps weight_decay momentum_decay decoupled_weight_decay {_TORCH}",
    "RAdam": f"betas eps weight_decay decoupled_weight_decay {_TORCH}",
    "RMSprop": f"alpha eps weight_decay momentum centered {_TORCH}",
    "Rprop": f"etas step_sizes {_TORCH}",
    "SGD": f"momentum dampening weight_decay nesterov {_TORCH}",
    "bitsandbytes.optim.AdEMAMix8bit": _MIX,
    "bitsandbytes.optim.PagedAdEMAMix8bit": _MIX,
}
"""Attributes of torch.optim, or of the package in front of the name."""

_ARGUMENTS = {**_OWN, **_OTHERS}
_BY_SMALL = {name.lower(): name for name in _OWN}


def names() -> tuple[str, ...]:
    """Every optimizer that is known by its name, as its authors write it."""
    return tuple(_ARGUMENTS)


def written(name: str) -> str | None:
    """``name`` as its authors write it, or None where sd-scripts would find no such optimizer.

    A name with a package in front ("pytorch_optimizer.CAME") is taken as it is: whether the package
    has it is known only where it is installed.
    """
    if "." in name:
        package, _, last = name.rpartition(".")
        if package == "torch.optim":
            return name if last in _ARGUMENTS else None
        return name
    return _BY_SMALL.get(name.lower()) or (name if name in _ARGUMENTS else None)


def nearest(name: str) -> str | None:
    """The known optimizer that is most likely meant."""
    small = {known.lower(): known for known in _ARGUMENTS}
    found = difflib.get_close_matches(name.lower(), small, n=1)
    return small[found[0]] if found else None


def arguments(name: str) -> frozenset[str] | None:
    """The names that optimizer_args may hold for ``name``; None where they aren't known."""
    known = written(name)
    last = (known or "").removeprefix("torch.optim.")
    return frozenset(_ARGUMENTS[last].split()) if last in _ARGUMENTS else None
