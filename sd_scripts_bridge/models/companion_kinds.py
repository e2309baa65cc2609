"""Text encoders and VAEs as files of their own, known by the names and shapes of their tensors.

Only the layouts that sd-scripts 0.10.1 reads: ``load_*`` in its
``library/{flux,sd3,lumina,anima}_utils.py``, ``hunyuan_image_text_encoder.py``,
``hunyuan_image_vae.py`` and ``qwen_image_autoencoder_kl.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..messages import Message
from .safetensors_file import TensorInfo

QUANTISED = (
    ".absmax",
    ".quant_map",
    ".scale_weight",
    ".weight_scale",
    ".comfy_quant",
    "scaled_fp8",
    ".scale_input",
)
"""Ends of tensors' names in files whose weights mean something only with these beside them."""


@dataclass(frozen=True)
class TensorKind:
    """Each of ``tensors`` (or of ``otherwise``) must be there under one of ``prefixes``; 0 stands
    for any number.
    """

    title: str
    tensors: Mapping[str, tuple[int, ...]]
    prefixes: tuple[str, ...] = ("",)
    otherwise: Mapping[str, tuple[int, ...]] | None = None
    """The same in another layout."""
    likely: str = ""
    """What its file's name usually has in it."""
    unlike: str = "(?!)"
    """What the name of a file of another kind with the same tensors has in it."""

    def fits(self, tensors: Mapping[str, TensorInfo]) -> bool:
        """Whether these are such a file's tensors."""
        layouts = [self.tensors, *([self.otherwise] if self.otherwise else [])]
        return any(
            _all_there(tensors, prefix, layout) for prefix in self.prefixes for layout in layouts
        )

    def suspects(self, name: str) -> bool:
        return re.search(self.unlike, name, re.IGNORECASE) is not None

    def expects(self, name: str) -> bool:
        return re.search(self.likely, name, re.IGNORECASE) is not None


def _all_there(
    tensors: Mapping[str, TensorInfo], prefix: str, layout: Mapping[str, tuple[int, ...]]
) -> bool:
    found = ((tensors.get(prefix + name), shape) for name, shape in layout.items())
    return all(tensor is not None and _like(tensor.shape, shape) for tensor, shape in found)


def _like(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(shape) == len(wanted) and all(
        side in (0, given) for given, side in zip(shape, wanted, strict=True)
    )


def _clip(title: str, width: int, layers: int, likely: str) -> TensorKind:
    last = f"text_model.encoder.layers.{layers - 1}.mlp.fc2.weight"
    tensors = {
        "text_model.embeddings.token_embedding.weight": (49408, width),
        last: (width, 4 * width),
    }
    return TensorKind(title, tensors, likely=likely)


def _t5(
    title: str, vocabulary: int, width: int, inner: int, layers: int, likely: str
) -> TensorKind:
    last = f"encoder.block.{layers - 1}.layer.1.DenseReluDense.wo.weight"
    return TensorKind(
        title, {"shared.weight": (vocabulary, width), last: (width, inner)}, likely=likely
    )


def _kl_vae(
    title: str,
    top: int,
    latents: int,
    prefixes: tuple[str, ...] = ("",),
    *,
    likely: str = "",
    unlike: str = "(?!)",
) -> TensorKind:
    tensors = {
        "encoder.conv_out.weight": (2 * latents, top, 3, 3),
        "decoder.conv_in.weight": (top, latents, 3, 3),
    }
    return TensorKind(title, tensors, prefixes, likely=likely, unlike=unlike)


KINDS: Mapping[str, TensorKind] = {
    "clip_l": _clip(
        Message("tensors.encoder_clip_l", "a CLIP-L text encoder"), 768, 12, r"clip[-_]?l"
    ),
    "clip_g": _clip(
        Message("tensors.encoder_clip_g", "a CLIP-G text encoder"), 1280, 32, r"clip[-_]?g"
    ),
    "t5xxl": _t5(
        Message("tensors.encoder_t5_xxl", "a T5-XXL text encoder"), 32128, 4096, 10240, 24, "t5"
    ),
    "byt5": _t5(Message("tensors.encoder_byt5", "a ByT5 text encoder"), 0, 1472, 3584, 12, "byt5"),
    "gemma2": TensorKind(
        Message("tensors.encoder_gemma_2_2b", "a Gemma 2 2B text encoder"),
        {"embed_tokens.weight": (256000, 2304), "layers.25.mlp.down_proj.weight": (2304, 9216)},
        ("", "model.", "text_encoders.gemma2_2b.transformer.model."),
        likely="gemma",
    ),
    "qwen3": TensorKind(
        Message("tensors.encoder_qwen3_0_6b", "a Qwen3-0.6B text encoder"),
        {
            "embed_tokens.weight": (151936, 1024),
            "layers.27.mlp.down_proj.weight": (1024, 3072),
            "layers.0.self_attn.q_norm.weight": (128,),
        },
        ("", "model."),
        likely="qwen",
    ),
    "qwen25_vl": TensorKind(
        Message("tensors.encoder_qwen2_5_vl_7b", "a Qwen2.5-VL-7B text encoder"),
        {
            "model.embed_tokens.weight": (152064, 3584),
            "model.layers.27.mlp.down_proj.weight": (3584, 18944),
            "visual.blocks.31.mlp.down_proj.weight": (1280, 3420),
            "lm_head.weight": (152064, 3584),
        },
        likely="qwen",
    ),
    "flux_vae": _kl_vae(
        Message("tensors.vae_flux_1", "a VAE of FLUX.1 (or SD 3)"),
        512,
        16,
        likely="^ae|flux",
        unlike=r"sd[-_ ]?3|stable.diffusion.3",
    ),
    "lumina_vae": _kl_vae(
        Message("tensors.vae_flux_1_or_lumina_2", "a VAE of FLUX.1 or Lumina 2"),
        512,
        16,
        ("", "vae."),
        likely="^ae|flux",
        unlike=r"sd[-_ ]?3|stable.diffusion.3",
    ),
    "sd3_vae": _kl_vae(
        Message("tensors.vae_sd_3", "a VAE of SD 3 (or FLUX.1)"),
        512,
        16,
        likely="sd[-_ ]?3",
        unlike="^ae[.-]|flux|lumina",
    ),
    "hunyuan_vae": _kl_vae(
        Message("tensors.vae_hunyuanimage_2_1", "a VAE of HunyuanImage 2.1"),
        1024,
        64,
        likely="hunyuan",
    ),
    "qwen_vae": TensorKind(
        Message("tensors.vae_qwen_image", "a VAE of Qwen-Image (or Wan 2.1)"),
        {"encoder.conv1.weight": (96, 3, 3, 3, 3)},
        otherwise={"encoder.conv_in.weight": (96, 3, 3, 3, 3)},
        likely="qwen|anima",
        unlike="wan",
    ),
    "sd_vae": _kl_vae(Message("tensors.vae_stable_diffusion", "a VAE of Stable Diffusion"), 512, 4),
}
"""What a file may be. Two rows with the same tensors differ by their files' names only."""


def is_quantised(tensors: Mapping[str, TensorInfo]) -> bool:
    """Whether its weights are quantised in a way that sd-scripts doesn't undo (plain
    fp8 it reads).
    """
    return any(name.endswith(QUANTISED) or "quant_state" in name for name in tensors)


def called(tensors: Mapping[str, TensorInfo]) -> str:
    """What a file is, for a sentence that refuses it; empty: nothing that we know."""
    if any(".lora_" in name or name.startswith("lora_") for name in tensors):
        return "a LoRA"
    return next((kind.title for kind in KINDS.values() if kind.fits(tensors)), "")
