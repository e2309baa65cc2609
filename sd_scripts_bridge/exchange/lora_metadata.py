"""A finished LoRA as the settings of its training: "train again like this one".

From its metadata, and where that is silent from its tensors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import Invalid, Problem
from ..messages import Message
from ..models import lora
from ..options import presets
from ..options.families import FAMILIES
from ..options.kinds import SCRIPT_DEFAULTS
from . import onetrainer
from .lora_alpha import alpha_of
from .settling import rules
from .settling.imported import HIDDEN, Imported
from .settling.work import KNOWN, Given, Here, Settling

KIND = Message("lora_metadata.loras_own_metadata", "a LoRA's own metadata")
ONETRAINER = Message(
    "lora_metadata.settings_onetrainer_loras_metadata",
    "the settings of OneTrainer in a LoRA's metadata",
)
_TELL = ("ss_learning_rate", "ss_unet_lr", "ss_network_module", "ss_max_train_steps")
"""Where one of these is there, sd-scripts wrote the metadata."""

_RENAMED = {
    "batch_size_per_device": "train_batch_size",
    "sd_model_name": "pretrained_model_name_or_path",
    "vae_name": "vae",
    "debiased_estimation": "debiased_estimation_loss",
}
_OPTIONS = frozenset(
    {
        "adaptive_noise_scale",
        "caption_dropout_every_n_epochs",
        "caption_tag_dropout_rate",
        "color_aug",
        "face_crop_aug_range",
        "fp8_base",
        "fp8_base_unet",
        "full_fp16",
        "full_bf16",
        "huber_c",
        "huber_scale",
        "huber_schedule",
        "ip_noise_gamma",
        "ip_noise_gamma_random_strength",
        "loss_type",
        "multires_noise_discount",
        "multires_noise_iterations",
        "network_dropout",
        "noise_offset_random_strength",
        "random_crop",
        "resize_interpolation",
        "scale_weight_norms",
        "zero_terminal_snr",
        "lowram",
        "output_name",
        "weighted_captions",
        "keep_tokens_separator",
    }
)
"""Options beyond `KNOWN` that the metadata has under their own name."""

_FAMILIES = (("sdxl", "sdxl"), ("sd_v2", "sd2"), ("sd_v1", "sd1"))
_READ_ELSEWHERE = frozenset(
    {
        "network_args",
        "optimizer",
        "datasets",
        "dataset_dirs",
        "base_model_version",
        "v2",
        "sd_model_name",
    }
)
_DATASET_FACTS = frozenset(
    {
        "bucket_info",
        "tag_frequency",
        "num_train_images",
        "num_reg_images",
        "is_dreambooth",
        "dataset_dirs",
        "subsets",
        "enable_wildcard",
    }
)


def read(path: Path, here: Here) -> Imported:
    """The training that made the LoRA. Raises `Invalid` for a file that is none, or that is for a
    family that sd-scripts has no script for.
    """
    found = lora.inspect(path, whole=here.whole)
    one_trainer = _one_trainer(found.metadata)
    if one_trainer is not None:
        return onetrainer.read(path, one_trainer, here, ONETRAINER)
    version = found.metadata.get("ss_base_model_version", "")
    family = next((family for mark, family in _FAMILIES if mark in version), found.family or None)
    if family is not None and family not in FAMILIES:
        raise Invalid([_other_family(path, family)])
    is_told = any(key in found.metadata for key in _TELL)
    work = Settling(path, KIND, here, _defaults(family, is_told=is_told), textual=True)
    work.family = family
    if family is None:
        work.notes.append(
            Message(
                "lora_metadata.lora_unknown_family_name",
                "This LoRA is for an unknown family: name its base model with --base.",
            )
        )
    work.ledger.originals |= found.metadata
    given = [*_from_tensors(work, found, is_told=is_told), *_from_metadata(work, found.metadata)]
    return rules.settle(work, given)


def _other_family(path: Path, family: str) -> Problem:
    return Problem(
        "lora_metadata.other_family",
        path.name,
        "is a LoRA for {family}, which sd-scripts has no script for",
        "Give a LoRA of {titles}.",
        family=family,
        titles=", ".join(known.title for known in FAMILIES.values()),
    )


def _one_trainer(metadata: Mapping[str, str]) -> Mapping[str, Any] | None:
    """OneTrainer's settings, which it keeps whole where it is told to."""
    data = _json(metadata.get("ot_config", ""))
    return data if isinstance(data, dict) and onetrainer.looks_like(data) else None


def _defaults(family: str | None, *, is_told: bool) -> dict[str, Any]:
    """What holds where the file is silent: sd-scripts' defaults for a run of sd-scripts, else the
    preset for the family.
    """
    ours = {"cache_latents": True, "enable_bucket": True}
    if is_told:
        return {**SCRIPT_DEFAULTS, **ours}
    preset = presets.get(presets.FOR_FAMILY.get(family or "sd1", "person-sd15"))
    values = {**SCRIPT_DEFAULTS, **ours, **preset.values}
    return {key: value for key, value in values.items() if key in SCRIPT_DEFAULTS}


# ---- tensors ----


def _from_tensors(work: Settling, found: lora.LoraFile, *, is_told: bool) -> Iterator[Given]:
    """What was trained, by which network, how large, and in which number format it was saved."""
    precision = {"F16": "fp16", "BF16": "bf16", "F32": "float"}.get(found.dtype)
    if precision:
        yield Given("save_precision", precision, "tensors save_precision")
    if not found.text_encoder_modules:
        yield Given("network_train_unet_only", True, "tensors network_train_unet_only")
    elif not found.unet_modules:
        yield Given(
            "network_train_text_encoder_only", True, "tensors network_train_text_encoder_only"
        )
    if "ss_network_module" not in found.metadata:
        yield from _network(work, found)
    if "ss_network_dim" not in found.metadata and found.dims:
        yield Given("network_dim", found.dims[-1], "tensors network_dim")
        alpha = alpha_of(found.path) if work.here.whole else None
        yield Given("network_alpha", alpha or found.dims[-1], "tensors network_alpha")
    if not is_told:
        work.notes.append(_silence(found.metadata, work.family))


def _network(work: Settling, found: lora.LoraFile) -> Iterator[Given]:
    module, words = found.network
    own = FAMILIES[work.family].network if work.family else "networks.lora"
    yield Given(
        "network_module", own if module == "networks.lora" else module, "tensors network_module"
    )
    if words:
        yield Given("network_args", list(words), "tensors network_args")


def _silence(metadata: Mapping[str, str], family: str | None) -> str:
    """What the file says of its training, where that isn't how it was trained."""
    known = (
        Message("lora_metadata.metadata_names_settings", "The metadata names no settings")
        if metadata
        else Message("lora_metadata.metadata_removed", "The metadata has been removed")
    )
    preset = presets.FOR_FAMILY.get(family or "sd1", "person-sd15")
    return Message(
        "lora_metadata.network_rank_alpha_come",
        "{known}: network, rank and alpha come from the tensors, all else from {preset}.",
        known=known,
        preset=preset,
    )


# ---- metadata ----


def _from_metadata(work: Settling, metadata: Mapping[str, str]) -> Iterator[Given]:
    for key, text in metadata.items():
        name = key.removeprefix("ss_")
        option = _RENAMED.get(name, name)
        if key == "ss_tag_frequency" and "ss_dataset_dirs" not in metadata:
            _name_trigger_from_tags(work, key, text)
        elif key == "ot_config" or not key.startswith("ss_"):
            _no_setting(work, key, text)
        elif name in _READ_ELSEWHERE:
            yield from _special(work, key, name, text)
        elif option in KNOWN or option in _OPTIONS or name in _RENAMED:
            yield Given(option, _value(text), key)
        else:
            _no_setting(work, key, text)
    if "ss_max_train_steps" not in metadata and "ss_steps" in metadata:
        yield Given("max_train_steps", metadata["ss_steps"], "ss_steps")
    progress = _json(metadata.get("training_info", ""))  # ai-toolkit's
    if isinstance(progress, dict) and progress.get("step"):
        yield Given("max_train_steps", progress["step"], "training_info")


def _no_setting(work: Settling, key: str, text: str) -> None:
    if key == "ot_config":  # it may hold secrets
        said = "settings of OneTrainer that can't be read"
        work.ledger.ignored(
            key, HIDDEN, Message("lora_metadata.settings_onetrainer_cant_read", said)
        )
    elif not key.startswith("ss_"):
        said = "a fact about the file, not a setting"
        work.ledger.ignored(key, text, Message("lora_metadata.fact_about_file_setting", said))
    else:
        said = "what that run measured or counted, not a setting"
        work.ledger.ignored(key, text, Message("lora_metadata.run_measured_counted_setting", said))


def _special(work: Settling, key: str, name: str, text: str) -> Iterator[Given]:
    if name == "network_args":
        args = _json(text)
        words = (
            [f"{k}={_word(v)}" for k, v in args.items() if v is not None]
            if isinstance(args, dict)
            else []
        )
        yield Given("network_args", words, key)
    elif name == "optimizer":
        yield from _optimizer(key, text)
    elif name == "datasets":
        yield from _datasets(work, key, text)
    elif name == "dataset_dirs":
        _name_trigger(work, text)
        work.ledger.used(
            key,
            text,
            f"trigger {work.trigger!r}",
            Message(
                "lora_metadata.folders_themselves_file",
                "the folders themselves are not in the file",
            ),
        )
    elif name == "sd_model_name":
        yield Given("pretrained_model_name_or_path", "" if text == "None" else text, key)
    else:
        work.ledger.used(
            key,
            text,
            f"family {work.family}",
            Message("lora_metadata.base_model_last_word", "the base model decides"),
        )


def _optimizer(key: str, text: str) -> Iterator[Given]:
    """ "bitsandbytes.optim.adamw.AdamW8bit(weight_decay=0.1,betas=(0.9, 0.99))": its last name, and
    its arguments.
    """
    name, _, rest = text.partition("(")
    words = [word for word in _arguments(rest) if "=" in word]
    if words:
        yield Given("optimizer_args", words, key)
    yield Given("optimizer_type", name.rpartition(".")[2], key)


def _arguments(text: str) -> list[str]:
    """Split at the commas that stand in no bracket; the bracket that closes the call is dropped."""
    words, depth, word = [], 0, ""
    for character in text[:-1] if text.endswith(")") else text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            words.append(word)
            word = ""
        elif not character.isspace():
            word += character
    return [*words, word]


def _datasets(work: Settling, key: str, text: str) -> Iterator[Given]:
    """Runs with a dataset_config keep here what others have as entries of their own.

    The first dataset has the say.
    """
    datasets = _json(text)
    if not isinstance(datasets, list) or not datasets or not isinstance(datasets[0], dict):
        work.ledger.ignored(key, text, Message("lora_metadata.holds_dataset", "holds no dataset"))
        return
    first = datasets[0]
    subset = next(
        (s for s in first.get("subsets", []) if isinstance(s, dict) and not s.get("is_reg")), {}
    )
    for name, value in {**first, **subset}.items():
        option = _RENAMED.get(name, name)
        if name not in _DATASET_FACTS and (option in KNOWN or option in _OPTIONS):
            yield Given(option, value, f"{key} {name}")
    if subset.get("class_tokens"):
        work.trigger = str(subset["class_tokens"])
    more = (
        ""
        if len(datasets) == 1
        else Message(
            "lora_metadata.first_datasets_all_pictures",
            "the first of {count} datasets; all pictures are trained alike here",
            count=len(datasets),
        )
    )
    if more:
        work.ledger.changed(key, text, "datasets[0]", more)
    else:
        work.ledger.used(key, text, Message("lora_metadata.see_parts", "see its parts"))


def _name_trigger(work: Settling, text: str) -> None:
    folders = _json(text)
    if isinstance(folders, dict) and folders and work.trigger is None:
        first = max(
            folders,
            key=lambda name: (
                folders[name].get("img_count", 0) if isinstance(folders[name], dict) else 0
            ),
        )
        work.trigger = re.sub(r"^\d+_", "", first)


def _name_trigger_from_tags(work: Settling, key: str, text: str) -> None:
    """ai-toolkit writes the trigger word as the name of its folder ("1_ad4 woman")."""
    folders = _json(text)
    if isinstance(folders, dict) and len(folders) == 1 and work.trigger is None:
        work.trigger = re.sub(r"^\d+_", "", next(iter(folders)))
        work.ledger.used(key, text, f"trigger {work.trigger!r}")
    else:
        work.ledger.ignored(
            key,
            text,
            Message(
                "lora_metadata.run_measured_counted_setting",
                "what that run measured or counted, not a setting",
            ),
        )


def _value(text: str) -> Any:
    return {"None": None, "True": True, "False": False}.get(text, text)


def _word(value: Any) -> str:
    return "".join((",".join(map(str, value)) if isinstance(value, list) else str(value)).split())


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
