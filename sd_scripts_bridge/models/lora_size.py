"""How many numbers a LoRA of a base model has, counted from the base's own tensor shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..options.params import TrainingParams
from . import dit_tensors
from .ldm_tensors import UNET
from .safetensors_file import TensorInfo

NUMBER_BYTES = {"float": 4, "fp16": 2, "bf16": 2}

_UNET = re.compile(
    r"(?:attn[12]\.to_(?:q|k|v|out\.0)|ff\.net\.(?:0\.proj|2)|\.1\.proj_(?:in|out))\.weight$"
)
_TEXT = re.compile(
    r"(?:self_attn\.(?:q|k|v|out)_proj|mlp\.fc[12]|attn\.out_proj|mlp\.c_(?:fc|proj))\.weight$"
)
_FUSED = re.compile(r"attn\.in_proj_weight$")


_TRANSFORMER = {
    "sd3": r"joint_blocks\.",
    "lumina2": r"(?:layers|noise_refiner|context_refiner|final_layer)\.",
    "anima": r"blocks\.\d+\.(?!.*modulation)",
}
_BLOCKS = r"(?:double|single)_blocks\."
"""Where ``networks/lora_*.py`` of sd-scripts puts modules into a transformer: every linear layer
below these.
"""


def numbers(tensors: Mapping[str, TensorInfo], params: TrainingParams) -> int:
    """The LoRA's numbers, alpha left out. A module of shape (out, in) has dim x (out + in).

    Of a transformer those in its text encoders, which are files of their own, are not counted.
    """
    model = dit_tensors.recognise(tensors)
    if model:
        pattern = re.compile(
            re.escape(model.prefix) + _TRANSFORMER.get(model.family, _BLOCKS) + r".*\.weight$"
        )
        return params.network_dim * sum(
            sum(info.shape)
            for name, info in tensors.items()
            if len(info.shape) == 2 and pattern.match(name)
        )
    sides = 0
    for name, info in tensors.items():
        in_unet = name.startswith(UNET)
        if (in_unet and params.network_train_text_encoder_only) or (
            not in_unet and params.network_train_unet_only
        ):
            continue
        if (in_unet and _UNET.search(name)) or (not in_unet and _TEXT.search(name)):
            sides += info.shape[0] + info.shape[1]
        elif _FUSED.search(name):  # q, k and v in one
            sides += info.shape[0] + 3 * info.shape[1]
    return sides * params.network_dim


def file_bytes(tensors: Mapping[str, TensorInfo], params: TrainingParams) -> int:
    """Size of one saved LoRA, its header left out."""
    return numbers(tensors, params) * NUMBER_BYTES[params.save_precision]


def state_bytes(tensors: Mapping[str, TensorInfo], params: TrainingParams) -> int:
    """Size of one saved state: the weights and AdamW's two moments, in 4 bytes each."""
    return 3 * 4 * numbers(tensors, params)
