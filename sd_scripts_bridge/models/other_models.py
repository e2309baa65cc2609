"""Files that no base can be, known by the names of their tensors, each with its own sentence."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Problem
from ..messages import Message
from ..options.families import FAMILIES as TRAINED
from . import dit_tensors
from .companion_kinds import is_quantised
from .ldm_tensors import UNET, VAE
from .safetensors_file import TensorInfo

TRAINABLE = Message(
    "base.trained",
    "trained are {trained}",
    trained=", ".join(family.title for family in TRAINED.values()),
)
FULL = Message(
    "base.choose_whole_checkpoint_such",
    "Choose a whole checkpoint, such as the WebUI makes pictures with.",
)

FAMILIES = (
    ("nerf_image_embedder.", Message("base.chroma_radiance", "a Chroma Radiance")),
    ("double_stream_modulation_img.", Message("base.flux_2", "a FLUX.2")),
    ("redux_up.", Message("base.flux_redux", "a FLUX.1 Redux")),
    ("individual_token_refiner.", Message("base.hunyuan_video", "a Hunyuan video")),
    ("mlp_t5.", Message("base.hunyuandit", "a HunyuanDiT")),
    ("transformer_blocks.0.img_mod.", Message("base.qwen_image", "a Qwen-Image")),
    (
        "single_transformer_blocks.0.",
        Message(
            "base.flux_diffusers_layout_original",
            "a FLUX.1 (in diffusers' layout; its original file can be trained on)",
        ),
    ),
    ("joint_transformer_blocks.0.", Message("base.auraflow", "an AuraFlow")),
    (
        "transformer_blocks.0.ff_context.",
        Message(
            "base.sd_diffusers_layout_original",
            "an SD 3 (in diffusers' layout; its original file can be trained on)",
        ),
    ),
    ("double_layers.0.", Message("base.auraflow", "an AuraFlow")),
    ("cap_pad_token", Message("base.z_image", "a Z-Image")),
    ("adaln_modulation_cross_attn.", Message("base.cosmos", "a Cosmos")),
    ("head.modulation", Message("base.wan", "a Wan")),
    ("t_block.1.", Message("base.pixart", "a PixArt")),
    ("patchify_proj.", Message("base.ltx", "an LTX")),
    ("clf.1.", Message("base.stable_cascade", "a Stable Cascade")),
    ("effnet_mapper.", Message("base.stable_cascade", "a Stable Cascade")),
)
"""(part of a tensor's name, whose model it is); the first that fits decides."""

LORA_ENDS = (
    ".lora_down.weight",
    ".lora_up.weight",
    ".lora_A.weight",
    ".lora_B.weight",
    ".hada_w1_a",
    ".lokr_w1",
    ".lokr_w1_a",
    ".oft_blocks",
    ".oft_diag",
    ".dora_scale",
    ".lora.down.weight",
    ".lora.up.weight",
    ".on_input",
    ".diff_b",
)

KINDS = (
    ("control_model.", Message("base.controlnet", "is a ControlNet"), FULL),
    ("controlnet_cond_embedding.", Message("base.controlnet", "is a ControlNet"), FULL),
    (
        "encoder.down_blocks.0.",
        Message("base.vae_diffusers_layout", "is only a VAE (in diffusers' layout)"),
        FULL,
    ),
    (
        "down_blocks.0.",
        Message(
            "base.net_model_folder_diffusers",
            "is only the U-Net of a model folder in diffusers' layout",
        ),
        Message(
            "base.choose_whole_model_safetensors",
            "Choose the whole model as one .safetensors file, as the WebUI uses it.",
        ),
    ),
    ("text_model.encoder.layers.0.", Message("base.text_encoder", "is only a text encoder"), FULL),
    (
        "encoder.block.0.layer.0.SelfAttention.",
        Message("base.text_encoder_2", "is only a text encoder (T5)"),
        FULL,
    ),
    ("shared.weight", Message("base.text_encoder_2", "is only a text encoder (T5)"), FULL),
    (
        "model.embed_tokens.weight",
        Message("base.text_encoder_language_model", "is only a text encoder (a language model)"),
        FULL,
    ),
    (
        "model.language_model.embed_tokens.weight",
        Message("base.text_encoder_language_model", "is only a text encoder (a language model)"),
        FULL,
    ),
    (
        "embed_tokens.weight",
        Message("base.text_encoder_language_model", "is only a text encoder (a language model)"),
        FULL,
    ),
    ("encoder.conv1.", Message("base.vae", "is only a VAE"), FULL),
)

CHANNELS = {
    9: Message(
        "base.inpainting_model_net_takes",
        "is an inpainting model (its U-Net takes 9 channels, not 4)",
    ),
    8: Message(
        "base.instruct_pix_pix_model",
        "is an instruct-pix2pix model (its U-Net takes 8 channels, not 4)",
    ),
    7: Message(
        "base.upscaler_model_net_takes", "is an upscaler model (its U-Net takes 7 channels, not 4)"
    ),
    5: Message(
        "base.depth_model_net_takes", "is a depth model (its U-Net takes 5 channels, not 4)"
    ),
}


def refusal(name: str, tensors: Mapping[str, TensorInfo]) -> Problem | None:
    """Why the file ``name`` can't be a base whatever else it holds, or None: it looks like Stable
    Diffusion.
    """
    if not tensors:
        return Problem("other_models.holds_tensors", name, "holds no tensors", FULL)
    found = _kind(tensors) or _variant(tensors)
    return Problem("other_models.said", name, *found) if found else None


def _kind(tensors: Mapping[str, TensorInfo]) -> tuple[str, str] | None:
    if any(key.endswith(LORA_ENDS) for key in tensors):
        return Message("base.lora_base_model", "is a LoRA, not a base model"), Message(
            "base.choose_checkpoint_made", "Choose the checkpoint that it was made for."
        )
    if (
        f"{UNET}input_blocks.0.0.weight" in tensors
        or f"{UNET}out.2.weight" in tensors
        or dit_tensors.recognise(tensors)
    ):
        return None
    text = "\n".join(tensors)
    for mark, family in FAMILIES:
        if mark in text:
            return Message(
                "base.model", "is {family} model; {trainable}", family=family, trainable=TRAINABLE
            ), ""
    if any(key.startswith(UNET) for key in tensors):
        return None
    lines = "\n" + text
    for mark, what, remedy in KINDS:
        if f"\n{mark}" in lines:
            return what, remedy
    return _loose_part(tensors)


def _loose_part(tensors: Mapping[str, TensorInfo]) -> tuple[str, str] | None:
    """A part of a checkpoint under its names inside that part, or alone."""
    if "input_blocks.0.0.weight" in tensors:
        return Message(
            "base.net_without_vae_text", "is only a U-Net, without VAE and text encoder"
        ), FULL
    if any(key.startswith(("encoder.down.", "decoder.up.")) for key in tensors):
        return Message("base.vae", "is only a VAE"), FULL
    tops = {key.split(".", 1)[0] for key in tensors}
    if tops <= {VAE[:-1], "model_ema"}:
        return Message("base.vae", "is only a VAE"), FULL
    if tops <= {"cond_stage_model", "conditioner"}:
        return Message("base.text_encoder", "is only a text encoder"), FULL
    if tops & {"first_stage_model", "cond_stage_model", "conditioner"}:
        return None
    if "emb_params" in tensors or tops <= {"clip_g", "clip_l"}:
        return Message(
            "base.textual_inversion_embedding_base",
            "is a textual inversion embedding, not a base model",
        ), FULL
    example = next(iter(tensors))
    return Message(
        "base.model_know_first_tensor",
        "is not a model that we know (its first tensor is {example}); {trainable}",
        example=repr(example[:80]),
        trainable=TRAINABLE,
    ), ""


def _variant(tensors: Mapping[str, TensorInfo]) -> tuple[str, str] | None:
    """A relative of Stable Diffusion that these trainers don't train."""
    if is_quantised(tensors):
        return Message("base.holds_quantised_weights", "holds quantised weights"), Message(
            "base.choose_fp_bf_fp", "Choose the fp16, bf16 or fp32 version of this model."
        )
    first = tensors.get(f"{UNET}input_blocks.0.0.weight")
    channels = first.shape[1] if first and len(first.shape) == 4 else 4
    if channels != 4:
        return CHANNELS.get(
            channels,
            Message(
                "base.net_takes_channels",
                "has a U-Net that takes {channels} channels, not 4",
                channels=channels,
            ),
        ), FULL
    if _is_refiner(tensors):
        return Message("base.sdxl_refiner", "is the SDXL refiner"), Message(
            "base.choose_sdxl_base_model", "Choose an SDXL base model."
        )
    if "noise_augmentor.data_mean" in tensors or any(
        key.startswith("embedder.model.visual.") for key in tensors
    ):
        return Message("base.unclip_model", "is an unCLIP model"), FULL
    if "edm_mean" in tensors or "edm_vpred.sigma_max" in tensors:
        return Message(
            "base.trained_edm_noise_playground",
            "is trained with EDM noise (Playground v2.5, CosXL); {trainable}",
            trainable=TRAINABLE,
        ), ""
    return None


def _is_refiner(tensors: Mapping[str, TensorInfo]) -> bool:
    if any(key.startswith("conditioner.embedders.0.model.") for key in tensors):
        return not any(key.startswith("conditioner.embedders.1.") for key in tensors)
    first = tensors.get(f"{UNET}input_blocks.0.0.weight")
    return bool(first and first.shape[:1] == (384,) and f"{UNET}label_emb.0.0.weight" in tensors)
