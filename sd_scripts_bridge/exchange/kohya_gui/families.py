"""kohya_ss' boxes for SD 3, FLUX.1, HunyuanImage, Anima and Lumina: which family, and which option
each of their keys is.

Read from ``kohya_gui/lora_gui.py`` of kohya_ss 26.0.0. What these boxes send as network_args is not
read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .keys import FAMILIES

BOXES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "flux1_checkbox": ("flux1", ("flux1_",)),
    "sd3_checkbox": ("sd3", ("sd3_",)),
    "hunyuan_image_checkbox": ("hunyuan-image", ("hunyuan_image_", "hunyuan_")),
    "anima_checkbox": ("anima", ("anima_",)),
    "lumina_checkbox": ("lumina2", ("lumina_",)),
}
"""The family, and what its own keys begin with."""

_BARE: Mapping[str, tuple[str, ...]] = {
    "flux1": (
        "model_type",
        "ae",
        "clip_l",
        "t5xxl",
        "discrete_flow_shift",
        "model_prediction_type",
        "timestep_sampling",
        "split_mode",
        "t5xxl_max_token_length",
        "guidance_scale",
        "apply_t5_attn_mask",
        "cpu_offload_checkpointing",
    ),
    "sd3": (
        "clip_g",
        "clip_g_dropout_rate",
        "logit_mean",
        "logit_std",
        "mode_scale",
        "pos_emb_random_crop_rate",
        "weighting_scheme",
    ),
}
"""A family's keys that are named as the option is."""
_ALL = ("blocks_to_swap",)
_NETWORKS = {
    "flux1": "Flux1",
    "chroma": "Flux1",
    "flux1-schnell": "Flux1",
    "sd3": "Standard",
    "hunyuan-image": "HunyuanImage-2.1",
    "anima": "Anima",
    "lumina2": "Lumina",
}


def family(form: Mapping[str, Any]) -> str | None:
    """The family of the box that is on; None: SD or SDXL."""
    found = next((name for box, (name, _) in BOXES.items() if form.get(box)), None)
    return "chroma" if found == "flux1" and form.get("model_type") == "chroma" else found


def option(name: str | None, key: str) -> str | None:
    """The option that ``key`` sets in the family ``name``; None: it is another family's, or no
    option.
    """
    box = "flux1" if name == "chroma" else name
    if box is None or key in _ALL or key in _BARE.get(box, ()):
        return key if box else None
    mine = next((prefixes for family, prefixes in BOXES.values() if family == box), ())
    return next((key.removeprefix(prefix) for prefix in mine if key.startswith(prefix)), None)


def form(name: str) -> dict[str, Any]:
    """The boxes as they stand for the family ``name``, and its kind of network."""
    box = "flux1" if name in ("chroma", "flux1-schnell") else name
    fields: dict[str, Any] = {key: BOXES[key][0] == box for key in FAMILIES}
    if name in _NETWORKS:
        fields["LoRA_type"] = _NETWORKS[name]
    return fields
