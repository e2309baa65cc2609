"""The LoRA's first weights, and what it does to a layer."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from sd_scripts_bridge.engines.embedded.model import base_model, lean, lora_names, lora_network
from sd_scripts_bridge.engines.embedded.model.text import TextEncoders
from sd_scripts_bridge.errors import Invalid


def sd_scripts_draws(
    kernel: tuple[int, ...], rank: int, width_in: int, width_out: int
) -> torch.Tensor:
    """sd-scripts' rule in PyTorch's own words: two constructors, then kaiming on the first."""
    if kernel:
        down: Any = torch.nn.Conv2d(width_in, rank, 1, bias=False)
        torch.nn.Conv2d(rank, width_out, 1, bias=False)
    else:
        down = torch.nn.Linear(width_in, rank, bias=False)
        torch.nn.Linear(rank, width_out, bias=False)
    torch.nn.init.kaiming_uniform_(down.weight, a=math.sqrt(5))
    return down.weight.detach()


def network(
    base: base_model.BaseModel, family: str = "sd1", rank: int = 4, seed: int = 11
) -> lora_network.LoraNetwork:
    text = TextEncoders(base.text_encoders, family, None, 49407)
    unet = lean.trim(base.unet)
    return lora_network.build(
        lora_names.text_encoder_targets(base.text_encoders),
        lora_names.unet_targets(base.unet, family),
        rank,
        2.0,
        torch.Generator().manual_seed(seed),
        text_projections=text.projections,
        unet_projections=unet.projections,
    )


@pytest.mark.parametrize("rank", [1, 4, 7])
def test_first_weights_equal_sd_scripts(bases: Callable[[str], Path], rank: int) -> None:
    base = base_model.load(bases("sd1"), "sd1", torch.float32)
    ours = network(base, rank=rank)
    tensors = ours.tensors(torch.float32)

    torch.manual_seed(11)
    for part in ours.parts:
        for lora in part.loras:
            target = lora.target
            expected = sd_scripts_draws(target.kernel, rank, target.width_in, target.width_out)
            assert torch.equal(tensors[f"{target.name}.lora_down.weight"], expected), target.name
            assert not tensors[f"{target.name}.lora_up.weight"].any()
            assert tensors[f"{target.name}.alpha"] == 2.0


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_acts_like_merged_weights_forwards_and_backwards(
    bases: Callable[[str], Path], family: str
) -> None:
    """In fp64: W x + up down x * alpha / rank, its gradients, and the lean U-Net against diffusers'
    own.
    """
    lean_base = base_model.load(bases(family), family, torch.float64)
    plain = base_model.load(bases(family), family, torch.float64).unet
    ours = network(lean_base, family).double()
    part = ours.unet
    assert part is not None
    torch.nn.init.normal_(part.up, 0.0, 0.2, generator=torch.Generator().manual_seed(1))
    ours.refresh(torch.float64)
    loras = {
        name: (down.requires_grad_(), up.requires_grad_()) for name, down, up in _matrices(part)
    }
    by_name = {target.name: target.layer for target in lora_names.unet_targets(plain, family)}
    for name, (down, up) in loras.items():
        _merge(by_name[name], up @ down * 0.5)

    arguments, target = _question(lean_base, family), torch.randn(2, 4, 16, 8, dtype=torch.float64)
    answers = [
        unet(*arguments[0], **arguments[1], return_dict=False)[0]
        for unet in (lean_base.unet, plain)
    ]
    for answer in answers:
        (answer - target).square().mean().backward()

    torch.testing.assert_close(answers[0], answers[1], rtol=1e-9, atol=1e-9)
    expected = part.in_todays_form(
        torch.cat([grad_of(down) for down, _ in loras.values()], dim=1),
        torch.cat([grad_of(up).t() for _, up in loras.values()], dim=1),
    )
    torch.testing.assert_close(part.down.grad, expected[0], rtol=1e-6, atol=1e-9)
    torch.testing.assert_close(part.up.grad, expected[1], rtol=1e-6, atol=1e-9)


def grad_of(weight: torch.Tensor) -> torch.Tensor:
    assert weight.grad is not None
    return weight.grad


def _matrices(part: lora_network.Part) -> list[tuple[str, torch.Tensor, torch.Tensor]]:
    tensors = part.tensors()
    names = [lora.target.name for lora in part.loras]
    return [
        (
            name,
            tensors[f"{name}.lora_down.weight"].flatten(1).clone(),
            tensors[f"{name}.lora_up.weight"].flatten(1).clone(),
        )
        for name in names
    ]


def _merge(layer: Any, delta: torch.Tensor) -> None:
    weight = layer.weight.detach() + delta.view(layer.weight.shape)
    del layer.weight
    layer.weight = weight


def _question(
    base: base_model.BaseModel, family: str
) -> tuple[tuple[torch.Tensor, ...], dict[str, object]]:
    dice = torch.Generator().manual_seed(5)
    latents = torch.randn(2, 4, 16, 8, generator=dice, dtype=torch.float64)
    text = torch.randn(
        2, 77, base.unet.config.cross_attention_dim, generator=dice, dtype=torch.float64
    )
    added = None
    if family == "sdxl":
        added = {
            "text_embeds": torch.randn(2, 32, generator=dice, dtype=torch.float64),
            "time_ids": torch.tensor([[64.0, 64, 0, 0, 64, 64]] * 2),
        }
    return (latents, torch.tensor([30, 800]), text), {"added_cond_kwargs": added}


def test_multiplier_nought_leaves_the_model_as_it_was(bases: Callable[[str], Path]) -> None:
    base = base_model.load(bases("sd1"), "sd1", torch.float32)
    arguments = (
        (torch.randn(1, 4, 8, 8), torch.tensor([500]), torch.randn(1, 77, 32)),
        {"return_dict": False},
    )
    before = base.unet(*arguments[0], **arguments[1])[0]
    ours = network(base)
    assert ours.unet is not None
    torch.nn.init.normal_(ours.unet.up)
    ours.refresh(torch.float32, 0.0)

    torch.testing.assert_close(
        base.unet(*arguments[0], **arguments[1])[0], before, rtol=1e-4, atol=1e-5
    )


def test_weights_of_another_rank_are_refused(bases: Callable[[str], Path]) -> None:
    base = base_model.load(bases("sd1"), "sd1", torch.float32)

    with pytest.raises(Invalid, match="another dim"):
        network(base, rank=4).restore(network(base, rank=8).state_dict())
