"""kohya_ss' saved LoRA settings (a flat JSON object) as options of sd-scripts: what its form would
pass on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...messages import Message
from ...options.kinds import SCRIPT_DEFAULTS, is_off
from ..scripts import command_words
from ..settling import rules
from ..settling.imported import Imported
from ..settling.work import KNOWN, Given, Here, Settling, number
from . import families, networks, other_tabs
from .keys import FAMILIES, FORM, LAUNCHER, NETWORK, OTHER_FAMILIES, RENAMED, STATE
from .reported import FREE, reported

KIND = Message("kohya_gui.settings_saved_kohya_ss", "settings saved by kohya_ss")
_ELSEWHERE = frozenset(
    {
        "dataset_config",
        "additional_parameters",
        "sample_prompts",
        "epoch",
        "xformers",
        "lr_warmup",
        "lr_warmup_steps",
        "text_encoder_lr",
        "unet_lr",
        "sdxl",
        "network_train",
        "use_wandb",
        "locon",
        "conv_dims",
        "conv_alphas",
        "max_train_steps",
        "max_train_epochs",
    }
)
"""Keys that are read together with others."""

_NO_ZERO = frozenset(
    {"max_grad_norm", "prior_loss_weight", "lr_scheduler_power", "network_alpha", "learning_rate"}
)
"""The form drops every 0 on its way to sd-scripts; for these 0 would have been another training."""

_NOISE = {
    "Original": ("noise_offset", "noise_offset_random_strength", "adaptive_noise_scale"),
    "Multires": ("multires_noise_iterations", "multires_noise_discount"),
}


def looks_like(data: Mapping[str, Any]) -> bool:
    """Whether a JSON object can come from kohya_ss."""
    return len(data.keys() & {*FORM, *NETWORK, *LAUNCHER}) >= min(3, len(data)) and bool(data)


def read(path: Path, data: Mapping[str, Any], here: Here) -> Imported:
    """The training that the form would start. Raises `Invalid` for the settings of another tab."""
    other_tabs.refuse(path, data)
    old = {
        "network_weights": "lora_network_weights",
        "conv_block_dims": "conv_dims",
        "conv_block_alphas": "conv_alphas",
    }
    modern = {new: data[key] for new, key in old.items() if key in data and new not in data}
    form = {
        **FORM,
        **NETWORK,
        **modern,
        **{key: value for key, value in data.items() if value is not None},
    }
    form |= _form_of_old_versions(data)
    if "save_state" not in data:
        form.pop("save_state")  # ours: a stopped run can go on, and the result is the same
    work = Settling(path, KIND, here, SCRIPT_DEFAULTS, textual=True)
    work.family = families.family(form) or (
        "sdxl" if form["sdxl"] else "sd2" if form["v2"] else "sd1"
    )
    given = [
        *_options(work, form),
        *_lengths(work, form),
        *_warmup(work, form),
        *_rates(form),
        *_network(work, form),
    ]
    work.keys["pretrained_model_name_or_path"] = Given(
        "pretrained_model_name_or_path", "", ""
    )  # none unless in the file
    _launcher(work, form)
    imported = rules.settle(work, [*given, *_additional(work, form)])
    rounded_once = (
        work.keys["max_train_epochs"].key == "epoch" if "max_train_epochs" in work.keys else False
    )
    return reported(replace(imported, rounded_once=rounded_once), data, work.family)


def _form_of_old_versions(data: Mapping[str, Any]) -> dict[str, Any]:
    """What `update_my_data` of the form fills in,
    and what a file without a number of steps means.
    """
    changes: dict[str, Any] = {}
    if "optimizer" not in data:
        changes["optimizer"] = "AdamW" if data.get("use_8bit_adam") is False else "AdamW8bit"
    if "max_train_steps" not in data:
        changes["max_train_steps"] = 0
    if data.get("locon") and "LoRA_type" not in data:
        changes["LoRA_type"] = "Kohya LoCon"
    return changes


# ---- key by key ----


def _options(work: Settling, form: Mapping[str, Any]) -> Iterator[Given]:
    """Keys that are an option each; those of no training are reported on the way."""
    idle = _NOISE["Multires" if form["noise_offset_type"] != "Multires" else "Original"]
    for key, value in form.items():
        if key in LAUNCHER:
            continue  # see _launcher
        if key in FAMILIES:
            _family_box(work, key, value)
        elif key in OTHER_FAMILIES:
            yield from _of_a_family(work, key, value)
        elif key in STATE:
            work.ledger.ignored(key, value, STATE[key])
        elif key.startswith("sdxl_") and value and not form["sdxl"]:
            work.ledger.ignored(
                key,
                value,
                Message("kohya_gui.sdxl_switched_off", "only for SDXL, which is switched off"),
            )
        elif key in idle:
            work.ledger.ignored(
                key,
                value,
                Message(
                    "kohya_gui.noise_offset_type",
                    "noise_offset_type is {form}",
                    form=repr(form["noise_offset_type"]),
                ),
            )
        elif key not in NETWORK and key not in _ELSEWHERE:
            yield from _option(work, key, value)


def _family_box(work: Settling, key: str, value: Any) -> None:
    if value:
        work.ledger.used(
            key,
            value,
            f"family {FAMILIES[key]}",
            Message("kohya_gui.base_model_last_word", "the base model decides"),
        )
    else:
        work.ledger.used(key, value)


def _of_a_family(work: Settling, key: str, value: Any) -> Iterator[Given]:
    option = families.option(work.family, key)
    if option is None:
        work.ledger.ignored(
            key,
            value,
            Message(
                "kohya_gui.another_family_models_networks",
                "of another family of models, or of its network's own arguments (network_args)",
            ),
        )
    elif not value:
        work.ledger.used(
            key, value, why=Message("kohya_gui.nothing_set", "nothing set")
        )  # a 0 the form never passes on
    else:
        yield Given(option, value, key)


def _option(work: Settling, key: str, value: Any) -> Iterator[Given]:
    option = RENAMED.get(key, key)
    if key not in FORM and key not in RENAMED and key not in ("use_8bit_adam", "use_wandb"):
        work.ledger.ignored(
            key,
            value,
            Message(
                "kohya_gui.version_kohya_ss_such",
                "no version of kohya_ss up to 26.0.0 has such a key",
            ),
        )
    elif key in _NO_ZERO and number(value) == 0:
        default = SCRIPT_DEFAULTS[option]
        work.ledger.changed(
            key,
            value,
            f"{option}={default}",
            Message(
                "kohya_gui.kohya_ss_never_passes",
                "kohya_ss never passes a 0 on, so sd-scripts takes its default",
            ),
        )
    elif (value == "" or (option not in KNOWN and not value)) and option != "caption_extension":
        work.ledger.used(
            key, value, why=Message("kohya_gui.nothing_set", "nothing set") if value == "" else ""
        )
    elif key == "seed" and number(value) == 0:
        yield Given(option, None, key)  # 0 is the form's word for "any"
    elif option in ("optimizer_args", "lr_scheduler_args"):
        words = value if isinstance(value, list) else str(value).replace('"', "").split()
        yield Given(option, words, key)
    else:
        yield Given(option, value, key)


def _lengths(work: Settling, form: Mapping[str, Any]) -> Iterator[Given]:
    """Steps and epochs: the form's several ways to say them."""
    steps, epochs = number(form["max_train_steps"]), number(form["max_train_epochs"])
    yield Given("max_train_steps", form["max_train_steps"], "max_train_steps")
    if epochs:
        yield Given("max_train_epochs", epochs, "max_train_epochs")
    else:
        work.ledger.used("max_train_epochs", form["max_train_epochs"])
    if steps or epochs:
        which = "max_train_epochs" if epochs else "max_train_steps"
        work.ledger.ignored(
            "epoch",
            form["epoch"],
            Message(
                "kohya_gui.goes_before_kohya_ss",
                "{which} ({epochs}) takes precedence, in kohya_ss too",
                which=which,
                epochs=int(epochs or steps or 0),
            ),
        )
    else:
        yield Given("max_train_epochs", form["epoch"], "epoch")
    if steps and not epochs:
        work.notes.append(_fixed_steps(int(steps)))


def _fixed_steps(steps: int) -> str:
    reason = Message("kohya_gui.or_a_test", "or a test")
    if steps == 1600:
        reason = Message("kohya_gui.forms_default", "the form's own default")
    return Message(
        "kohya_gui.file_fixes_steps_right",
        "The file fixes {steps} {steps:step|steps}, right for its author's pictures "
        "({reason}); another number: --set max_train_steps=N.",
        steps=steps,
        reason=reason,
    )


def _warmup(work: Settling, form: Mapping[str, Any]) -> Iterator[Given]:
    """Steps of warm-up, or per cent of all steps."""
    absolute, percent = number(form["lr_warmup_steps"]), number(form["lr_warmup"])
    if absolute:
        yield Given("lr_warmup_steps", absolute, "lr_warmup_steps")
        work.ledger.ignored(
            "lr_warmup",
            form["lr_warmup"],
            Message(
                "kohya_gui.lr_warmup_steps_goes",
                "lr_warmup_steps takes precedence, in kohya_ss too",
            ),
        )
    elif percent:
        work.ledger.used(
            "lr_warmup_steps",
            form["lr_warmup_steps"],
            why=Message("kohya_gui.lr_warmup_says", "0: lr_warmup says it"),
        )
        yield Given("lr_warmup_steps", percent / 100, "lr_warmup")
    else:
        work.ledger.used("lr_warmup", form["lr_warmup"])
        yield Given("lr_warmup_steps", 0, "lr_warmup_steps")


def _rates(form: Mapping[str, Any]) -> Iterator[Given]:
    """A rate of 0 switches that part off, unless both are 0: then learning_rate is for both."""
    text_encoder, unet = number(form["text_encoder_lr"]) or 0, number(form["unet_lr"]) or 0
    part = str(form.get("network_train", "")).lower()
    if text_encoder:
        yield Given("text_encoder_lr", text_encoder, "text_encoder_lr")
    elif unet:
        yield Given("network_train_unet_only", True, "text_encoder_lr")
    else:
        yield Given("text_encoder_lr", None, "text_encoder_lr")
    if unet:
        yield Given("unet_lr", unet, "unet_lr")
    elif text_encoder:
        yield Given("network_train_text_encoder_only", True, "unet_lr")
    else:
        yield Given("unet_lr", None, "unet_lr")
    if part in ("unet only", "text encoder only"):
        yield Given(f"network_train_{part.replace(' ', '_')}", True, "network_train")


def _network(work: Settling, form: Mapping[str, Any]) -> Iterator[Given]:
    lora_type = form["LoRA_type"]
    kind = networks.kind_of(lora_type)
    sent = networks.arguments(kind, form) if kind else {}
    for key in NETWORK:
        if key in sent:
            work.ledger.used(key, form[key], f"network_args {sent[key]}")
        elif key != "LoRA_type":
            work.ledger.ignored(
                key,
                form[key],
                Message(
                    "kohya_gui.set_part",
                    "not set, or not part of {lora_type}",
                    lora_type=repr(lora_type),
                ),
            )
    if kind is None:
        yield Given(
            "network_module", networks.ELSEWHERE.get(str(lora_type), lora_type), "LoRA_type"
        )
        return
    words = [*sent.values(), *([f"algo={kind.algo}"] if kind.algo else [])]
    if words:
        yield Given("network_args", words, "LoRA_type")
    yield Given("network_module", kind.module, "LoRA_type")


def _launcher(work: Settling, form: Mapping[str, Any]) -> None:
    """The form's own words for accelerate stand behind the free text, so theirs is the last."""
    free, _ = command_words.read(str(form.get(FREE) or "").replace('"', "").split(), f"{FREE} ")
    rules.take_launch(
        work,
        [*free, *(Given(key, form[key], key) for key in LAUNCHER if key in form and key != FREE)],
    )
    if work.launch:
        work.notes.append(
            Message(
                "kohya_gui.kohya_ss_counts_steps",
                "kohya_ss counts the steps of its epochs as if there were one process; so do we.",
            )
        )


def _additional(work: Settling, form: Mapping[str, Any]) -> Iterator[Given]:
    """What stands last in the file's own command line, so it takes precedence over the form."""
    attention = form["xformers"]
    yield Given("sdpa", attention == "sdpa", "xformers")
    if attention in (True, "xformers"):
        yield Given("xformers", True, "xformers")
    elif not is_off(attention) and attention not in ("sdpa", "none"):
        work.ledger.ignored(
            "xformers",
            attention,
            Message("kohya_gui.neither_xformers_sdpa_nor", "neither 'xformers', 'sdpa' nor 'none'"),
        )
    if form["dataset_config"]:
        work.ledger.ignored(
            "dataset_config",
            form["dataset_config"],
            Message(
                "kohya_gui.import_too", "import that file, too, or give your photos as DATASET"
            ),
        )
    if form["sample_prompts"]:
        work.ledger.ignored(
            "sample_prompts",
            form["sample_prompts"],
            Message(
                "kohya_gui.sd_scripts_wants_file",
                "sd-scripts wants a file: write them into one, then --set sample_prompts=FILE "
                "sample_every_n_steps=N",
            ),
        )
    text = str(form["additional_parameters"])
    given, stray = command_words.read(text.replace('"', "").split(), "additional_parameters ")
    if stray:
        work.ledger.ignored(
            f"additional_parameters {stray[0]}",
            " ".join(stray),
            Message("kohya_gui.belongs_option", "belongs to no option"),
        )
    yield from given


# ---- the report ----
