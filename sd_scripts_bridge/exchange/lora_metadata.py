"""A finished LoRA as the settings of its training: "train again like this one".

From its metadata, and where that is silent from its tensors.
"""

from __future__ import annotations

import json
import re
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..models import lora
from ..models.safetensors_file import read_header
from ..options.families import FAMILIES
from ..options.kinds import SCRIPT_DEFAULTS
from .settling import rules
from .settling.report import Imported
from .settling.work import KNOWN, Given, Here, Settling

KIND = "a LoRA's own metadata"

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
    """The training that made the LoRA. Raises `Invalid` for a file that is none."""
    found = lora.inspect(path, whole=here.whole)
    work = Settling(
        path,
        KIND,
        here,
        {**SCRIPT_DEFAULTS, "cache_latents": True, "enable_bucket": True},
        textual=True,
    )
    version = found.metadata.get("ss_base_model_version", "")
    work.family = next(
        (family for mark, family in _FAMILIES if mark in version), found.family or None
    )
    if work.family not in FAMILIES:
        work.notes.append(f"This LoRA is for {work.family or 'an unknown family'}.")
        work.family = None
    work.ledger.originals |= found.metadata
    given = [*_from_tensors(work, found), *_from_metadata(work, found.metadata)]
    return rules.settle(work, given)


# ---- tensors ----


def _from_tensors(work: Settling, found: lora.LoraFile) -> Iterator[Given]:
    """What was trained, how large, and in which number format it was saved."""
    precision = {"F16": "fp16", "BF16": "bf16", "F32": "float"}.get(found.dtype)
    if precision:
        yield Given("save_precision", precision, "tensors save_precision")
    if not found.text_encoder_modules:
        yield Given("network_train_unet_only", True, "tensors network_train_unet_only")
    elif not found.unet_modules:
        yield Given(
            "network_train_text_encoder_only", True, "tensors network_train_text_encoder_only"
        )
    if "ss_network_dim" not in found.metadata and found.dims:
        yield Given("network_dim", found.dims[-1], "tensors network_dim")
        alpha = _alpha(found.path) if work.here.whole else None
        yield Given("network_alpha", alpha or found.dims[-1], "tensors network_alpha")
        work.notes.append(
            "The metadata has been removed: rank and alpha come from the tensors, all else is "
            "guessed."
        )


def _alpha(path: Path) -> float | None:
    """The value that most alpha tensors hold."""
    header, values = read_header(path), Counter[float]()
    with path.open("rb") as file:
        for name, tensor in header.tensors.items():
            if not name.endswith(".alpha"):
                continue
            file.seek(header.data_start + tensor.begin)
            value = _scalar(file.read(tensor.end - tensor.begin), tensor.dtype)
            if value is not None:
                values[value] += 1
    return values.most_common(1)[0][0] if values else None


def _scalar(raw: bytes, dtype: str) -> float | None:
    if dtype == "BF16" and len(raw) == 2:
        raw, dtype = b"\0\0" + raw, "F32"
    form = {("F32", 4): "<f", ("F16", 2): "<e", ("F64", 8): "<d"}.get((dtype, len(raw)))
    return float(struct.unpack(form, raw)[0]) if form else None


# ---- metadata ----


def _from_metadata(work: Settling, metadata: Mapping[str, str]) -> Iterator[Given]:
    for key, text in metadata.items():
        name = key.removeprefix("ss_")
        value = _value(text)
        option = _RENAMED.get(name, name)
        if not key.startswith("ss_"):
            work.ledger.ignored(key, text, "a fact about the file, not a setting")
        elif name in _READ_ELSEWHERE:
            yield from _special(work, key, name, text)
        elif option in KNOWN or option in _OPTIONS or name in _RENAMED:
            yield Given(option, value, key)
        else:
            work.ledger.ignored(key, text, "what that run measured or counted, not a setting")
    if "ss_max_train_steps" not in metadata and "ss_steps" in metadata:
        yield Given("max_train_steps", metadata["ss_steps"], "ss_steps")


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
            key, text, f"trigger {work.trigger!r}", "the folders themselves are not in the file"
        )
    elif name == "sd_model_name":
        yield Given("pretrained_model_name_or_path", "" if text == "None" else text, key)
    else:
        work.ledger.used(key, text, f"family {work.family}", "the base model has the last word")


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
        work.ledger.ignored(key, text, "holds no dataset")
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
        else f"the first of {len(datasets)} datasets; all pictures are trained alike here"
    )
    if more:
        work.ledger.changed(key, text, "datasets[0]", more)
    else:
        work.ledger.used(key, text, "see its parts")


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


def _value(text: str) -> Any:
    return {"None": None, "True": True, "False": False}.get(text, text)


def _word(value: Any) -> str:
    return "".join((",".join(map(str, value)) if isinstance(value, list) else str(value)).split())


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
