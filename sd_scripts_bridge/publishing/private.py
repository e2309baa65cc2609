"""A LoRA's metadata and card without a word of whoever trained it: what a host needs, and numbers.

What may stay is listed here, under sd-scripts' own keys; a key or a value that isn't, goes. So no
other program's key brings captions, names or paths along.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from ..errors import PublishRefused
from ..models import lora, safetensors_file
from ..models.lora import LoraFile
from ..options.families import FAMILIES
from ..system.files import replace_file
from . import header
from .card import UNKNOWN, Card

MARKS = {
    "sd1": ("sd_v1", "stable-diffusion-v1"),
    "sd2": ("sd_v2", "stable-diffusion-v2-512"),
    "sdxl": ("sdxl_base_v1-0", "stable-diffusion-xl-v1-base"),
    "sd3": ("sd3", "stable-diffusion-3-m"),
    "flux1": ("flux1", "flux-1-dev"),
    "chroma": ("chroma", "chroma"),
    "lumina2": ("lumina2", "lumina-2"),
    "hunyuan-image": ("hunyuan-image-2.1", "hunyuan-image-2.1"),
    "anima": ("anima", "anima-preview"),
}
"""What sd-scripts 0.10.1 writes for each family: ``ss_base_model_version``, and the front of
``modelspec.architecture``. A1111 and Forge file a LoRA by these two and ``ss_v2``.
"""
OTHER_VERSIONS = ("sd_v1_v", "sd_v2_v", "sdxl_base_v0-9")
OTHER_ARCHITECTURES = ("stable-diffusion-v2-768-v", "stable-diffusion-3-5-large", "flux-1-schnell")
IMPLEMENTATIONS = (
    "diffusers",
    "https://github.com/Stability-AI/generative-models",
    "https://github.com/black-forest-labs/flux",
)
NETWORKS = frozenset(
    network for f in FAMILIES.values() for network in (f.network, *f.other_networks)
)

NUMBER = re.compile(
    r"None|True|False|Dynamic|-?\d+(\.\d+)?(e-?\d+)?|\(\d+, \d+\)|\d+x\d+|\d+\.\d+\.\d+"
)
_NUMBERS = """
adaptive_noise_scale batch_size_per_device bucket_no_upscale caption_dropout_rate
caption_tag_dropout_rate clip_skip debiased_estimation enable_bucket epoch flip_aug
gradient_accumulation_steps huber_c ip_noise_gamma keep_tokens learning_rate lr_warmup_steps
max_bucket_reso max_grad_norm max_token_length max_train_steps min_bucket_reso min_snr_gamma
multires_noise_discount multires_noise_iterations network_alpha network_dim network_dropout
noise_offset num_batches_per_epoch num_epochs prior_loss_weight resolution scale_weight_norms
shuffle_caption steps text_encoder_lr total_batch_size unet_lr v2 zero_terminal_snr
"""
NUMBERS = frozenset(f"ss_{name}" for name in _NUMBERS.split()) | {
    "modelspec.encoder_layer",
    "modelspec.resolution",
    "modelspec.sai_model_spec",
}
CHOICES = {
    "ss_base_model_version": {*(version for version, _ in MARKS.values()), *OTHER_VERSIONS},
    "ss_network_module": NETWORKS,
    "modelspec.architecture": {
        f"{name}/lora" for name in (*(a for _, a in MARKS.values()), *OTHER_ARCHITECTURES)
    },
    "modelspec.implementation": {*IMPLEMENTATIONS},
    "modelspec.prediction_type": {"epsilon", "v"},
}


def metadata(file: LoraFile) -> dict[str, str]:
    """What may stay of the file's metadata, and the marks of its family where it lacked them.

    The name and the hashes are not in it: whoever writes the file knows them.
    """
    kept = {key: value for key, value in file.metadata.items() if _may_stay(key, value)}
    version, architecture = MARKS.get(family(file), ("", ""))
    if not version:
        return kept
    marks = {"ss_base_model_version": version, "ss_v2": str(version.startswith("sd_v2"))}
    return {**marks, "modelspec.architecture": f"{architecture}/lora", **kept}


def card(file: LoraFile, name: str, spoken: str) -> Card:
    """A card that says the family, and of the words that bring the subject none but ``name``."""
    known = FAMILIES.get(family(file))
    own = name if f"{spoken} ".startswith(f"{name} ") else ""
    return Card("", known.sd_version if known else UNKNOWN, own)


def family(file: LoraFile) -> str:
    """The file's family where it is one of ours; else "": its own word for it may be any word."""
    return file.family if file.family in FAMILIES else ""


def refuse_strangers(path: Path) -> None:
    """Raises `PublishRefused` for tensors that belong to no module of a LoRA: their names, an
    embedding's say, can't be left out of the file.
    """
    strangers = lora.strangers(path)
    if strangers:
        raise PublishRefused(
            "private.strangers",
            "{name} holds more than a LoRA, and names it ({stranger}). Publish it "
            "without --private, or take that out first.",
            name=path.name,
            stranger=strangers[0],
        )


def scrub(path: Path) -> None:
    """Take from a LoRA that lies there already what `metadata` wouldn't keep; its tensors, its name
    and so its hash stay. Raises `Invalid` for a file that isn't a LoRA, OSError.
    """
    file = lora.inspect(path)
    stem = file.metadata.get("ss_output_name") or path.stem
    about = header.complete(path, metadata(file), stem, safetensors_file.model_hash(path))
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with aside.open("wb") as out:
            safetensors_file.copy_into(path, out, about)
        replace_file(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def _may_stay(key: str, value: str) -> bool:
    if key in NUMBERS:
        return NUMBER.fullmatch(value) is not None
    return value in CHOICES.get(key, ())
