"""Optimizers and arguments that sd-scripts would stop at, or pass over, are refused beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from sd_scripts_bridge.engines.sd_scripts.installed import networks, optimizers
from sd_scripts_bridge.options.params import TrainingParams


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"optimizer_type": "AdamW9bit"}, "Did you mean AdamW8bit?"),
        ({"optimizer_type": "Foo"}, "no optimizer 'Foo'"),
        ({"optimizer_args": ["weight_dekay=0.1"]}, "Did you mean weight_decay?"),
        ({"optimizer_args": ["betas"]}, "not of the form name=value"),
        ({"optimizer_type": "Prodigy", "optimizer_args": ["decouple=true"]}, "decouple=True"),
        ({"lr_scheduler_args": ["T_max"]}, "not of the form name=value"),
        ({"lr_scheduler_args": ["T_max=100"]}, "'T_max=100' has a name that is not known there"),
        (
            {"lr_scheduler": "cosine_with_min_lr", "lr_scheduler_args": ["min_lr_rate=0.1"]},
            "not known there",  # sd-scripts gives it itself
        ),
    ],
)
def test_optimizers_and_their_arguments(options: dict[str, Any], says: str) -> None:
    named = ("optimizer_type", "lr_scheduler")
    known = {key: value for key, value in options.items() if key in named}
    extra = {key: value for key, value in options.items() if key not in known}
    (problem,) = optimizers.problems(TrainingParams(**known, extra=extra), None)
    assert says in str(problem)


@pytest.mark.parametrize(
    "args",
    [
        ("AdamW", ["weight_decay=0.1", "betas=(0.9,0.99)"]),
        ("prodigy", ["decouple=True", "d_coef=2", "betas=[0.9,0.999]"]),
        ("pytorch_optimizer.CAME", ["anything=1"]),
        ("RAdam", []),
    ],
)
def test_what_sd_scripts_takes_passes(args: tuple[str, list[str]]) -> None:
    params = TrainingParams(optimizer_type=args[0], extra={"optimizer_args": args[1]})
    assert optimizers.problems(params, None) == []


@pytest.mark.parametrize(
    "extra",
    [
        {"lr_scheduler_args": ["num_cycles=2"]},
        {"lr_scheduler_type": "CosineAnnealingLR", "lr_scheduler_args": ["T_max=100"]},
    ],
)
def test_what_a_schedule_takes_passes(extra: dict[str, Any]) -> None:
    assert optimizers.problems(TrainingParams(extra=extra), None) == []


@pytest.mark.parametrize(
    ("module", "word", "says"),
    [
        ("networks.lora", "convdim=4", "Did you mean conv_dim?"),
        ("networks.lora", "conv_dim=four", "not a whole number"),
        ("networks.lora", "algo=loha", "not an argument of networks.lora"),
        ("lycoris.kohya", "algo=lora2", "is not one of"),
        ("lycoris.kohya", "dropout=x", "not a number"),
    ],
)
def test_arguments_of_networks(module: str, word: str, says: str) -> None:
    params = TrainingParams(network_module=module, extra={"network_args": [word]})
    (problem,) = networks.problems(params, None)
    assert says in str(problem)
