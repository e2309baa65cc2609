"""Names, shapes and order of full-size models' modules, recorded from sd-scripts 48d368f's
LoRANetwork (rank 4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
diffusers = pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from sd_scripts_bridge.engines.embedded.model import base_config, clip, lora_names, tiny  # noqa: E402

VAE = (128, 256, 512, 512)
FULL = {
    "sd1": tiny.Shape((320, 640, 1280, 1280), (1, 1, 1, 0), 1, False, (768,), 12, VAE),
    "sd2": tiny.Shape((320, 640, 1280, 1280), (1, 1, 1, 0), 1, True, (1024,), 24, VAE),
    "sdxl": tiny.Shape((320, 640, 1280), (0, 2, 10), 10, True, (768, 1280), 32, VAE),
}
RECORDED = {
    "sd1": (72, 192, "3f9a0b02f890f5386794e873bd5702d59bc3dffd8490fb812b97f09c70c98108"),
    "sd2": (138, 192, "7342fd808b1dfa6e10cfe156a61b7e5eeed1eac73953fc2239b917a3d6902804"),
    "sdxl": (264, 722, "d30a3f89e178b0cb142c7bce97c182bb347a1de4785c98d9abbfd21e10d7cf3d"),
}


@dataclass(frozen=True)
class Shaped:
    shape: tuple[int, ...]


def header(family: str) -> Mapping[str, Shaped]:
    shape = FULL[family]
    parts = (tiny._unet(shape, family), tiny._vae(shape), tiny._text(shape, family))
    return {name: Shaped(size) for part in parts for name, size in part}


def text_encoders(family: str) -> list[torch.nn.Module]:
    with torch.device("meta"):
        tensors = {name: torch.empty(one.shape) for name, one in header(family).items()}
    return clip.load(tensors, family, torch.float32)


@pytest.mark.parametrize("family", FULL)
def test_modules_equal_sd_scripts(family: str) -> None:
    with torch.device("meta"):
        unet = diffusers.UNet2DConditionModel.from_config(
            base_config.unet_config(header(family), family)
        )
    text, image = (
        lora_names.text_encoder_targets(text_encoders(family)),
        lora_names.unet_targets(unet, family),
    )
    lines = [
        f"{t.name} {[4, t.width_in, *t.kernel]} {[t.width_out, 4, *t.kernel]}"
        for t in [*text, *image]
    ]

    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()

    assert (len(text), len(image)) == RECORDED[family][:2]
    assert digest == RECORDED[family][2], "\n".join(lines[:5] + lines[-5:])


def test_a_few_names_in_full() -> None:
    with torch.device("meta"):
        unet = diffusers.UNet2DConditionModel.from_config(
            base_config.unet_config(header("sdxl"), "sdxl")
        )
    names = [target.name for target in lora_names.unet_targets(unet, "sdxl")]

    assert names[0] == "lora_unet_input_blocks_4_1_proj_in"
    assert names[1] == "lora_unet_input_blocks_4_1_transformer_blocks_0_attn1_to_q"
    assert names[-1] == "lora_unet_output_blocks_5_1_proj_out"
    assert "lora_unet_middle_block_1_transformer_blocks_9_ff_net_0_proj" in names


def test_configurations_of_full_size_models() -> None:
    sdxl = base_config.unet_config(header("sdxl"), "sdxl")

    assert sdxl["attention_head_dim"] == [5, 10, 20]
    assert sdxl["transformer_layers_per_block"] == [1, 2, 10]
    assert sdxl["cross_attention_dim"] == 2048
    assert sdxl["down_block_types"] == [
        "DownBlock2D",
        "CrossAttnDownBlock2D",
        "CrossAttnDownBlock2D",
    ]
    assert base_config.unet_config(header("sd1"), "sd1")["attention_head_dim"] == 8
    assert base_config.vae_config(header("sd2"), "sd2")["block_out_channels"] == [
        128,
        256,
        512,
        512,
    ]
