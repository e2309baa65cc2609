"""sd-scripts' own networks, and a training's forward pass of each, for tensors without memory.

Runs in sd-scripts' environment, with its folder in PYTHONPATH.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

Area = tuple[int, int]
LATENT = 8
HALF = torch.bfloat16
CLIP_TOKENS = 77


@dataclass(frozen=True)
class TheirNetwork:
    """``make``: what learns and what lies beside it, text encoders. ``forward``: one pass, of
    pictures of an area, so many at once.
    """

    lora: str
    make: Callable[[], tuple[nn.Module, list[Any]]]
    forward: Callable[[Any, Sequence[Any], Area, int], Tensor]


def _latents(channels: int, area: Area, batch: int) -> Tensor:
    sizes = (batch, channels, area[1] // LATENT, area[0] // LATENT)
    return torch.empty(sizes, dtype=HALF, requires_grad=True)


def _half(*sizes: int) -> Tensor:
    return torch.empty(sizes, dtype=HALF, requires_grad=True)


def _sd1() -> tuple[nn.Module, list[Any]]:
    return _sd(width=768, layers=12, activation="quick_gelu", v2=False)


def _sd2() -> tuple[nn.Module, list[Any]]:
    return _sd(width=1024, layers=23, activation="gelu", v2=True)


def _sd(*, width: int, layers: int, activation: str, v2: bool) -> tuple[nn.Module, list[Any]]:
    """Its text encoder runs in each step, whether it learns or not."""
    library = importlib.import_module("library.model_util")
    networks = importlib.import_module("library.original_unet")
    unet = networks.UNet2DConditionModel(**library.create_unet_diffusers_config(v2))
    unet.set_use_sdpa(True)
    clip = importlib.import_module("transformers")
    config = clip.CLIPTextConfig(
        vocab_size=49408,
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        hidden_act=activation,
    )
    return unet, [clip.CLIPTextModel(config)]


def _sd_pass(model: Any, texts: Sequence[Any], area: Area, batch: int) -> Tensor:
    """As `train_network.py` calls it, the text encoder in each step."""
    with torch.set_grad_enabled(texts[0].training):
        states = texts[0](torch.zeros(batch, CLIP_TOKENS, dtype=torch.long))[0].to(HALF)
    return model(_latents(4, area, batch), torch.zeros(batch), states).sample  # type: ignore[no-any-return]


def _sdxl() -> tuple[nn.Module, list[Any]]:
    models = importlib.import_module("library.sdxl_original_unet")
    unet = models.SdxlUNet2DConditionModel()
    unet.set_use_sdpa(True)
    return unet, []


def _sdxl_pass(model: Any, _: Sequence[Any], area: Area, batch: int) -> Tensor:
    """As `sdxl_train_network.py` calls it with cached text encoder outputs of 77 tokens."""
    text, sizes = _half(batch, CLIP_TOKENS, 2048), torch.empty(batch, 2816, dtype=HALF)
    return model(_latents(4, area, batch), torch.zeros(batch), text, sizes)  # type: ignore[no-any-return]


def _sd3() -> tuple[nn.Module, list[Any]]:
    """SD 3 medium."""
    models = importlib.import_module("library.sd3_models")
    sizes: tuple[Any, ...] = (2, 24, 192 * 192, 192, 2048, None, [], 4096, 1536, "medium")
    return models.create_sd3_mmdit(models.SD3Params(*sizes)), []


def _sd3_pass(model: Any, _: Sequence[Any], area: Area, batch: int) -> Tensor:
    """As `sd3_train_network.py` calls it: 77 tokens of CLIP, 256 of T5."""
    context, pooled = _half(batch, CLIP_TOKENS + 256, 4096), _half(batch, 2048)
    noisy = _latents(16, area, batch)
    return model(noisy, torch.empty(batch), context=context, y=pooled)  # type: ignore[no-any-return]


def _flux(version: str) -> tuple[nn.Module, list[Any]]:
    models = importlib.import_module("library.flux_models")
    return models.Flux(models.configs[version].params), []


def _flux_pass(model: Any, _: Sequence[Any], area: Area, batch: int) -> Tensor:
    """As `flux_train_network.py` calls it, T5's 512 tokens."""
    places = (area[0] // 16) * (area[1] // 16)
    learn: dict[str, Any] = {"requires_grad": True}
    return model(  # type: ignore[no-any-return]
        img=_half(batch, places, 64),
        img_ids=torch.empty(batch, places, 3, **learn),
        txt=_half(batch, 512, 4096),
        txt_ids=torch.empty(batch, 512, 3),
        y=_half(batch, 768),
        timesteps=torch.empty(batch),
        guidance=torch.empty(batch, **learn),
    )


def _chroma() -> tuple[nn.Module, list[Any]]:
    models = importlib.import_module("library.chroma_models")
    return models.Chroma(models.chroma_params), []


def _chroma_pass(model: Any, _: Sequence[Any], area: Area, batch: int) -> Tensor:
    """As `flux_train_network.py` calls it; what modulates is computed before, without gradients."""
    places = (area[0] // 16) * (area[1] // 16)
    return model(  # type: ignore[no-any-return]
        img=_half(batch, places, 64),
        img_ids=torch.empty(batch, places, 3, requires_grad=True),
        txt=_half(batch, 512, 4096),
        txt_ids=torch.empty(batch, 512, 3),
        y=None,
        timesteps=torch.empty(batch),
        txt_attention_mask=_whole(batch, 512),
        mod_vectors=_half(batch, model.mod_index_length, 3072),
    )


def _lumina2() -> tuple[nn.Module, list[Any]]:
    """Its LoRA asks for a text encoder, here one of no layers."""
    models = importlib.import_module("library.lumina_models")
    return models.NextDiT_2B_GQA_patch2_Adaln_Refiner(), [nn.Module()]


def _lumina2_pass(model: Any, _: Sequence[Any], area: Area, batch: int) -> Tensor:
    """As `lumina_train_network.py` calls it: Gemma's 256 tokens."""
    noisy, states = _latents(16, area, batch), _half(batch, 256, 2304)
    return model(noisy, torch.empty(batch), states, _whole(batch, 256))  # type: ignore[no-any-return]


ANIMA = {
    "max_img_h": 512,
    "max_img_w": 512,
    "max_frames": 128,
    "in_channels": 16,
    "out_channels": 16,
    "patch_spatial": 2,
    "patch_temporal": 1,
    "num_blocks": 28,
    "num_heads": 16,
    "model_channels": 2048,
    "crossattn_emb_channels": 1024,
    "concat_padding_mask": True,
    "pos_emb_cls": "rope3d",
    "pos_emb_learnable": True,
    "use_adaln_lora": True,
    "adaln_lora_dim": 256,
    "use_llm_adapter": True,
}
"""The only size that there is (sd-scripts, library/anima_utils.py)."""


def _anima() -> tuple[nn.Module, list[Any]]:
    return importlib.import_module("library.anima_models").Anima(**ANIMA), []


def _anima_pass(model: Any, _: Sequence[Any], area: Area, batch: int) -> Tensor:
    """As `anima_train_network.py` calls it: 512 tokens of Qwen3 and of T5."""
    noisy = _latents(16, area, batch).unsqueeze(2)
    return model(  # type: ignore[no-any-return]
        noisy,
        torch.empty(batch),
        _half(batch, 512, 1024),
        padding_mask=torch.zeros(batch, 1, *noisy.shape[-2:], dtype=HALF),
        target_input_ids=torch.zeros(batch, 512, dtype=torch.long),
        target_attention_mask=_whole(batch, 512),
        source_attention_mask=_whole(batch, 512),
    )


def _hunyuan_image() -> tuple[nn.Module, list[Any]]:
    models = importlib.import_module("library.hunyuan_image_models")
    return models.HYImageDiffusionTransformer(split_attn=True), []


def _hunyuan_image_pass(model: Any, _: Sequence[Any], area: Area, batch: int) -> Tensor:
    """As `hunyuan_image_train_network.py` calls it: 256 tokens, and no letters to write."""
    sizes = (batch, 64, area[1] // 32, area[0] // 32)
    noisy = torch.empty(sizes, dtype=HALF, requires_grad=True)
    letters = (_half(batch, 128, 1472), _whole(batch, 128) * 0)
    return model(noisy, torch.empty(batch), _half(batch, 256, 3584), _whole(batch, 256), *letters)  # type: ignore[no-any-return]


def _whole(batch: int, tokens: int) -> Tensor:
    """A mask of captions that fill all tokens: real, for the networks read their length."""
    return torch.ones(batch, tokens, dtype=torch.long, device="cpu")


NETWORKS: Mapping[str, TheirNetwork] = {
    "sd1": TheirNetwork("networks.lora", _sd1, _sd_pass),
    "sd2": TheirNetwork("networks.lora", _sd2, _sd_pass),
    "sdxl": TheirNetwork("networks.lora", _sdxl, _sdxl_pass),
    "sd3": TheirNetwork("networks.lora_sd3", _sd3, _sd3_pass),
    "flux1": TheirNetwork("networks.lora_flux", partial(_flux, "dev"), _flux_pass),
    "flux1-schnell": TheirNetwork("networks.lora_flux", partial(_flux, "schnell"), _flux_pass),
    "chroma": TheirNetwork("networks.lora_flux", _chroma, _chroma_pass),
    "lumina2": TheirNetwork("networks.lora_lumina", _lumina2, _lumina2_pass),
    "anima": TheirNetwork("networks.lora_anima", _anima, _anima_pass),
    "hunyuan-image": TheirNetwork(
        "networks.lora_hunyuan_image", _hunyuan_image, _hunyuan_image_pass
    ),
}
"""By family. All text encoders but SD 1.5's and SD 2's have run before, and their outputs are
kept.
"""
