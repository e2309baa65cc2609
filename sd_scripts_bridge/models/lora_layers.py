"""Which layers of a base model a LoRA learns for, by the base's own tensor names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ..options.params import TrainingParams
from . import dit_tensors
from .ldm_tensors import UNET
from .safetensors_file import TensorInfo

Layer = tuple[int, ...]
"""(out, in) of a linear layer, (out, in, height, width) of a convolution."""

_ATTENTION = re.compile(
    r"(?:attn[12]\.to_(?:q|k|v|out\.0)|ff\.net\.(?:0\.proj|2)|\.1\.proj_(?:in|out))\.weight$"
)
_RESIDUAL = re.compile(
    r"(?:in_layers\.2|out_layers\.3|emb_layers\.1|skip_connection|\.op|\d\.conv)\.weight$"
)
_OUTER = re.compile(r"(?:time_embed\.[02]|input_blocks\.0\.0|\.out\.2)\.weight$")
_TEXT = re.compile(
    r"(?:self_attn\.(?:q|k|v|out)_proj|mlp\.fc[12]|attn\.out_proj|mlp\.c_(?:fc|proj))\.weight$"
)
_FUSED = re.compile(r"attn\.in_proj_weight$")
_IA3 = re.compile(r"(?:attn[12]\.to_[kv]|ff\.net\.2|[kv]_proj|mlp\.fc2)\.weight$")
_TRANSFORMER = {
    "sd3": r"joint_blocks\.",
    "lumina2": r"(?:layers|noise_refiner|context_refiner|final_layer)\.",
    "anima": r"blocks\.\d+\.(?!.*modulation)",
}
_BLOCKS = r"(?:double|single)_blocks\."
"""Where ``networks/lora_*.py`` of sd-scripts puts modules into a transformer: every linear layer
below these.
"""


def layers(
    tensors: Mapping[str, TensorInfo], params: TrainingParams, args: Mapping[str, str]
) -> Iterator[Layer]:
    """The shape of each layer that gets a module.

    Of a transformer those in its text encoders, which are files of their own, are left out.
    """
    model = dit_tensors.recognise(tensors)
    if model:
        start = re.escape(model.prefix) + _TRANSFORMER.get(model.family, _BLOCKS)
        pattern = re.compile(start + r".*\.weight$")
        for name, info in tensors.items():
            if len(info.shape) == 2 and pattern.match(name):
                yield tuple(info.shape)
        return
    for name, info in tensors.items():
        in_unet = name.startswith(UNET)
        if in_unet and not params.network_train_text_encoder_only:
            if _in_unet(name, params, args):
                yield tuple(info.shape)
        elif not in_unet and not params.network_train_unet_only:
            yield from _in_text_encoder(name, tuple(info.shape), args)


def _in_unet(name: str, params: TrainingParams, args: Mapping[str, str]) -> bool:
    if args.get("algo") == "ia3":
        return bool(_IA3.search(name))
    if _ATTENTION.search(name):
        return True
    lycoris = params.network_module == "lycoris.kohya"
    preset = args.get("preset", "full") if lycoris else ""
    convolutions = lycoris and preset in ("full", "unet-only", "")
    if convolutions or (not lycoris and "conv_dim" in args):
        return bool(_RESIDUAL.search(name) or (lycoris and _OUTER.search(name)))
    return False


def _in_text_encoder(name: str, shape: Layer, args: Mapping[str, str]) -> Iterator[Layer]:
    if args.get("algo") == "ia3":
        if _IA3.search(name):
            yield shape
    elif _TEXT.search(name):
        yield shape
    elif _FUSED.search(name):  # q, k and v in one
        yield from [(shape[0] // 3, shape[1])] * 3
