"""OneTrainer's settings, from its JSON files or from the metadata of a LoRA that it made
(``ot_config``), as options of sd-scripts.

Keys and defaults: ``modules/util/config/TrainConfig.py`` of OneTrainer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

from ..errors import Invalid, Problem
from ..messages import Message
from ..options.kinds import SCRIPT_DEFAULTS
from ..options.known import optimizers
from . import concepts as concepts_of
from .nested import Nested
from .settling import rules
from .settling.imported import Imported
from .settling.work import Given, Here, Settling, number

KIND = Message("onetrainer.settings_saved_onetrainer", "settings saved by OneTrainer")
_FAMILIES = {
    "STABLE_DIFFUSION_15": "sd1",
    "STABLE_DIFFUSION_20": "sd2",
    "STABLE_DIFFUSION_20_BASE": "sd2",
    "STABLE_DIFFUSION_21": "sd2",
    "STABLE_DIFFUSION_21_BASE": "sd2",
    "STABLE_DIFFUSION_3": "sd3",
    "STABLE_DIFFUSION_35": "sd3",
    "STABLE_DIFFUSION_XL_10_BASE": "sdxl",
    "FLUX_DEV_1": "flux1",
    "CHROMA_1": "chroma",
    "ANIMA": "anima",
}
_OPTIMIZERS = {
    "ADAMW": "AdamW",
    "ADAMW_8BIT": "AdamW8bit",
    "ADAM": "Adam",
    "ADAM_8BIT": "bitsandbytes.optim.Adam8bit",
    "ADAFACTOR": "Adafactor",
    "PRODIGY": "Prodigy",
    "PRODIGY_PLUS_SCHEDULE_FREE": "prodigyplus.ProdigyPlusScheduleFree",
    "LION": "Lion",
    "LION_8BIT": "Lion8bit",
    "DADAPT_ADAM": "DAdaptAdam",
    "DADAPT_ADAN": "DAdaptAdan",
    "DADAPT_ADA_GRAD": "DAdaptAdaGrad",
    "DADAPT_LION": "DAdaptLion",
    "DADAPT_SGD": "DAdaptSGD",
    "SCHEDULE_FREE_ADAMW": "AdamWScheduleFree",
    "SCHEDULE_FREE_SGD": "SGDScheduleFree",
    "CAME": "pytorch_optimizer.CAME",
    "SGD": "SGD",
    "RMSPROP": "RMSprop",
    "ADAGRAD": "Adagrad",
}
_SCHEDULERS = {
    "CONSTANT": "constant",
    "LINEAR": "linear",
    "COSINE": "cosine",
    "COSINE_WITH_RESTARTS": "cosine_with_restarts",
    "COSINE_WITH_HARD_RESTARTS": "cosine_with_restarts",
    "ADAFACTOR": "adafactor",
}
_PRECISIONS = {"FLOAT_16": "fp16", "BFLOAT_16": "bf16", "FLOAT_32": "no"}
_SAVED = {"FLOAT_16": "fp16", "BFLOAT_16": "bf16", "FLOAT_32": "float"}
_PLAIN = {
    "epochs": "max_train_epochs",
    "batch_size": "train_batch_size",
    "gradient_accumulation_steps": "gradient_accumulation_steps",
    "learning_rate": "learning_rate",
    "learning_rate_cycles": "lr_scheduler_num_cycles",
    "unet.learning_rate": "unet_lr",
    "transformer.learning_rate": "unet_lr",
    "text_encoder.learning_rate": "text_encoder_lr",
    "lora_rank": "network_dim",
    "lora_alpha": "network_alpha",
    "clip_grad_norm": "max_grad_norm",
    "offset_noise_weight": "noise_offset",
    "dropout_probability": "network_dropout",
    "aspect_ratio_bucketing": "enable_bucket",
    "latent_caching": "cache_latents",
    "masked_training": "alpha_mask",
    "unmasked_weight": "unmasked_weight",
    "rescale_noise_scheduler_to_zero_terminal_snr": "zero_terminal_snr",
    "force_v_prediction": "v_parameterization",
    "base_model_name": "pretrained_model_name_or_path",
    "seed": "seed",
}
_DEFAULTS: Mapping[str, Any] = {
    **SCRIPT_DEFAULTS,
    "learning_rate": 3e-6,
    "lr_scheduler": "constant_with_warmup",
    "lr_warmup_steps": 200,
    "network_dim": 16,
    "network_alpha": 1.0,
    "enable_bucket": True,
    "cache_latents": True,
    "gradient_checkpointing": True,
    "mixed_precision": "fp16",
}
"""What OneTrainer's window shows at first, where sd-scripts has something else."""
_EPOCHS = 100


def looks_like(data: Mapping[str, Any]) -> bool:
    """Whether a JSON object can come from OneTrainer."""
    return "training_method" in data or (
        "model_type" in data and isinstance(data.get("optimizer"), Mapping)
    )


def read(path: Path, data: Mapping[str, Any], here: Here, kind: str = KIND) -> Imported:
    """The training that OneTrainer would start, as near as sd-scripts comes.

    Raises `Invalid` for one that isn't a LoRA of a family that sd-scripts trains.
    """
    work = Settling(path, kind, here, _DEFAULTS)
    form = Nested(data)
    _take_family(work, form)
    given = [
        *_plain(form),
        *_network(path, work, form),
        *_optimizer(work, form),
        *_schedule(form),
        *_parts(work, form),
        *_others(work, form),
        *_concepts(work, form),
    ]
    if not any(item.option == "max_train_epochs" for item in given):
        given.append(Given("max_train_epochs", _EPOCHS, "epochs (OneTrainer's default)"))
    form.tell_the_rest(
        work.ledger,
        Message(
            "onetrainer.onetrainers_own_sd_scripts",
            "OneTrainer's own: sd-scripts has no such option",
        ),
    )
    return rules.settle(work, given)


def _take_family(work: Settling, form: Nested) -> None:
    """Raises `Invalid` for what isn't a LoRA, or one of a family that sd-scripts doesn't train."""
    method = form.take("training_method", "LORA")
    _refuse(work.path, method, Message("onetrainer.lora", "no LoRA"), {"LORA"})
    model = form.take("model_type", "STABLE_DIFFUSION_15")
    what = "a model that sd-scripts doesn't train a LoRA of"
    said = Message("onetrainer.model_sd_scripts_doesnt", what)
    _refuse(work.path, model, said, set(_FAMILIES))
    work.family = _FAMILIES[str(model)]
    work.ledger.used("training_method", "LORA")
    work.ledger.used("model_type", model, f"family {work.family}")


def _refuse(path: Path, value: Any, what: str, allowed: set[str]) -> None:
    if str(value) not in allowed:
        raise Invalid(
            [
                Problem(
                    "onetrainer.not_a_lora",
                    path.name,
                    "holds settings of OneTrainer for {value}: {what}",
                    value=str(value),
                    what=what,
                )
            ]
        )


def _plain(form: Nested) -> Iterator[Given]:
    for key, option in _PLAIN.items():
        for item in form.option(key, option):
            if item.value is not None:
                yield item


def _network(path: Path, work: Settling, form: Nested) -> Iterator[Given]:
    kind = str(form.take("peft_type", "LORA"))
    _refuse(
        path,
        kind,
        Message("onetrainer.network_sd_scripts_doesnt", "a network that sd-scripts doesn't have"),
        {"LORA", "LOHA", "LOKR"},
    )
    work.ledger.used("peft_type", kind)
    dora = bool(form.take("lora_decompose", False))
    if kind == "LORA" and not dora:
        return
    words = [f"algo={ {'LORA': 'locon', 'LOHA': 'loha', 'LOKR': 'lokr'}[kind] }"]
    if dora:
        words.append("dora_wd=True")
        work.ledger.used("lora_decompose", True, "network_args dora_wd=True")
    if kind == "LOKR":
        yield from form.option("lokr_dim", "network_dim")
        factor = form.take("lokr_decompose_factor", -1)
        words.append(f"factor={factor}")
    yield Given("network_args", words, "peft_type (network_args)")
    yield Given("network_module", "lycoris.kohya", "peft_type (network_module)")


def _optimizer(work: Settling, form: Nested) -> Iterator[Given]:
    held = form.take("optimizer") or form.take("optimizer.optimizer", "ADAMW")
    name = _OPTIMIZERS.get(str(held))
    key = "optimizer.optimizer"
    if name is None:
        work.ledger.ignored(
            key,
            held,
            Message(
                "onetrainer.sd_scripts_such_optimizer",
                "sd-scripts has no such optimizer; it stays AdamW",
            ),
        )
        return
    yield Given("optimizer_type", name, key)
    words = list(_optimizer_args(form, optimizers.arguments(name) or frozenset()))
    if words:
        yield Given("optimizer_args", words, "optimizer.* (its arguments)")


def _optimizer_args(form: Nested, known: frozenset[str]) -> Iterator[str]:
    betas = [form.take(f"optimizer.beta{n}") for n in (1, 2)]
    if "betas" in known and all(isinstance(beta, (int, float)) for beta in betas):
        yield f"betas=({betas[0]},{betas[1]})"
    for name in sorted(known):
        value = form.take(f"optimizer.{name}")
        if value is not None and value is not False and name != "eps":
            yield f"{name}={value}"


def _schedule(form: Nested) -> Iterator[Given]:
    """OneTrainer warms up with every schedule, 200 steps where nothing else is said."""
    key = "learning_rate_scheduler"
    name = _SCHEDULERS.get(str(form.take(key, "CONSTANT")), "constant")
    warmup = form.take("learning_rate_warmup_steps", 200)
    if name == "constant" and number(warmup):
        name = "constant_with_warmup"
    yield Given("lr_scheduler", name, key)
    part = number(warmup)
    steps = part if isinstance(part, float) and part < 1 else int(part or 0)
    yield Given("lr_warmup_steps", steps, "learning_rate_warmup_steps")


def _parts(work: Settling, form: Nested) -> Iterator[Given]:
    """Which parts of the model learn."""
    encoders = [form.take(f"text_encoder{n}.train", n == "") for n in ("", "_2", "_3", "_4")]
    unet = form.take("unet.train", True) and form.take("transformer.train", True)
    if not any(encoders):
        work.ledger.originals["text_encoder.train"] = False
        yield Given("network_train_unet_only", True, "text_encoder.train")
    elif not unet:
        work.ledger.originals["unet.train"] = False
        yield Given("network_train_text_encoder_only", True, "unet.train")
    checkpointing = form.take("gradient_checkpointing")
    if checkpointing is not None:
        on = checkpointing not in (False, "OFF")
        yield Given("gradient_checkpointing", on, "gradient_checkpointing")


def _others(work: Settling, form: Nested) -> Iterator[Given]:
    for key, option, words in (
        ("train_dtype", "mixed_precision", _PRECISIONS),
        ("output_dtype", "save_precision", _SAVED),
    ):
        value = form.take(key)
        if value in words:
            yield Given(option, words[str(value)], key)
        elif value is not None:
            work.ledger.ignored(
                key,
                value,
                Message("onetrainer.sd_scripts_doesnt_compute", "sd-scripts doesn't compute in it"),
            )
    yield from _resolution(work, form)
    yield from _loss(work, form)
    skip = number(form.take("text_encoder_layer_skip", 0)) or 0
    if skip and work.family in ("sd1", "sd2"):
        yield Given("clip_skip", int(skip) + 1, "text_encoder_layer_skip")
    name = str(form.take("output_model_destination", "") or "")
    stem = PureWindowsPath(name).stem
    if stem not in ("", "model", "lora"):
        yield Given("output_name", stem, "output_model_destination")
    unit, every = form.take("save_every_unit", "NEVER"), form.take("save_every", 0)
    saves = {"EPOCH": "save_every_n_epochs", "STEP": "save_every_n_steps"}.get(str(unit))
    if saves and number(every):
        yield Given(saves, every, "save_every")


def _resolution(work: Settling, form: Nested) -> Iterator[Given]:
    """ "512", or several ("512,768"), of which each batch takes one."""
    value = form.take("resolution")
    if value is None:
        return
    first, *more = str(value).split(",")
    yield Given("resolution", first.strip().replace("x", ","), "resolution")
    if more:
        work.notes.append(
            Message(
                "onetrainer.onetrainer_trains_turns_sd",
                "OneTrainer trains at {value} in turn; sd-scripts trains at one size, here "
                "{first}.",
                value=value,
                first=first,
            )
        )


def _loss(work: Settling, form: Nested) -> Iterator[Given]:
    weight, strength = form.take("loss_weight_fn"), form.take("loss_weight_strength", 5.0)
    if weight == "MIN_SNR_GAMMA":
        yield Given("min_snr_gamma", strength, "loss_weight_strength")
    elif weight == "DEBIASED_ESTIMATION":
        yield Given("debiased_estimation_loss", True, "loss_weight_fn")
    elif weight not in (None, "CONSTANT"):
        work.ledger.ignored(
            "loss_weight_fn",
            weight,
            Message("onetrainer.sd_scripts_such_weighting", "sd-scripts has no such weighting"),
        )


def _concepts(work: Settling, form: Nested) -> Iterator[Given]:
    """The folders of photos."""
    concepts = form.take("concepts")
    if not isinstance(concepts, list):
        name = form.take("concept_file_name")
        if name:
            why = Message(
                "onetrainer.folders_stand_file_give",
                "the folders stand in that file; give your photos as DATASET",
            )
            work.ledger.ignored("concept_file_name", name, why)
        return
    yield from concepts_of.options(work, concepts)
