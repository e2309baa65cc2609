"""For which family of base models a LoRA was made, and by which kind of network: from its metadata,
from the names of its tensors, and from their widths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from .safetensors_file import TensorInfo

Modules = Mapping[str, Mapping[str, TensorInfo]]

SDXL = re.compile(
    r"^(?:lora_te[12]_|text_encoder_2\b|(?:(?:lora|lycoris)_unet_|unet\.|diffusion_model\.)"
    r"(?:(?:in|out)put_blocks[._][4578][._]1|.*transformer_blocks[._][1-9]))"
)
BY_NAMES = (
    (r"double_stream_blocks", "hidream"),
    (r"img_mlp_fc1", "hunyuan-image"),
    (r"(?:^|[._])txt_(?:mlp|mod)|transformer_blocks[._]\d+[._]img_m", "qwen-image"),
    (r"single_transformer_blocks|double_blocks[._]|single_blocks[._]", "flux1"),
    (r"joint_blocks[._]|transformer_blocks[._]\d+[._](?:ff_context|attn[._]add_)", "sd3"),
    (r"cross_attn[._]output_proj", "anima"),
    (r"blocks[._]\d+[._]cross_attn[._][kqvo](?:_img)?$", "wan"),
    (r"layers[._]\d+[._]attention[._]to_", "z-image"),
    (r"noise_refiner[._]", "lumina2"),
)
"""(what stands in a module's name, family), in this order: a FLUX.1 file has double blocks with
``img_mlp_0``, HunyuanImage's have ``img_mlp_fc1``, Qwen-Image has no single blocks.
"""
VERSIONS = (
    ("sdxl", "sdxl"),
    ("sd_v2", "sd2"),
    ("sd_v1", "sd1"),
    ("sd_1", "sd1"),
    ("sd1", "sd1"),
    ("sd_2", "sd2"),
    ("flux1", "flux1"),
    ("flux-1", "flux1"),
    ("flux.1", "flux1"),
    ("flux", "flux1"),
    ("sd3", "sd3"),
    ("chroma", "chroma"),
    ("medium", "sd3"),
    ("5-medium", "sd3"),
    ("5-large", "sd3"),
    ("lumina", "lumina2"),
    ("hunyuan-image", "hunyuan-image"),
    ("stable-diffusion-xl", "sdxl"),
    ("stable-diffusion-v2", "sd2"),
    ("stable-diffusion-v1", "sd1"),
    ("stable-diffusion-3", "sd3"),
    ("anima", "anima"),
)
NOT_FLUX1 = ("flux2", "flux-2", "flux.2", "flux_2")
CONTEXTS = {768: "sd1", 1024: "sd2", 2048: "sdxl"}
"""How wide the text is that the attention listens to."""
_CONTEXT = re.compile(r"attn2[._]to_[kv]$")
_TEXT_ENCODER = re.compile(r"^(?:lora_te_|text_encoder\.).*(?:q|k|v)_proj$")
_FACTORS = ("lora_down.weight", "lora_A.weight", "lora.down.weight", "hada_w1_b", "b2.weight")


def family(metadata: Mapping[str, str], modules: Modules) -> str:
    """The family's short name, another's own word for itself, or "" where nothing tells."""
    said = metadata.get("ss_base_model_version", "") or metadata.get("modelspec.architecture", "")
    version = said.lower()
    if version.startswith(NOT_FLUX1):
        return "flux2"
    for start, name in VERSIONS:
        if version.startswith(start):
            return name
    if version:
        return version
    if metadata.get("ss_v2") == "True":
        return "sd2"
    for pattern, name in BY_NAMES:
        if any(re.search(pattern, module) for module in modules):
            return name
    if any(SDXL.match(module) for module in modules):
        return "sdxl"
    widths = [*_widths(modules, _CONTEXT), *_widths(modules, _TEXT_ENCODER)]
    return next((CONTEXTS[width] for width in widths if width in CONTEXTS), "")


def context(modules: Modules) -> int:
    """How wide the text is that the LoRA's base listens to; 0 where no module tells."""
    return next(_widths(modules, _CONTEXT), 0)


def network(modules: Modules) -> tuple[str, tuple[str, ...]]:
    """(network_module, network_args) of sd-scripts that make such modules.

    LyCORIS 3.2 writes these names (its ``modules/*.py``).
    """
    parts = {part for module in modules.values() for part in module}
    dora = ("dora_wd=True",) if "dora_scale" in parts else ()
    if any(part.startswith("hada_") for part in parts):
        return "lycoris.kohya", ("algo=loha", *dora)
    if any(part.startswith("lokr_") for part in parts):
        return "lycoris.kohya", ("algo=lokr", f"factor={_lokr_factor(modules)}", *dora)
    if "a1.weight" in parts:
        return "lycoris.kohya", ("algo=glora",)
    if "on_input" in parts:
        return "lycoris.kohya", ("algo=ia3",)
    if "oft_blocks" in parts or "oft_diag" in parts:
        return "lycoris.kohya", ("algo=diag-oft",)
    if "diff" in parts and not any(part in parts for part in _FACTORS):
        return "lycoris.kohya", ("algo=full",)
    if dora:
        return "lycoris.kohya", ("algo=locon", *dora)
    conv = _conv_rank(modules)
    return "networks.lora", (f"conv_dim={conv}", f"conv_alpha={conv}") if conv else ()


def _widths(modules: Modules, names: re.Pattern[str]) -> Iterator[int]:
    """How many numbers the modules of these names take in."""
    for name, module in modules.items():
        if not names.search(name):
            continue
        for part in _FACTORS:
            if part in module and len(module[part].shape) > 1:
                yield module[part].shape[1]
        small, large = _lokr_side(module, "lokr_w1"), _lokr_side(module, "lokr_w2")
        if small and large:
            yield small * large


def _lokr_side(module: Mapping[str, TensorInfo], part: str) -> int:
    found = module.get(part) or module.get(f"{part}_b")
    return found.shape[1] if found is not None and len(found.shape) > 1 else 0


def _lokr_factor(modules: Modules) -> int:
    """The side of the small factor, which is the same in most modules; -1: as large as it goes."""
    sides = [module["lokr_w1"].shape[0] for module in modules.values() if "lokr_w1" in module]
    return max(set(sides), key=sides.count) if sides else -1


def _conv_rank(modules: Modules) -> int | None:
    """The rank of the modules of 3x3 convolutions, where there are any."""
    for module in modules.values():
        down = module.get("lora_down.weight")
        if down is not None and len(down.shape) == 4 and down.shape[2] > 1:
            return down.shape[0]
    return None
