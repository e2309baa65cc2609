"""The CLIP text encoders of a checkpoint, in either layout: transformers' (SD1, SDXL's first) or
open_clip's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ....errors import Invalid, Problem

if TYPE_CHECKING:
    from transformers import CLIPTextConfig

HEAD_SIZE = 64
CLIP_PREFIXES = {
    "sd1": "cond_stage_model.transformer.",
    "sdxl": "conditioner.embedders.0.transformer.",
}
OPEN_CLIP_PREFIXES = {"sd2": "cond_stage_model.model.", "sdxl": "conditioner.embedders.1.model."}
OPEN_CLIP_NAMES = (
    (r"^token_embedding\.", "embeddings.token_embedding."),
    (r"^positional_embedding$", "embeddings.position_embedding.weight"),
    (r"^ln_final\.", "final_layer_norm."),
    (r"^transformer\.resblocks\.(\d+)\.", r"encoder.layers.\1."),
    (r"\.ln_1\.", ".layer_norm1."),
    (r"\.ln_2\.", ".layer_norm2."),
    (r"\.attn\.", ".self_attn."),
    (r"\.c_fc\.", ".fc1."),
    (r"\.c_proj\.", ".fc2."),
)


def load(tensors: Mapping[str, Tensor], family: str, dtype: torch.dtype) -> list[nn.Module]:
    """The family's text encoders, in order. Raises `Invalid` where the checkpoint has none."""
    encoders = []
    if family in CLIP_PREFIXES:
        encoders.append(_build(_from_clip(tensors, CLIP_PREFIXES[family]), "quick_gelu", dtype))
    if family in OPEN_CLIP_PREFIXES:
        weights = _from_open_clip(tensors, OPEN_CLIP_PREFIXES[family])
        if family == "sd2":
            weights.pop("text_projection.weight", None)
            weights = _without_last_layer(weights)
        encoders.append(_build(weights, "gelu", dtype))
    return encoders


def text_model(encoder: nn.Module) -> Any:
    """The part with embeddings and layers; transformers 5.6 and later have no wrapper around it."""
    return getattr(encoder, "text_model", encoder)


def _from_clip(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    found = {
        key[len(prefix) :].removeprefix("text_model."): value
        for key, value in tensors.items()
        if key.startswith(prefix) and not key.endswith("position_ids")
    }
    return _complete(found, prefix)


def _from_open_clip(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    found: dict[str, Tensor] = {}
    for key, value in tensors.items():
        if not key.startswith(prefix):
            continue
        name = key[len(prefix) :]
        for pattern, new in OPEN_CLIP_NAMES:
            name = re.sub(pattern, new, name)
        if name == "text_projection":
            found["text_projection.weight"] = value.T.contiguous()
        elif ".in_proj_" in name:
            layer, kind = name.split(".in_proj_")
            for part, piece in zip("qkv", value.chunk(3), strict=True):
                found[f"{layer}.{part}_proj.{kind}"] = piece.contiguous()
        elif name.startswith(("embeddings.", "encoder.", "final_layer_norm.")):
            found[name] = value
    return _complete(found, prefix)


def _complete(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    if "embeddings.token_embedding.weight" not in weights:
        raise Invalid(
            [
                Problem(
                    "clip.text_encoder_tensor_named",
                    "base",
                    "has no text encoder (no tensor named {prefix}...)",
                    "Choose a complete checkpoint, not a U-Net alone.",
                    prefix=prefix,
                )
            ]
        )
    return weights


def _layers(weights: Mapping[str, Tensor]) -> int:
    return 1 + max(int(key.split(".")[2]) for key in weights if key.startswith("encoder.layers."))


def _without_last_layer(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """SD2 reads the layer before the last; without the last one that is the output."""
    last = f"encoder.layers.{_layers(weights) - 1}."
    return {key: value for key, value in weights.items() if not key.startswith(last)}


def _build(weights: dict[str, Tensor], activation: str, dtype: torch.dtype) -> nn.Module:
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    config = _config(weights, activation)
    kind = CLIPTextModelWithProjection if "text_projection.weight" in weights else CLIPTextModel
    with torch.device("meta"):
        encoder: nn.Module = kind(config)
    _load(encoder, weights, dtype)
    positions = torch.arange(config.max_position_embeddings).unsqueeze(0)
    text_model(encoder).embeddings.register_buffer("position_ids", positions, persistent=False)
    encoder.requires_grad_(False)
    return encoder.eval()


def _config(weights: Mapping[str, Tensor], activation: str) -> CLIPTextConfig:
    """The encoder's sizes, read off its weights."""
    from transformers import CLIPTextConfig

    vocabulary, width = weights["embeddings.token_embedding.weight"].shape
    projection = weights.get("text_projection.weight")
    return CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=weights["encoder.layers.0.mlp.fc1.weight"].shape[0],
        num_hidden_layers=_layers(weights),
        num_attention_heads=max(1, width // HEAD_SIZE),
        max_position_embeddings=weights["embeddings.position_embedding.weight"].shape[0],
        projection_dim=width if projection is None else projection.shape[0],
        hidden_act=activation,
    )


def _load(encoder: nn.Module, weights: Mapping[str, Tensor], dtype: torch.dtype) -> None:
    """Give the encoder its weights. Raises `Invalid` where they aren't CLIP's."""
    prefix = "text_model." if hasattr(encoder, "text_model") else ""
    named = {
        key if key.startswith("text_projection") else prefix + key: value.to(dtype)
        for key, value in weights.items()
    }
    missing, unexpected = encoder.load_state_dict(named, strict=False, assign=True)
    missing = [key for key in missing if not key.endswith("position_ids")]
    if missing or unexpected:
        raise Invalid(
            [
                Problem(
                    "clip.text_encoder_clip",
                    "base",
                    "its text encoder is not CLIP: {missing} is {value}",
                    "Choose another checkpoint.",
                    missing=(missing + unexpected)[0],
                    value="missing" if missing else "unknown",
                )
            ]
        )
