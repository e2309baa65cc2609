"""Transformer models (SD 3, FLUX.1, Chroma, Lumina 2, HunyuanImage, Anima): which one a file is,
and what it lacks.

Names follow from structure, as in `ldm_names`; they are those of the classes in sd-scripts 0.10.1's
``library/*_models.py``. A stem stands for its weight and its bias; a name with ``.weight`` or
``.scale`` for itself; ``^`` for the halves of a pair.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..errors import Problem
from ..messages import Message
from ..options.families import FAMILIES
from .ldm_tensors import UNET
from .safetensors_file import TensorInfo

Tensors = Mapping[str, TensorInfo]

MARKS = (
    ("distilled_guidance_layer.", "chroma"), (
        "double_stream_modulation_img.", ""), ("nerf_image_embedder.", ""),
    ("byt5_in.", "hunyuan-image"), (
        "individual_token_refiner.", ""), ("mlp_t5.", ""), ("redux_up.", ""),
    ("transformer_blocks.", ""), ("double_blocks.", "flux1"), (
        "single_blocks.", "flux1"), ("joint_blocks.", "sd3"),
    ("cap_pad_token", ""), ("noise_refiner.", "lumina2"), ("llm_adapter.", "anima"),
)  # fmt: skip
"""(part of a tensor's name, family); the first that fits decides, and an empty one says: none of
these.
"""


@dataclass(frozen=True)
class Layout:
    """A model's tensors. ``blocks`` are (stem, how many or 0 for as many as are there, names in
    each).
    """

    top: tuple[str, ...]
    blocks: tuple[tuple[str, int, tuple[str, ...]], ...]
    witness: str
    """The layer that takes the picture: its shape tells the model's size and its variant."""
    width: int
    channels: int
    prefixes: tuple[str, ...] = ("", UNET)
    """What may stand before every name for the script to read it; the model alone has none."""
    optional: frozenset[str] = field(default_factory=frozenset)
    """Blocks whose last one lacks the tensors of its way out."""


def _pairs(*stems: str) -> tuple[str, ...]:
    """``img^`` and ``txt^`` of each."""
    return tuple(stem.replace("^", side) for side in ("img", "txt") for stem in stems)


_FLUX_DOUBLE = _pairs(
    "^_attn.qkv",
    "^_attn.norm.query_norm.scale",
    "^_attn.norm.key_norm.scale",
    "^_attn.proj",
    "^_mlp.0",
    "^_mlp.2",
)
_FLUX_SINGLE = ("linear1", "linear2", "norm.query_norm.scale", "norm.key_norm.scale")
_FLUX = Layout(
    ("img_in", "time_in.in_layer", "time_in.out_layer",
        "vector_in.in_layer", "vector_in.out_layer", "txt_in",
     "final_layer.linear", "final_layer.adaLN_modulation.1"),
    (("double_blocks", 0, (*_FLUX_DOUBLE, *_pairs(
        "^_mod.lin"))), ("single_blocks", 0, (*_FLUX_SINGLE, "modulation.lin"))),
    "img_in", 3072, 64,
)  # fmt: skip
_LUMINA_REFINER = tuple(f"{part}.weight" for part in (
    "attention.qkv", "attention.out", "attention.q_norm",
        "attention.k_norm", "feed_forward.w1", "feed_forward.w2",
    "feed_forward.w3", "attention_norm1", "ffn_norm1", "attention_norm2", "ffn_norm2"))  # fmt: skip
_LUMINA_LAYER = (*_LUMINA_REFINER, "adaLN_modulation.1")
_ATTENTION = tuple(
    f"{attention}.{part}.weight"
    for attention in ("self_attn", "cross_attn")
    for part in ("q_proj", "q_norm", "k_proj", "k_norm", "v_proj")
)

LAYOUTS: Mapping[str, Layout] = {
    "flux1": _FLUX,
    "chroma": Layout(
        ("img_in", "txt_in", "final_layer.linear",
            "distilled_guidance_layer.in_proj", "distilled_guidance_layer.out_proj"),
        (("distilled_guidance_layer.layers", 5, ("in_layer", "out_layer")),
         ("distilled_guidance_layer.norms", 5, ("scale",)),
         ("double_blocks", 19, _FLUX_DOUBLE), ("single_blocks", 38, _FLUX_SINGLE)),
        "img_in", 3072, 64,
    ),
    "sd3": Layout(
        ("pos_embed.", "x_embedder.proj", "t_embedder.mlp.0",
            "t_embedder.mlp.2", "y_embedder.mlp.0", "y_embedder.mlp.2",
         "context_embedder", "final_layer.linear", "final_layer.adaLN_modulation.1"),
        (("joint_blocks", 0, tuple(f"{side}_block.{part}" for side in ("context", "x") for part in (
            "attn.qkv", "attn.proj", "mlp.fc1", "mlp.fc2", "adaLN_modulation.1"))),),
        "x_embedder.proj", 0, 16, (UNET,),
        frozenset({"context_block.attn.proj", "context_block.mlp.fc1", "context_block.mlp.fc2"}),
    ),
    "lumina2": Layout(
        ("t_embedder.mlp.0", "t_embedder.mlp.2",
            "cap_embedder.0.weight", "cap_embedder.1", "x_embedder",
         "norm_final.weight", "final_layer.linear", "final_layer.adaLN_modulation.1"),
        (("context_refiner", 2, _LUMINA_REFINER), (
            "noise_refiner", 2, _LUMINA_LAYER), ("layers", 26, _LUMINA_LAYER)),
        "x_embedder", 2304, 64,
    ),
    "hunyuan-image": Layout(
        ("byt5_in.layernorm", "byt5_in.fc1", "byt5_in.fc2",
            "byt5_in.fc3", "img_in.proj", "txt_in.input_embedder",
         "txt_in.t_embedder.mlp.0",
             "txt_in.t_embedder.mlp.2", "txt_in.c_embedder.linear_1", "txt_in.c_embedder.linear_2",
         "time_in.mlp.0", "time_in.mlp.2", "final_layer.linear", "final_layer.adaLN_modulation.1"),
        (("txt_in.individual_token_refiner.blocks", 2, (
            "norm1", "self_attn_qkv", "self_attn_proj", "norm2", "mlp.fc1",
                                                        "mlp.fc2", "adaLN_modulation.1")),
         ("double_blocks", 20, _pairs("^_mod.linear",
             "^_attn_qkv", "^_attn_q_norm.weight", "^_attn_k_norm.weight",
                                      "^_attn_proj", "^_mlp.fc1", "^_mlp.fc2")),
         ("single_blocks", 40, ("linear1", "linear2",
             "q_norm.weight", "k_norm.weight", "modulation.linear"))),
        "img_in.proj", 3584, 64, ("",),
    ),
    "anima": Layout(
        ("x_embedder.proj.1.weight",
            "t_embedder.1.linear_1.weight",
                "t_embedder.1.linear_2.weight", "t_embedding_norm.weight",
         "final_layer.linear.weight",
             "final_layer.adaln_modulation.1.weight", "final_layer.adaln_modulation.2.weight",
         "llm_adapter.embed.weight", "llm_adapter.out_proj", "llm_adapter.norm.weight"),
        (("llm_adapter.blocks", 6, (*_ATTENTION,
            "self_attn.o_proj.weight", "cross_attn.o_proj.weight", "mlp.0", "mlp.2",
                                    "norm_self_attn.weight",
                                        "norm_cross_attn.weight", "norm_mlp.weight")),
         ("blocks", 28, (*_ATTENTION,
             "self_attn.output_proj.weight", "cross_attn.output_proj.weight", "mlp.layer1.weight",
                         "mlp.layer2.weight", *(
                             f"adaln_modulation_{part}.{layer}.weight" for layer in (1, 2)
                                                for part in ("self_attn", "cross_attn", "mlp"))))),
        "x_embedder.proj.1", 2048, 68, ("", "net."),
    ),
}  # fmt: skip

VARIANTS = {
    ("flux1", 384): Message(
        "base.flux_fill_inpainting_model",
        "is FLUX.1 Fill, an inpainting model (it takes 384 channels, not 64)",
    ),
    ("flux1", 128): Message(
        "base.flux_canny_depth_control",
        "is FLUX.1 Canny or Depth, a control model (it takes 128 channels, not 64)",
    ),
    ("hunyuan-image", 128): Message(
        "base.hunyuanimages_refiner_takes_channels",
        "is HunyuanImage's refiner (it takes 128 channels, not 64)",
    ),
}
ENCODERS_INSIDE = "text_encoders."
PREFIXES = (UNET, "net.", "model.", "diffusion_model.", "transformer.", "")


@dataclass(frozen=True)
class Transformer:
    """What a file is. ``family`` is a name in `families`."""

    family: str
    prefix: str
    """What stands before every name of the model."""


def recognise(tensors: Tensors) -> Transformer | None:
    """The model that these tensors belong to, whole or not; None: none of ours."""
    if f"{UNET}input_blocks.0.0.weight" in tensors:
        return None
    text = "\n".join(tensors)
    family = next((family for mark, family in MARKS if mark in text), "")
    if not family:
        return None
    layout = LAYOUTS[family]
    first = (*layout.top, *(f"{stem}.0." for stem, _, _ in layout.blocks))
    prefix = next(
        start
        for start in PREFIXES
        if not start or any(name.startswith(tuple(start + f for f in first)) for name in tensors)
    )
    if family == "flux1" and "time_in." in text and "guidance_in." not in text:
        family = "flux1-schnell"
    return Transformer(family, prefix)


def layout_of(family: str) -> Layout:
    return LAYOUTS["flux1" if family == "flux1-schnell" else family]


def width(tensors: Tensors, model: Transformer) -> int:
    """Numbers that the model carries for each patch of the picture; 0 where the layer that says so
    is missing.
    """
    witness = tensors.get(f"{model.prefix}{layout_of(model.family).witness}.weight")
    return witness.shape[0] if witness and witness.shape else 0


def problems(name: str, tensors: Tensors, model: Transformer) -> list[Problem]:
    """Why the file ``name`` can't be trained on though it is of a family that can."""
    found = (
        _other_variant(name, tensors, model)
        or _incomplete(name, tensors, model)
        or _other_names(name, model)
        or _other_width(name, tensors, model)
    )
    return [found] if found else []


def _incomplete(name: str, tensors: Tensors, model: Transformer) -> Problem | None:
    title = FAMILIES[model.family].title
    expected = tuple(model.prefix + tensor for tensor in names(tensors, model))
    missing = [tensor for tensor in expected if tensor not in tensors]
    if not missing:
        return None
    return Problem(
        "dit_tensors.lacks_tensors_example",
        name,
        "lacks {count} of the {count2} tensors of {title}, for example {missing}",
        "It is damaged, or only a part. {whole}",
        count=len(missing),
        count2=len(expected),
        title=title,
        missing=missing[0],
        whole=_choose_whole(title),
    )


def _other_names(name: str, model: Transformer) -> Problem | None:
    if model.prefix in layout_of(model.family).prefixes:
        return None
    said = Message(
        "base.before_tensors_names", "has no {unet} before its tensors' names", unet=UNET
    )
    if model.prefix:
        said = Message("base.names_tensors", "names its tensors {prefix}...", prefix=model.prefix)
    return Problem(
        "dit_tensors.but_sd_scripts_read",
        name,
        "is {title}, but {said}, which sd-scripts does not read",
        "Choose its original file.",
        title=FAMILIES[model.family].title,
        said=said,
    )


def _other_width(name: str, tensors: Tensors, model: Transformer) -> Problem | None:
    wanted, found = layout_of(model.family).width, width(tensors, model)
    if not wanted or found == wanted:
        return None
    title = FAMILIES[model.family].title
    return Problem(
        "dit_tensors.wide_sd_scripts_takes",
        name,
        "is {width} wide, and sd-scripts expects {title}'s {width2}",
        _choose_whole(title),
        width=found,
        title=title,
        width2=wanted,
    )


def _choose_whole(title: str) -> Message:
    return Message("base.choose_whole_model", "Choose a whole {title} model.", title=title)


def notes(name: str) -> tuple[str, ...]:
    """What only the file's name ``name`` tells."""
    if "kontext" in name.lower():
        return (
            Message(
                "base.kontext_flux_tensors_trained",
                "{name}: Kontext has FLUX.1's tensors, so it is trained as FLUX.1: on single "
                "pictures, not on pairs.",
                name=name,
            ),
        )
    return ()


def _other_variant(name: str, tensors: Tensors, model: Transformer) -> Problem | None:
    """A relative of a model that can be trained, which can't."""
    if found := _other_channels(name, tensors, model):
        return found
    title = FAMILIES[model.family].title
    if model.family == "hunyuan-image" and any(
        tensor.startswith(("time_r_in.", "guidance_in.")) for tensor in tensors
    ):
        return Problem(
            "dit_tensors.hunyuanimages_distilled_model_sd",
            name,
            "is HunyuanImage's distilled model, which sd-scripts does not train",
            "Choose {title} itself.",
            title=title,
        )
    if model.family == "sd3" and any(tensor.startswith(ENCODERS_INSIDE) for tensor in tensors):
        return Problem(
            "dit_tensors.text_encoders_inside_sd",
            name,
            "has its text encoders inside, where sd-scripts 0.10.1 does not find them",
            "Choose the file without (sd3_medium.safetensors); the encoders are files of their "
            "own.",
        )
    other = next((tensor for tensor in tensors if not tensor.startswith(model.prefix)), None)
    if other and model.family not in ("sd3", "lumina2"):
        return Problem(
            "dit_tensors.holds_more_model_example",
            name,
            "holds more than the model (for example {other}), and sd-scripts wants that alone",
            "Choose the {title} file without VAE and text encoders.",
            other=repr(other[:80]),
            title=title,
        )
    return None


def _other_channels(name: str, tensors: Tensors, model: Transformer) -> Problem | None:
    layout, title = layout_of(model.family), FAMILIES[model.family].title
    witness = tensors.get(f"{model.prefix}{layout.witness}.weight")
    channels = witness.shape[1] if witness and len(witness.shape) > 1 else layout.channels
    if channels == layout.channels:
        return None
    said = VARIANTS.get(
        (model.family, channels),
        Message(
            "base.takes_channels",
            "takes {channels} channels, not {channels2}, as {title} does",
            channels=channels,
            channels2=layout.channels,
            title=title,
        ),
    )
    return Problem("dit_tensors.said", name, said, "Choose an ordinary {title} model.", title=title)


def names(tensors: Tensors, model: Transformer) -> Iterator[str]:
    """The names that the whole model has, its prefix left out."""
    layout = layout_of(model.family)
    top = (
        *layout.top,
        *(("guidance_in.in_layer", "guidance_in.out_layer") if model.family == "flux1" else ()),
    )
    yield from _spelled(top)
    for stem, fixed, parts in layout.blocks:
        count = fixed or _count(tensors, model, stem)
        for index in range(count):
            there = (
                parts
                if index < count - 1
                else [part for part in parts if part not in layout.optional]
            )
            yield from _spelled(f"{stem}.{index}.{part}" for part in there)


def _spelled(stems: Iterator[str] | tuple[str, ...]) -> Iterator[str]:
    for stem in stems:
        if stem.endswith((".weight", ".scale")):
            yield stem
        elif stem.endswith("."):
            yield stem[:-1]
        else:
            yield from (f"{stem}.weight", f"{stem}.bias")


def _count(tensors: Tensors, model: Transformer, stem: str) -> int:
    """How many blocks there are: as SD 3's width says, else by the highest number (two digits:
    nobody counts to a billion).
    """
    if model.family == "sd3":
        return width(tensors, model) // 64 or 24
    pattern = re.compile(rf"{re.escape(model.prefix + stem)}\.(\d{{1,2}})\.")
    return max((int(match[1]) for match in map(pattern.match, tensors) if match), default=0) + 1
