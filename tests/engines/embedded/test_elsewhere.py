"""The result in somebody else's hands: diffusers' and peft's own LoRA loading must see the very
same effect.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
diffusers = pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")
pytest.importorskip("peft", reason="diffusers loads LoRAs with peft")

from sd_scripts_bridge.engines.embedded.model import base_model, clip, lora_names, text  # noqa: E402


def pipeline(base: base_model.BaseModel, root: Path, family: str) -> Any:
    scheduler = diffusers.DDIMScheduler(clip_sample=False, steps_offset=1)
    one, *other = text.Tokenizer(root, family).tokenizers
    parts: dict[str, Any] = {
        "unet": base.unet,
        "vae": base.vae,
        "scheduler": scheduler,
        "tokenizer": one,
        "text_encoder": base.text_encoders[0],
    }
    if family == "sdxl":
        parts |= {"tokenizer_2": other[0], "text_encoder_2": base.text_encoders[1]}
        return diffusers.StableDiffusionXLPipeline(**parts)
    return diffusers.StableDiffusionPipeline(
        **parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False
    )


def merge(base: base_model.BaseModel, lora: dict[str, torch.Tensor], family: str) -> int:
    """Add the deltas to the weights by hand; how many layers got one."""
    targets = [
        *lora_names.text_encoder_targets(base.text_encoders),
        *lora_names.unet_targets(base.unet, family),
    ]
    for target in targets:
        down, up = (lora[f"{target.name}.lora_{side}.weight"].flatten(1) for side in ("down", "up"))
        delta = up @ down * (lora[f"{target.name}.alpha"] / down.shape[0])
        target.layer.weight.data += delta.view(target.layer.weight.shape)
    return len(targets)


def answers(base: base_model.BaseModel, family: str) -> tuple[torch.Tensor, ...]:
    dice = torch.Generator().manual_seed(5)
    tokens = torch.randint(0, 49000, (1, len(base.text_encoders), 1, 77), generator=dice)
    tokens[..., -1] = 49407
    added = None
    with torch.no_grad():
        states, pooled = plain_states(base.text_encoders, tokens[0], family)
        if family == "sdxl":
            added = {
                "text_embeds": pooled,
                "time_ids": torch.tensor([[64.0, 64, 0, 0, 64, 64]]),
            }
        latents = torch.randn(1, 4, 16, 16, generator=dice)
        image = base.unet(latents, torch.tensor([400]), states, added_cond_kwargs=added).sample
    return image, states


def plain_states(encoders: Any, tokens: torch.Tensor, family: str) -> tuple[torch.Tensor, Any]:
    """The encoders' states by transformers' own forward, which peft's layers are part of."""
    outs = [one(row, output_hidden_states=True) for one, row in zip(encoders, tokens, strict=True)]
    if family == "sd1":
        return outs[0].last_hidden_state, None
    if family == "sd2":
        last = outs[0].hidden_states[-2]
        return clip.text_model(encoders[0]).final_layer_norm(last), None
    return torch.cat([out.hidden_states[-2] for out in outs], -1), outs[1].text_embeds


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_diffusers_loads_every_key_with_the_same_effect(
    train: Callable[..., Any], bases: Callable[[str], Path], tokenizers: Path, family: str
) -> None:
    from peft.tuners.lora import LoraLayer
    from safetensors.torch import load_file

    run = train(family, max_train_steps=6, network_dim=4, network_alpha=2.5, learning_rate=1e-2)
    theirs, ours = (base_model.load(bases(family), family, torch.float32) for _ in range(2))
    untouched = answers(theirs, family)

    pipe = pipeline(theirs, tokenizers, family)
    pipe.load_lora_weights(str(run.lora.parent), weight_name=run.lora.name)
    layers = merge(ours, load_file(run.lora), family)

    networks = (theirs.unet, *theirs.text_encoders)
    assert (
        sum(isinstance(module, LoraLayer) for network in networks for module in network.modules())
        == layers
    )
    for before, loaded, merged in zip(
        untouched, answers(theirs, family), answers(ours, family), strict=True
    ):
        assert (loaded - before).abs().max() > 1e-2, "the LoRA has no effect"
        torch.testing.assert_close(loaded, merged, rtol=1e-3, atol=1e-3)
