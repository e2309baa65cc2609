"""Pictures from toy bases."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from safetensors.torch import load_file  # noqa: E402

from sd_scripts_bridge.engines.embedded.model import lean, lora_names  # noqa: E402
from sd_scripts_bridge.engines.embedded.sampling import loading  # noqa: E402
from sd_scripts_bridge.engines.embedded.sampling.applied import applied  # noqa: E402
from sd_scripts_bridge.engines.embedded.sampling.sampler import (  # noqa: E402
    Prompt,
    first_noise,
    scheduler_of,
)
from sd_scripts_bridge.errors import Invalid  # noqa: E402


def prompt(text: str = "Ada woman, photo", **values: Any) -> Prompt:
    return Prompt(text, **{"width": 64, "height": 64, **values})


@pytest.fixture
def loaded(bases: Callable[[str], Path], tokenizers: Path) -> Callable[[str], Any]:
    def load(family: str = "sd1") -> Any:
        return loading.load(bases(family), family, tokenizers)

    return load


def test_a_toy_model_leaves_the_other_cores_alone(loaded: Callable[..., Any]) -> None:
    torch.set_num_threads(2)
    loaded()
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_one_seed_is_one_picture_whatever_is_drawn_beside_it(
    loaded: Callable[..., Any], family: str
) -> None:
    _, sampler = loaded(family)
    alone = sampler.draw([prompt(seed=3)], steps=4)
    beside = sampler.draw([prompt(seed=4), prompt(height=128), prompt(seed=3)], steps=4)

    assert [picture.size for picture in beside] == [(64, 64), (64, 128), (64, 64)]
    assert distance(alone[0], beside[2]) <= 1
    assert distance(alone[0], beside[0]) > 1


def test_draws_what_diffusers_own_pipeline_draws(loaded: Callable[..., Any]) -> None:
    from diffusers import StableDiffusionPipeline

    base, sampler = loaded()
    one = prompt(negative="blurry", seed=5, scale=6.0)
    states = sampler._encode([one.negative, one.text]).states
    pipeline = StableDiffusionPipeline(
        vae=base.vae,
        text_encoder=None,
        tokenizer=None,
        unet=base.unet,
        scheduler=scheduler_of("epsilon"),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    theirs = pipeline(
        prompt_embeds=states[1:],
        negative_prompt_embeds=states[:1],
        latents=first_noise(one)[None],
        guidance_scale=6.0,
        num_inference_steps=6,
    ).images[0]

    assert distance(sampler.draw([one], steps=6)[0], theirs) <= 1


def test_a_trained_lora_changes_the_picture_and_leaves_no_trace(
    train: Callable[..., Any], loaded: Callable[..., Any]
) -> None:
    run = train(max_train_steps=3, learning_rate=1e-2)
    base, sampler = loaded()
    before = {name: weight.clone() for name, weight in base.unet.state_dict().items()}
    lora = load_file(run.lora)
    plain = sampler.draw([prompt()], steps=4)[0]
    with applied(base, lora):
        changed = sampler.draw([prompt()], steps=4)[0]
    with applied(base, lora, multiplier=0.0):
        without = sampler.draw([prompt()], steps=4)[0]

    assert distance(changed, plain) > 1
    assert distance(without, plain) == 0
    assert all(torch.equal(weight, before[name]) for name, weight in base.unet.state_dict().items())


@pytest.mark.parametrize(("bits", "share"), [(16, 0.5), (32, 1.0)])
def test_what_is_kept_of_the_base_takes_no_more_than_its_numbers_need(
    loaded: Callable[..., Any], bits: int, share: float
) -> None:
    """A base of 16 bits, computed with in 32: SDXL's layers once more would be 9 GB."""
    base, _ = loaded()
    named = {target.name: target.layer for target in lora_names.unet_targets(base.unet, "sd1")}
    if bits == 32:
        for layer in named.values():
            layer.weight.data.add_(torch.rand_like(layer.weight) / 3)
    before = {name: layer.weight.clone() for name, layer in named.items()}
    lora = {
        f"{name}.lora_{half}.weight": torch.ones(size)
        for name, layer in named.items()
        for half, size in (("down", (1, layer.weight[0].numel())), ("up", (len(layer.weight), 1)))
    }
    whole, there = sum(weight.nbytes for weight in before.values()), alive()
    with applied(base, lora):
        assert not torch.equal(named[next(iter(named))].weight, before[next(iter(named))])
        assert alive() - there == pytest.approx(share * whole, rel=0.01)
    assert all(torch.equal(layer.weight, before[name]) for name, layer in named.items())


def alive() -> int:
    """Bytes of all tensors that there are."""
    gc.collect()
    tensors = [one for one in gc.get_objects() if issubclass(type(one), torch.Tensor)]
    storages = {one.untyped_storage().data_ptr(): one.untyped_storage() for one in tensors}
    return sum(storage.nbytes() for storage in storages.values())


def test_the_file_draws_what_the_network_in_training_draws(
    train: Callable[..., Any], loaded: Callable[..., Any]
) -> None:
    """The same picture from the added weights as from the LoRA beside its layers, as it trains."""
    from sd_scripts_bridge.engines.embedded.model import lora_network

    run = train(max_train_steps=3, learning_rate=1e-2)
    lora = load_file(run.lora)
    base, sampler = loaded()
    with applied(base, lora):
        added = sampler.draw([prompt()], steps=4)[0]
    unet = lean.trim(base.unet)
    network = lora_network.build(
        lora_names.text_encoder_targets(base.text_encoders),
        lora_names.unet_targets(base.unet, "sd1"),
        4,
        2,
        torch.Generator().manual_seed(0),
        text_projections=sampler.encoders.projections,
        unet_projections=unet.projections,
    )
    for part in network.parts:
        names = [one.target.name for one in part.loras]
        downs = [lora[f"{name}.lora_down.weight"].flatten(1) for name in names]
        ups = [lora[f"{name}.lora_up.weight"].flatten(1) for name in names]
        down, up = part.in_todays_form(torch.cat(downs, dim=1), torch.cat(ups).t())
        part.down.data.copy_(down)
        part.up.data.copy_(up)
    network.refresh(torch.float32)

    assert distance(sampler.draw([prompt()], steps=4)[0], added) <= 1


def test_a_lora_of_another_model_is_refused_by_its_layers_name(loaded: Callable[..., Any]) -> None:
    base, _ = loaded()
    stranger = {
        "lora_unet_nowhere.lora_down.weight": torch.zeros(4, 32),
        "lora_unet_nowhere.lora_up.weight": torch.zeros(32, 4),
    }
    with pytest.raises(Invalid, match="lora_unet_nowhere"), applied(base, stranger):
        raise AssertionError("drawn")


def distance(one: Any, other: Any) -> int:
    """The largest difference of a pixel, in levels of 255."""
    return int(np.abs(np.asarray(one, dtype=int) - np.asarray(other, dtype=int)).max())
