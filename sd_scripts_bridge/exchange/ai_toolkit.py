"""ai-toolkit's job files (YAML, or JSON from its page) as options of sd-scripts.

Keys and defaults: ``toolkit/config_modules.py`` of ai-toolkit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import Invalid, Problem
from ..messages import Message
from ..options.kinds import SCRIPT_DEFAULTS
from .nested import Nested
from .settling import rules
from .settling.imported import Imported
from .settling.work import Given, Here, Settling
from .toml import subsets as toml_subsets

KIND = Message("ai_toolkit.job_ai_toolkit", "a job of ai-toolkit")
_TRAINERS = ("sd_trainer", "ui_trainer", "diffusion_trainer")
_FLAGS = {
    "is_flux": "flux1",
    "is_xl": "sdxl",
    "is_v3": "sd3",
    "is_v2": "sd2",
    "is_lumina2": "lumina2",
}
_ARCHES = {
    "sd1": "sd1",
    "sd15": "sd1",
    "sd2": "sd2",
    "sdxl": "sdxl",
    "sd3": "sd3",
    "flux": "flux1",
    "chroma": "chroma",
    "lumina2": "lumina2",
}
_PLAIN = {
    "train.steps": "max_train_steps",
    "train.batch_size": "train_batch_size",
    "train.lr": "learning_rate",
    "train.unet_lr": "unet_lr",
    "train.text_encoder_lr": "text_encoder_lr",
    "train.gradient_accumulation_steps": "gradient_accumulation_steps",
    "train.gradient_accumulation": "gradient_accumulation_steps",
    "train.gradient_checkpointing": "gradient_checkpointing",
    "train.optimizer": "optimizer_type",
    "train.lr_scheduler": "lr_scheduler",
    "train.min_snr_gamma": "min_snr_gamma",
    "train.noise_offset": "noise_offset",
    "train.max_grad_norm": "max_grad_norm",
    "train.seed": "seed",
    "network.dropout": "network_dropout",
    "save.save_every": "save_every_n_steps",
    "model.name_or_path": "pretrained_model_name_or_path",
    "model.is_v_pred": "v_parameterization",
}
_PRECISIONS = {"bf16": "bf16", "bfloat16": "bf16", "fp16": "fp16", "float16": "fp16"}
_PRECISIONS |= {"fp32": "no", "float32": "no", "float": "no"}
_OF_DATASETS = {
    "caption_dropout_rate": "caption_dropout_rate",
    "shuffle_tokens": "shuffle_caption",
    "keep_tokens": "keep_tokens",
    "flip_x": "flip_aug",
    "num_repeats": "num_repeats",
    "is_reg": "is_reg",
    "folder_path": "image_dir",
    "dataset_path": "image_dir",
    "enable_bucket": "enable_bucket",
}
_DEFAULTS: Mapping[str, Any] = {
    **SCRIPT_DEFAULTS,
    "max_train_steps": 1000,
    "learning_rate": 1e-6,
    "enable_bucket": True,
    "gradient_checkpointing": True,
    "network_alpha": 1.0,
}


def looks_like(data: Mapping[str, Any]) -> bool:
    """Whether a YAML or JSON object can be a job of ai-toolkit."""
    config = data.get("config")
    return isinstance(config, Mapping) and isinstance(config.get("process"), list)


def read(path: Path, data: Mapping[str, Any], here: Here) -> Imported:
    """The training that ai-toolkit would start, as near as sd-scripts comes.

    Raises `Invalid` for a job that trains no LoRA, or one of a model that sd-scripts has no script
    for.
    """
    config = data["config"]
    process = next((p for p in config["process"] if isinstance(p, Mapping)), {})
    work = Settling(path, KIND, here, _DEFAULTS)
    form = Nested({key: value for key, value in process.items() if key != "datasets"})
    kind = form.take("type", "")
    if kind not in _TRAINERS:
        raise Invalid(
            [
                _refusal(
                    path,
                    Message(
                        "ai_toolkit.job_type_trains_lora",
                        "is a job of the type {kind}, which doesn't train a LoRA",
                        kind=repr(kind),
                    ),
                )
            ]
        )
    work.ledger.used("type", kind)
    work.family = _family(path, form)
    given = [
        *_name(work, form, config),
        *_plain(form),
        *_network(path, work, form),
        *_datasets(work, process.get("datasets")),
        *_parts(work, form),
    ]
    form.tell_the_rest(
        work.ledger,
        Message("ai_toolkit.ai_toolkits_own_sd", "ai-toolkit's own: sd-scripts has no such option"),
    )
    return rules.settle(work, given)


def _refusal(path: Path, what: str) -> Problem:
    return Problem(
        "ai_toolkit.not_a_lora",
        path.name,
        "{what}",
        "Give a job that trains a LoRA of a model that sd-scripts knows.",
        what=what,
    )


def _family(path: Path, form: Nested) -> str:
    """From the model's flags or its arch; SD 1.5 where neither is there, as in ai-toolkit."""
    found = [family for flag, family in _FLAGS.items() if form.take(f"model.{flag}")]
    arch = form.take("model.arch")
    if arch is not None:
        name = str(arch).split(":")[0]
        if name not in _ARCHES:
            raise Invalid(
                [
                    _refusal(
                        path,
                        Message(
                            "ai_toolkit.sd_scripts_script_2",
                            "is for {name}, which sd-scripts has no script for",
                            name=name,
                        ),
                    )
                ]
            )
        found.append(_ARCHES[name])
    other = [key for key in form.left if key.startswith("model.is_") and form.left[key] is True]
    unknown = [key.removeprefix("model.is_") for key in other if key != "model.is_v_pred"]
    if unknown:
        said = Message(
            "ai_toolkit.sd_scripts_script",
            "is for {unknown}, which sd-scripts has no script for",
            unknown=", ".join(unknown),
        )
        raise Invalid([_refusal(path, said)])
    return found[0] if found else "sd1"


def _name(work: Settling, form: Nested, config: Mapping[str, Any]) -> Iterator[Given]:
    name = str(config.get("name") or "")
    if name and "[" not in name:
        yield Given("output_name", name, "config.name")
    trigger = form.take("trigger_word")
    if trigger:
        work.trigger = str(trigger)
        work.ledger.used(
            "trigger_word", trigger, Message("ai_toolkit.activation_text", "the activation text")
        )


def _plain(form: Nested) -> Iterator[Given]:
    for key, option in _PLAIN.items():
        for item in form.option(key, option):
            if item.value is not None:
                yield item
    for key, option in (("train.dtype", "mixed_precision"), ("save.dtype", "save_precision")):
        value = form.take(key)
        if value is not None:
            word = _PRECISIONS.get(str(value), str(value))
            is_saved = option == "save_precision" and word == "no"
            yield Given(option, "float" if is_saved else word, key)
    words = [
        f"{key.removeprefix('train.optimizer_params.')}={form.take(key)}"
        for key in [*form.left]
        if key.startswith("train.optimizer_params.")
    ]
    if words:
        yield Given("optimizer_args", words, "train.optimizer_params")


def _network(path: Path, work: Settling, form: Nested) -> Iterator[Given]:
    kind = str(form.take("network.type", "")).lower()
    if kind not in ("lora", "locon", "lokr", "dora"):
        raise Invalid(
            [
                _refusal(
                    path,
                    Message(
                        "ai_toolkit.trains_network_lora",
                        "trains the network {kind}, not a LoRA",
                        kind=repr(kind or "none"),
                    ),
                )
            ]
        )
    work.ledger.used("network.type", kind)
    rank = form.take("network.rank", form.take("network.linear", 4))
    form.take("network.linear")
    yield Given("network_dim", rank, "network.linear")
    alpha = form.take("network.linear_alpha", form.take("network.alpha", 1.0))
    yield Given("network_alpha", alpha, "network.linear_alpha")
    words = []
    conv, conv_alpha = form.take("network.conv"), form.take("network.conv_alpha")
    if conv is not None:
        words += [
            f"conv_dim={conv}",
            f"conv_alpha={conv_alpha if conv_alpha is not None else conv}",
        ]
    if kind in ("lokr", "dora"):
        factor = form.take("network.lokr_factor", -1)
        words += ["algo=lokr", f"factor={factor}"] if kind == "lokr" else ["algo=locon"]
        words += ["dora_wd=True"] if kind == "dora" else []
        yield Given("network_module", "lycoris.kohya", "network.type (network_module)")
    if words:
        yield Given("network_args", words, "network.type (network_args)")


def _parts(work: Settling, form: Nested) -> Iterator[Given]:
    unet = form.take("train.train_unet", True)
    if not form.take("train.train_text_encoder", False):
        work.ledger.originals["train.train_text_encoder"] = False
        yield Given("network_train_unet_only", True, "train.train_text_encoder")
    elif not unet:
        work.ledger.originals["train.train_unet"] = False
        yield Given("network_train_text_encoder_only", True, "train.train_unet")


def _datasets(work: Settling, datasets: Any) -> Iterator[Given]:
    """Its folders as subsets; of several sizes in a list, which take turns there, the largest."""
    tables, sides = list[dict[str, Any]](), set[int]()
    for position, table in enumerate(datasets if isinstance(datasets, list) else []):
        if not isinstance(table, Mapping):
            continue
        known = {_OF_DATASETS[key]: v for key, v in table.items() if key in _OF_DATASETS}
        extension = str(table.get("caption_ext") or "")
        if extension:
            known["caption_extension"] = f".{extension.lstrip('.')}"
        tables.append({key: value for key, value in known.items() if value is not None})
        resolution = table.get("resolution", 512)
        for side in resolution if isinstance(resolution, list) else [resolution]:
            sides |= {int(side)} if str(side).isdigit() else set()
        _tell(work, position, table)
    if sides:
        yield Given("resolution", str(max(sides)), "datasets resolution")
    if len(sides) > 1:
        said = ", ".join(map(str, sorted(sides)))
        work.notes.append(
            Message(
                "ai_toolkit.ai_toolkit_trains_turns",
                "ai-toolkit trains at {said} in turn; sd-scripts trains at one size, here {max}.",
                said=said,
                max=max(sides),
            )
        )
    if tables:
        yield from toml_subsets.options(work, {"datasets": [{"subsets": tables}]}, "")


def _tell(work: Settling, position: int, table: Mapping[str, Any]) -> None:
    told = {*_OF_DATASETS, "caption_ext", "resolution"}
    for key, value in table.items():
        if key not in told:
            why = Message(
                "ai_toolkit.ai_toolkits_own_sd", "ai-toolkit's own: sd-scripts has no such option"
            )
            work.ledger.ignored(f"datasets[{position}].{key}", value, why)
