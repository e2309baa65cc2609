"""From options as some program would pass them to sd-scripts, to what we train: every importer ends
here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from ...datasets.kohya_folder import Dataset, open_dataset
from ...engines.sd_scripts import sampling
from ...errors import BridgeError
from ...jobs import launch
from ...names import name_problems
from ...options.kinds import OURS, SECRETS, SENDING, is_off
from . import values as option_values
from .report import HIDDEN, Imported
from .work import KNOWN, Given, Settling, number

CAPTIONS_READ = (".txt", ".caption", "")
MOST_EPOCHS = 10_000
ATTENTION = ("xformers", "mem_eff_attn")


def settle(work: Settling, given: Iterable[Given]) -> Imported:
    """What ``given`` comes to.

    Where two keys set the same option, the later has the last word, as for sd-scripts.
    """
    for item in given:
        before = work.keys.get(item.option)
        if before is not None and before.key != item.key:
            shown = HIDDEN if before.option in SECRETS else before.value
            work.ledger.ignored(before.key, shown, f"{item.key} sets the same")
        work.keys[item.option] = item
    _find_family(work)
    for item in sorted(work.keys.values(), key=lambda item: item.option in ATTENTION):
        _one(work, item)
    return _done(work)


def _one(work: Settling, item: Given) -> None:
    option, value, key = item
    if option in SECRETS:
        work.ledger.ignored(
            key,
            HIDDEN if value else "",
            "a secret: never taken from a file, never written into one",
        )
    elif option in SENDING:
        _sending(work, item)
    elif option in OURS:
        work.ledger.ignored(key, value, OURS[option])
    elif option in _RULES:
        _RULES[option](work, item)
    elif option in KNOWN:
        work.known(item)
    else:
        work.other(item)


def _done(work: Settling) -> Imported:
    """The result, with what the options say about each other."""
    _without_prompts(work)
    if work.extra.get("lr_scheduler_type"):
        _drop_warmup(work, "the scheduler of lr_scheduler_type has none")
    values = {**work.defaults, **work.values}
    if values.get("lr_scheduler") == "constant":
        _drop_warmup(work, "a constant schedule has none; sd-scripts would stop at it")
        values["lr_warmup_steps"] = 0
    params, why = option_values.reconciled(values)
    for option, reason in why.items():
        work.gave_way(option, getattr(params, option), reason)
    settled = {key: getattr(params, key) for key in values}
    _name_the_absent(work)
    return Imported(
        path=work.path,
        kind=work.kind,
        rows=work.ledger.rows(),
        values={**settled, **work.extra},
        family=work.family,
        base=work.base,
        base_name=work.base_name,
        dataset=work.dataset,
        subsets=work.subsets,
        regularisation=work.regularisation,
        name=work.name,
        trigger=work.trigger,
        epochs=work.epochs,
        save_every_epochs=work.save_every_epochs,
        warmup=work.warmup,
        launch=work.launch,
        notes=tuple(work.notes),
    )


def take_launch(work: Settling, given: Iterable[Given]) -> None:
    """What `accelerate launch` is told: how many processes, on which cards and machines."""
    items = list(given)
    work.launch, unusable = launch.read({item.option: item.value for item in items})
    for item in items:
        if item.option in unusable:
            work.ledger.ignored(item.key, item.value, unusable[item.option])
        elif item.option in launch.OTHERS:
            work.ledger.ignored(item.key, item.value, launch.OTHERS[item.option])
        elif item.option not in launch.OPTIONS:
            work.ledger.ignored(
                item.key, item.value, "for accelerate launch; LoRA Bridge has no such option"
            )
        elif work.launch is None:
            work.ledger.ignored(
                item.key, item.value, "for one process LoRA Bridge starts the script itself"
            )
        else:
            work.ledger.used(item.key, item.value)


# ---- where things are ----


def _find_family(work: Settling) -> None:
    """From the base model where that is here, else from what the file says."""
    from ...models import checkpoint

    name = work.keys.get("pretrained_model_name_or_path")
    base = work.here.find_base(str(name.value or ""), work.path.parent) if name else None
    if base is not None and base.is_file():
        try:
            work.family = checkpoint.read(base).family
        except BridgeError as error:
            work.notes.append(f"The base model can't be trained: {error}")
    v2 = work.keys.get("v2")
    if work.family is None and v2 is not None and v2.value is True:
        work.family = "sd2"


def _base(work: Settling, item: Given) -> None:
    work.base_name = str(item.value or "")
    work.base = work.here.find_base(work.base_name, work.path.parent)
    if work.base is not None:
        work.taken(
            item,
            str(work.base),
            "" if str(work.base) == work.base_name else "found here under the same name",
        )
    elif work.base_name:
        work.ledger.ignored(
            item.key, item.value, "it is not on this machine; give your copy with --base"
        )
    else:
        work.ledger.used(item.key, item.value)


def _data_dir(work: Settling, item: Given) -> None:
    if is_off(item.value):
        work.ledger.used(item.key, item.value)
        return
    found = work.here.existing(item.value, work.path.parent)
    if found is None:
        work.ledger.ignored(
            item.key, item.value, "a folder of the author's machine; give your photos as DATASET"
        )
        return
    try:
        use_dataset(work, open_dataset(found))
    except BridgeError as error:
        work.ledger.ignored(item.key, item.value, str(error))
        return
    work.taken(item, str(work.dataset))


def use_dataset(work: Settling, data: Dataset) -> None:
    """Train the pictures of ``data``."""
    work.dataset = data.image_dir
    work.trigger = f"{data.subject} {data.class_token}".strip()


def _reg_dir(work: Settling, item: Given) -> None:
    found = work.here.existing(item.value, work.path.parent)
    beside = work.dataset.parent / "reg" if work.dataset else None
    if is_off(item.value) or (
        found is not None and beside is not None and beside.exists() and found.samefile(beside)
    ):
        work.ledger.used(item.key, item.value)
    else:
        work.ledger.ignored(
            item.key,
            item.value,
            "regularisation pictures are taken from the folder 'reg' beside 'img'",
        )


def _output_name(work: Settling, item: Given) -> None:
    problems = name_problems(str(item.value)) if item.value else []
    if problems:
        work.ledger.ignored(
            item.key,
            item.value,
            f"{problems[0].what}; the LoRA is called as its subject, or as --name says",
        )
        return
    work.name = str(item.value) if item.value and item.value != "last" else None
    work.taken(item, "the LoRA's name" if work.name else "the subject's name")


def _caption_extension(work: Settling, item: Given) -> None:
    read = str(item.value or "") in CAPTIONS_READ
    work.taken(
        item,
        ".txt",
        ""
        if read
        else "that training read no .txt captions; here .txt and .caption files are read",
    )


def _save_model_as(work: Settling, item: Given) -> None:
    work.taken(
        item,
        "safetensors",
        "" if item.value in ("safetensors", "", None) else "the WebUI's safe format",
    )


def _sending(work: Settling, item: Given) -> None:
    if is_off(item.value):
        work.ledger.used(item.key, item.value)
    else:
        work.ledger.ignored(
            item.key,
            item.value,
            "it would send something to a service; switch that on yourself with --set",
        )


# ---- how long, and how often ----


def _warmup(work: Settling, item: Given) -> None:
    """sd-scripts reads a float below 1 as a part of the run."""
    part = number(item.value)
    if isinstance(part, float) and 0 < part < 1:
        work.warmup = part
        work.taken(item, f"{part:.0%} of the run")
    else:
        work.known(item._replace(value=item.value if part is not None else 0))


def _epochs(work: Settling, item: Given) -> None:
    count = number(item.value)
    if not count:
        work.ledger.used(item.key, item.value)
        return
    if not 1 <= count <= MOST_EPOCHS:
        work.ledger.ignored(item.key, item.value, f"not a number of epochs from 1 to {MOST_EPOCHS}")
        return
    work.epochs = int(count)
    work.taken(item, f"{work.epochs} x the steps of an epoch")


def _steps(work: Settling, item: Given) -> None:
    epochs = work.keys.get("max_train_epochs")
    if epochs is not None and number(epochs.value) and number(item.value):
        work.ledger.ignored(
            item.key, item.value, f"{epochs.key} goes before it, for sd-scripts too"
        )
    elif number(item.value):
        work.known(item)
    else:
        work.taken(item, "counted from the photos")


def _save_epochs(work: Settling, item: Given) -> None:
    steps = work.keys.get("save_every_n_steps")
    count = number(item.value) or 0
    if count >= 1 and (steps is None or not number(steps.value)):
        work.save_every_epochs = int(count)
        work.taken(item, "save_every_n_steps, as many as these epochs have")
    elif count >= 1:
        work.ledger.ignored(
            item.key, item.value, "save_every_n_steps is set, too, and LoRA Bridge saves by steps"
        )
    elif count:
        work.ledger.ignored(item.key, item.value, "not a number of epochs")
    else:
        work.ledger.used(item.key, item.value)


def _save_ratio(work: Settling, item: Given) -> None:
    if is_off(item.value):
        work.ledger.used(item.key, item.value)
    else:
        work.ledger.ignored(item.key, item.value, "LoRA Bridge saves by steps (save_every_n_steps)")


def _kept_states(work: Settling, item: Given) -> None:
    """What we send anyway is not worth an option of its own."""
    interval = work.keys.get("save_every_n_steps")
    if interval is not None and number(item.value) == number(interval.value):
        work.ledger.used(item.key, item.value)
    else:
        work.other(item)


# ---- other names for the same ----


def _attention(work: Settling, item: Given) -> None:
    """Each of them computes the same; PyTorch's own needs no further package."""
    if is_off(item.value):
        work.ledger.used(item.key, item.value)
        return
    work.values["sdpa"] = True
    work.ledger.changed(
        item.key,
        item.value,
        "sdpa=True",
        "PyTorch's own fused attention: the same numbers, no package",
    )


def _sample_prompts(work: Settling, item: Given) -> None:
    """A prompt file that an export of ours wrote is written anew with each job, from the subject's
    own words.
    """
    found = work.here.existing(item.value, work.path.parent)
    if found is not None and found.is_file() and sampling.is_ours(found):
        work.taken(item, "the subject's own prompt")
    else:
        work.other(item)


def _eight_bit(work: Settling, item: Given) -> None:
    """The way before --optimizer_type."""
    if is_off(item.value):
        work.ledger.used(item.key, item.value)
    elif "optimizer_type" in work.keys:
        work.ledger.ignored(
            item.key, item.value, f"{work.keys['optimizer_type'].key} says which optimizer"
        )
    else:
        work.known(
            item._replace(
                option="optimizer_type", value="AdamW8bit" if "8bit" in item.option else "Lion"
            )
        )


def _v2(work: Settling, item: Given) -> None:
    work.taken(item, "the base model itself says this")


def _no_half_vae(work: Settling, item: Given) -> None:
    if work.family == "sdxl" and item.value:
        work.taken(item, "always so for SDXL")
    else:
        work.other(item)


def _clip_skip(work: Settling, item: Given) -> None:
    if work.family == "sdxl" and number(item.value):
        work.values["clip_skip"] = None
        work.ledger.ignored(item.key, item.value, "SDXL always reads the layer before the last")
    else:
        work.known(item)


def _cached_captions(work: Settling, item: Given) -> None:
    if work.family in ("sd1", "sd2") and not is_off(item.value):
        work.ledger.ignored(item.key, item.value, "SD 1.5's and SD 2's script doesn't know it")
    else:
        work.known(item)


def _lasting_workers(work: Settling, item: Given) -> None:
    count = work.keys.get("max_data_loader_n_workers")
    if not is_off(item.value) and (count is None or not number(count.value)):
        work.ledger.ignored(
            item.key,
            item.value,
            "there are no workers to keep alive (max_data_loader_n_workers is 0)",
        )
    else:
        work.other(item)


# ---- together ----


def _without_prompts(work: Settling) -> None:
    """Pictures by steps come with a prompt of our own; other ways to ask for them need the file's."""
    by_steps = bool(work.extra.get("sample_every_n_steps"))
    for option in [
        name for name in work.extra if by_steps and work.extra[name] == sampling.OURS.get(name)
    ]:
        work.extra.pop(option)
    if "sample_prompts" in work.extra:
        return
    useless = (
        ("sample_every_n_epochs",) if by_steps else ("sample_every_n_epochs", "sample_sampler")
    )
    for option in [name for name in useless if name in work.extra]:
        item = work.keys[option]
        work.ledger.ignored(
            item.key,
            work.extra.pop(option),
            "without sample_prompts; pictures: --set sample_every_n_steps=N",
        )


def _drop_warmup(work: Settling, why: str) -> None:
    had = work.warmup or work.values.get("lr_warmup_steps")
    work.warmup, work.values["lr_warmup_steps"] = None, 0
    if had:
        work.gave_way("lr_warmup_steps", 0, why)


def _name_the_absent(work: Settling) -> None:
    absent = {
        key: value
        for key, value in work.defaults.items()
        if key not in work.values and key not in work.keys
    }
    words = ", ".join(
        f"{key}={value}"
        for key, value in absent.items()
        if value is not None and not (key == "max_train_steps" and work.epochs)
    )
    if words:
        work.notes.append(f"Not in the file, so as its program has it by default: {words}.")


_RULES: Mapping[str, Callable[[Settling, Given], None]] = {
    "pretrained_model_name_or_path": _base,
    "train_data_dir": _data_dir,
    "reg_data_dir": _reg_dir,
    "output_name": _output_name,
    "save_model_as": _save_model_as,
    "caption_extension": _caption_extension,
    "caption_extention": _caption_extension,
    "v2": _v2,
    "xformers": _attention,
    "mem_eff_attn": _attention,
    "persistent_data_loader_workers": _lasting_workers,
    "lr_warmup_steps": _warmup,
    "max_train_epochs": _epochs,
    "max_train_steps": _steps,
    "save_every_n_epochs": _save_epochs,
    "save_n_epoch_ratio": _save_ratio,
    "save_last_n_steps_state": _kept_states,
    "no_half_vae": _no_half_vae,
    "clip_skip": _clip_skip,
    "cache_text_encoder_outputs": _cached_captions,
    "sample_prompts": _sample_prompts,
    "use_8bit_adam": _eight_bit,
    "use_lion_optimizer": _eight_bit,
}
