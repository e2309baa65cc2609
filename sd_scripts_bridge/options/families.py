"""The families of base models that are trained: script, network, the other files and options that
each needs.

Options: the guides ``docs/*_train_network.md`` of sd-scripts 0.10.1, where the example command or
"recommended" says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..messages import Message
from .params import TrainingParams


@dataclass(frozen=True)
class Companion:
    """A file that a family's script wants beside the base.

    ``kind`` names its row in `companion_kinds`.
    """

    option: str
    """The script's option that names it."""
    title: str
    usual: str
    """What it is usually called."""
    kind: str = ""

    @property
    def looks_for(self) -> str:
        return self.kind or self.option


@dataclass(frozen=True)
class SamplingSettings:
    """How a picture is made with this family: sampling steps, CFG, and FLUX.1's distilled guidance
    where it has one.
    """

    steps: int = 28
    cfg: float = 4.5
    distilled: float | None = None
    negative: bool = True
    """Whether a negative prompt is read: at a CFG of 1 nobody does."""


@dataclass(frozen=True)
class Family:
    """One family. What stands in ``options`` is sent unless somebody sets it otherwise."""

    name: str
    title: str
    script: str
    network: str = "networks.lora"
    other_networks: tuple[str, ...] = ()
    """Modules besides ``network`` that fit it."""
    companions: tuple[Companion, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    caches_captions: bool = False
    """Its script has ``cache_text_encoder_outputs``."""
    text_encoder_learns: bool = True
    sd_version: str = "Unknown"
    """The WebUI's name for it on a LoRA's card; Forge knows Flux, none knows the others."""
    picture: SamplingSettings | None = None
    """None: `infotext`'s own settings fit."""
    trained_at: int = 1024
    """The side of the squares that the base was trained on, pixels."""
    bucket_step: int = 32
    """Buckets' sides are multiples of this: `verify_bucket_reso_steps` in the family's script."""

    @property
    def is_ldm(self) -> bool:
        """A U-Net with CLIP, all in one file: Stable Diffusion up to SDXL."""
        return self.name in LDM

    def complete(self, params: TrainingParams) -> TrainingParams:
        """``params`` with what this family needs and nobody has set: network and options."""
        untouched = params.network_module == "networks.lora"
        module = self.network if untouched else params.network_module
        return replace(params, network_module=module, extra={**self.options, **params.extra})


LDM = ("sd1", "sd2", "sdxl")

_T5 = Companion(
    "t5xxl",
    Message("companion.t5_xxl_text_encoder", "the T5-XXL text encoder"),
    "t5xxl_fp16.safetensors",
)
_CLIP_L = Companion(
    "clip_l",
    Message("companion.clip_l_text_encoder", "the CLIP-L text encoder"),
    "clip_l.safetensors",
)
_FLUX_VAE = Companion(
    "ae", Message("companion.flux_1_vae", "FLUX.1's VAE"), "ae.safetensors", "flux_vae"
)

_ANY = ("lycoris.kohya",)
_SD = (
    "networks.lora_fa",
    "networks.dylora",
    "networks.oft",
    "networks.loha",
    "networks.lokr",
    *_ANY,
)
_NATIVE = ("networks.loha", "networks.lokr", *_ANY)

_FLUX = Family(
    "flux1",
    "FLUX.1",
    "flux_train_network.py",
    "networks.lora_flux",
    ("networks.oft_flux", *_NATIVE),
    (_CLIP_L, _T5, _FLUX_VAE),
    {"guidance_scale": 1.0, "timestep_sampling": "flux_shift", "model_prediction_type": "raw"},
    caches_captions=True,
    sd_version="Flux",
    picture=SamplingSettings(20, 1, 3.5, negative=False),
)
_CHROMA_OPTIONS = {
    "model_type": "chroma",
    "guidance_scale": 0.0,
    "apply_t5_attn_mask": True,
    "timestep_sampling": "sigmoid",
    "model_prediction_type": "raw",
}

FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(
            "sd1",
            "SD 1.5",
            "train_network.py",
            other_networks=_SD,
            sd_version="SD1",
            trained_at=512,
            bucket_step=64,
        ),
        Family(
            "sd2",
            "SD 2",
            "train_network.py",
            other_networks=_SD,
            sd_version="SD2",
            trained_at=512,
            bucket_step=64,
        ),
        Family(
            "sdxl",
            "SDXL",
            "sdxl_train_network.py",
            other_networks=_SD,
            caches_captions=True,
            sd_version="SDXL",
        ),
        Family(
            "sd3",
            "SD 3",
            "sd3_train_network.py",
            "networks.lora_sd3",
            _NATIVE,
            (
                _CLIP_L,
                Companion(
                    "clip_g",
                    Message("companion.clip_g_text_encoder", "the CLIP-G text encoder"),
                    "clip_g.safetensors",
                ),
                _T5,
                Companion(
                    "vae",
                    Message("companion.sd_3_vae", "SD 3's VAE"),
                    "sd3_vae.safetensors",
                    "sd3_vae",
                ),
            ),
            {"weighting_scheme": "uniform"},
            caches_captions=True,
            picture=SamplingSettings(28, 4.5),
        ),
        _FLUX,
        replace(
            _FLUX,
            name="flux1-schnell",
            title="FLUX.1 schnell",
            picture=SamplingSettings(4, 1, 3.5, negative=False),
        ),
        replace(
            _FLUX,
            name="chroma",
            title="Chroma",
            companions=(_T5, _FLUX_VAE),
            options=_CHROMA_OPTIONS,
            text_encoder_learns=False,
            sd_version="Unknown",
            picture=SamplingSettings(20, 4),
        ),
        Family(
            "lumina2",
            "Lumina 2",
            "lumina_train_network.py",
            "networks.lora_lumina",
            _NATIVE,
            (
                Companion(
                    "gemma2",
                    Message("companion.gemma_2_text_encoder", "the Gemma 2 text encoder"),
                    "gemma_2_2b_fp16.safetensors",
                ),
                replace(_FLUX_VAE, kind="lumina_vae"),
            ),
            {
                "timestep_sampling": "nextdit_shift",
                "discrete_flow_shift": 6.0,
                "model_prediction_type": "raw",
                "system_prompt": "You are an assistant designed to generate high-quality images "
                "based "
                "on user prompts.",
            },
            caches_captions=True,
            picture=SamplingSettings(36, 3.5),
            bucket_step=16,
        ),
        Family(
            "hunyuan-image",
            "HunyuanImage 2.1",
            "hunyuan_image_train_network.py",
            "networks.lora_hunyuan_image",
            _NATIVE,
            (
                Companion(
                    "text_encoder",
                    Message("companion.qwen2_5_vl_text_encoder", "the Qwen2.5-VL text encoder"),
                    "qwen_2.5_vl_7b.safetensors",
                    "qwen25_vl",
                ),
                Companion(
                    "byt5",
                    Message("companion.byt5_text_encoder", "the ByT5 text encoder"),
                    "byt5_small_glyphxl_fp16.safetensors",
                ),
                Companion(
                    "vae",
                    "HunyuanImage's VAE",
                    "hunyuan_image_2.1_vae_fp16.safetensors",
                    "hunyuan_vae",
                ),
            ),
            {"model_prediction_type": "raw", "discrete_flow_shift": 5.0, "split_attn": True},
            caches_captions=True,
            text_encoder_learns=False,
            picture=SamplingSettings(20, 3.5),
        ),
        Family(
            "anima",
            "Anima",
            "anima_train_network.py",
            "networks.lora_anima",
            _NATIVE,
            (
                Companion(
                    "qwen3",
                    Message("companion.qwen3_0_6b_text_encoder", "the Qwen3-0.6B text encoder"),
                    "qwen_3_06b_base.safetensors",
                ),
                Companion(
                    "vae",
                    Message("companion.qwen_image_vae", "Qwen-Image's VAE"),
                    "qwen_image_vae.safetensors",
                    "qwen_vae",
                ),
            ),
            {
                "timestep_sampling": "sigmoid",
                "discrete_flow_shift": 1.0,
                "vae_chunk_size": 64,
                "vae_disable_cache": True,
            },
            caches_captions=True,
            picture=SamplingSettings(30, 4.5),
            bucket_step=16,
        ),
    )
}
"""Every family by its short name."""

COMPANION_OPTIONS = frozenset(
    file.option for family in FAMILIES.values() for file in family.companions
)


def title(name: str) -> str:
    """How people call the family; its short name where it is none of ours."""
    return FAMILIES[name].title if name in FAMILIES else name
