"""How many numbers a LoRA of a base model has, counted from the base's own tensor shapes.

Of each layer as the code of the network has it: ``networks/*.py`` of sd-scripts 0.10.1,
``lycoris/modules/*.py`` of LyCORIS 3.2.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from ..options.params import TrainingParams
from .lora_layers import Layer, layers
from .safetensors_file import TensorInfo

NUMBER_BYTES = {"float": 4, "fp16": 2, "bf16": 2}
LYCORIS = "lycoris.kohya"
_CERTAIN_ARGS = frozenset(
    {"dropout", "rank_dropout", "module_dropout", "conv_dim", "conv_alpha", "verbose"}
    | {"loraplus_lr_ratio", "loraplus_unet_lr_ratio", "loraplus_text_encoder_lr_ratio"}
)


def is_certain(params: TrainingParams) -> bool:
    """Whether the count is exact: sd-scripts' own plain LoRA,
    without ranks of its own for blocks.
    """
    own = params.network_module.startswith("networks.") and "oft" not in params.network_module
    return own and set(_arguments(params)) <= _CERTAIN_ARGS


def numbers(tensors: Mapping[str, TensorInfo], params: TrainingParams) -> int:
    """The LoRA's numbers, alpha left out."""
    args = _arguments(params)
    kind = args.get("algo", "locon") if params.network_module == LYCORIS else _own(params)
    count = _ALGORITHMS.get(kind, _low_rank)
    dora = args.get("dora_wd", "").lower() == "true"
    total = 0
    for layer in layers(tensors, params, args):
        is_convolution = len(layer) == 4 and layer[2] > 1
        dim = _whole(args.get("conv_dim"), params.network_dim) if is_convolution else None
        total += count(layer, dim or params.network_dim, args) + (layer[0] if dora else 0)
    return total


def file_bytes(tensors: Mapping[str, TensorInfo], params: TrainingParams) -> int:
    """Size of one saved LoRA, its header left out."""
    return numbers(tensors, params) * NUMBER_BYTES[params.save_precision]


def state_bytes(tensors: Mapping[str, TensorInfo], params: TrainingParams) -> int:
    """Size of one saved state: the weights and AdamW's two moments, in 4 bytes each."""
    return 3 * 4 * numbers(tensors, params)


def _arguments(params: TrainingParams) -> dict[str, str]:
    words = params.extra.get("network_args") or []
    return dict(str(word).partition("=")[::2] for word in words)


def _own(params: TrainingParams) -> str:
    """The algorithm of a network of sd-scripts, by its module's name."""
    name = params.network_module.rpartition(".")[2]
    return {"loha": "loha", "lokr": "lokr", "oft": "diag-oft", "oft_flux": "diag-oft"}.get(
        name, "locon"
    )


def _whole(text: str | None, otherwise: int) -> int:
    return int(text) if text is not None and text.isdigit() else otherwise


# ---- one layer ----


def _low_rank(layer: Layer, dim: int, _args: Mapping[str, str]) -> int:
    return dim * (layer[0] + math.prod(layer[1:]))


def _loha(layer: Layer, dim: int, args: Mapping[str, str]) -> int:
    return 2 * _low_rank(layer, dim, args)


def _glora(layer: Layer, dim: int, _args: Mapping[str, str]) -> int:
    """Two pairs: one of in x in, one of out x in."""
    out, wide = layer[0], math.prod(layer[1:])
    return dim * (2 * layer[1] + wide + out)


def _lokr(layer: Layer, dim: int, args: Mapping[str, str]) -> int:
    """A small factor, and a large one that is whole where the rank is too high to save anything."""
    factor = int(args.get("factor", "-1") or -1)
    (a, b), (c, d) = factors(layer[0], factor), factors(layer[1], factor)
    kernel = math.prod(layer[2:])
    both = args.get("decompose_both", "").lower() == "true" and dim < max(a, c) / 2
    whole = args.get("full_matrix", "").lower() == "true" or dim >= max(b, d) / 2
    return (dim * (a + c) if both else a * c) + (
        b * d * kernel if whole else dim * (b + d * kernel)
    )


def _ia3(layer: Layer, _dim: int, _args: Mapping[str, str]) -> int:
    return max(layer[:2])


def _oft(layer: Layer, dim: int, _args: Mapping[str, str]) -> int:
    block, _ = factors(layer[0], dim)
    return layer[0] * block


def _boft(layer: Layer, dim: int, _args: Mapping[str, str]) -> int:
    block, blocks = factors(layer[0], dim)
    return layer[0] * block * (bin(max(0, blocks - 1)).count("1") + 1)


def _full(layer: Layer, _dim: int, _args: Mapping[str, str]) -> int:
    return math.prod(layer)


def factors(side: int, factor: int = -1) -> tuple[int, int]:
    """Two numbers whose product is ``side``, the smaller first and as near to ``factor`` as
    LyCORIS' `factorization` comes; -1: as near to each other as can be.
    """
    if factor > 0 and side % factor == 0:
        return min(factor, side // factor), max(factor, side // factor)
    limit = side if factor < 0 else factor
    small = 1
    for candidate in range(2, math.isqrt(side) + 1):
        if candidate > limit:
            break
        if side % candidate == 0:
            small = candidate
    return small, side // small


_ALGORITHMS: Mapping[str, Callable[[Layer, int, Mapping[str, str]], int]] = {
    "lora": _low_rank,
    "locon": _low_rank,
    "dylora": _low_rank,
    "loha": _loha,
    "lokr": _lokr,
    "glora": _glora,
    "ia3": _ia3,
    "diag-oft": _oft,
    "boft": _boft,
    "full": _full,
}
