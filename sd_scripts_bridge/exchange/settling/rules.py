"""From options as some program would pass them to sd-scripts, to what we train: every importer ends
here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...engines.sd_scripts import sampling
from ...errors import BridgeError
from ...jobs import launch
from ...messages import Message
from ...options.families import title
from ...options.kinds import HARMLESS, OURS, SECRETS, SENDING
from ...options.params import UNMASKED
from . import arguments, lengths, places, synonyms
from . import values as option_values
from .imported import DEFAULT, HIDDEN, Fate, Imported
from .work import KNOWN, Given, Settling, is_unread

_SET_BY = {
    "pretrained_model_name_or_path": "--base",
    "train_data_dir": "DATASET",
    "reg_data_dir": "DATASET",
    "dataset_config": "DATASET",
    "output_name": "--name",
}
"""What the command line says instead of ``--set``."""
ATTENTION = ("xformers", "mem_eff_attn")


def settle(work: Settling, given: Iterable[Given]) -> Imported:
    """What ``given`` comes to.

    Where two keys set the same option, the later has the last word, as for sd-scripts.
    """
    for item in given:
        before = work.keys.get(item.option)
        if before is not None and before.key != item.key:
            shown = HIDDEN if before.option in SECRETS else before.value
            work.ledger.ignored(
                before.key, shown, Message("rules.sets_same", "{key} sets the same", key=item.key)
            )
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
            Message(
                "rules.secret_never_taken_file",
                "a secret: never taken from a file, never written into one",
            ),
        )
    elif is_unread(value) and option not in OURS:
        work.ledger.ignored(key, value, _elsewhere(work, option))
    elif option in SENDING and not _is_harmless(option, value):
        places.sending(work, item)
    elif option in _RULES:
        _RULES[option](work, item)
    elif option in OURS:
        work.ledger.ignored(key, value, OURS[option])
    elif option in KNOWN:
        work.known(item)
    else:
        work.other(item)


def _elsewhere(work: Settling, option: str) -> Message:
    """Why a value from outside the file isn't taken, and what sets the option here."""
    if option in _SET_BY:
        text = "set outside this file; {argument} sets it"
        return Message("rules.set_by", text, argument=_SET_BY[option])
    kept = work.defaults.get(option)
    stays = Message("rules.stays", "; it stays {kept}", kept=kept) if kept is not None else ""
    return Message(
        "rules.set_outside_file_set",
        "set outside this file{stays}; --set {option}=... sets it",
        stays=stays,
        option=option,
    )


def _is_harmless(option: str, value: Any) -> bool:
    return isinstance(value, str) and (option, value) in HARMLESS


def _done(work: Settling) -> Imported:
    """The result, with what the options say about each other."""
    _without_prompts(work)
    arguments.check(work)
    settled = _agreed(work)
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
        dataset_config=_handed_on(work),
        beyond=work.beyond,
        name=work.name,
        trigger=work.trigger,
        epochs=work.epochs,
        save_every_epochs=work.save_every_epochs,
        warmup=work.warmup,
        launch=work.launch,
        v_parameterization=work.v_parameterization,
        sources=_sources(work, settled),
        notes=tuple(work.notes),
    )


def _agreed(work: Settling) -> dict[str, Any]:
    """The values after those that can't hold beside others gave way, each with its reason."""
    if work.extra.get("lr_scheduler_type"):
        text = "the scheduler of lr_scheduler_type has none"
        _drop_warmup(work, Message("rules.scheduler_lr_scheduler_type", text))
    values = {**work.defaults, **work.values}
    if _follows_a_missing_adafactor(values):
        values["lr_scheduler"] = "constant"
        text = "it takes its rate from the optimizer Adafactor, which is not chosen"
        work.gave_way("lr_scheduler", "constant", Message("rules.adafactor", text))
    if values.get("lr_scheduler") == "constant":
        text = "a constant schedule has none; sd-scripts would stop at it"
        _drop_warmup(work, Message("rules.constant_schedule_none_sd", text))
        values["lr_warmup_steps"] = 0
    params, why = option_values.reconciled(values)
    for option, reason in why.items():
        work.gave_way(option, getattr(params, option), reason)
    return {key: getattr(params, key) for key in values}


def _handed_on(work: Settling) -> Mapping[str, Any] | None:
    if work.dataset_config is None:
        return None
    general = {"caption_extension": work.captions, **work.dataset_config.get("general", {})}
    return {**work.dataset_config, "general": general}


def _sources(work: Settling, settled: Mapping[str, Any]) -> dict[str, str]:
    """For each option that trains: the file's key, or whose default it is."""
    told = {option: work.keys[option].key for option in work.keys if option in settled}
    told |= {option: work.keys[option].key for option in work.extra if option in work.keys}
    ignored = {row.key for row in work.ledger.rows() if row.fate is Fate.IGNORED}
    return {
        option: told[option] if option in told and told[option] not in ignored else DEFAULT
        for option in (*settled, *work.extra)
    }


def other_family(meant: str, found: str) -> Message:
    """The warning for settings of the family ``meant`` on a base of the family ``found``."""
    return Message(
        "request.other_family",
        "The settings are for {meant}, and the base model is {found}: "
        "resolution, rates and options may not suit it.",
        meant=title(meant),
        found=title(found),
    )


def take_launch(work: Settling, given: Iterable[Given]) -> None:
    """What `accelerate launch` is told: how many processes, on which GPUs and machines."""
    items = list(given)
    work.launch, unusable = launch.read({item.option: item.value for item in items})
    for item in items:
        if item.option in unusable:
            work.ledger.ignored(item.key, item.value, unusable[item.option])
        elif item.option in launch.OTHERS:
            work.ledger.ignored(item.key, item.value, launch.OTHERS[item.option])
        elif item.option not in launch.OPTIONS:
            work.ledger.ignored(
                item.key,
                item.value,
                Message(
                    "rules.accelerate_launch_lora_bridge",
                    "for accelerate launch; LoRA Bridge has no such option",
                ),
            )
        elif work.launch is None:
            work.ledger.ignored(
                item.key,
                item.value,
                Message(
                    "rules.process_lora_bridge_starts",
                    "for one process LoRA Bridge starts the script itself",
                ),
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
            work.meant_for = work.family
            work.family = checkpoint.read(base).family
        except BridgeError as error:
            work.notes.append(
                Message(
                    "rules.base_model_cant_trained",
                    "The base model can't be trained: {error}",
                    error=error,
                )
            )
    if work.meant_for is not None and work.family != work.meant_for:
        work.notes.append(other_family(work.meant_for, str(work.family)))
    v2 = work.keys.get("v2")
    if work.family is None and v2 is not None and v2.value is True:
        work.family = "sd2"


# ---- together ----


def _without_prompts(work: Settling) -> None:
    """Pictures by steps come with a prompt of our own;
    other ways to ask for them need the file's.
    """
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
            Message(
                "rules.without_sample_prompts_pictures",
                "without sample_prompts; pictures: --set sample_every_n_steps=N",
            ),
        )


def _follows_a_missing_adafactor(values: Mapping[str, Any]) -> bool:
    chosen = str(values.get("optimizer_type") or "").lower()
    return values.get("lr_scheduler") == "adafactor" and chosen != "adafactor"


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
        work.notes.append(
            Message(
                "rules.file_program_default",
                "Not in the file, so its program's defaults: {words}.",
                words=words,
            )
        )


def _unmasked(work: Settling, item: Given) -> None:
    """A weight beside masks; no option of sd-scripts, so no catalogue knows it."""
    try:
        weight = min(max(float(item.value), 0.0), 1.0)
    except (TypeError, ValueError):
        text = "not a number from 0 to 1"
        work.ledger.ignored(item.key, item.value, Message("rules.no_weight", text))
        return
    if weight:
        work.extra[UNMASKED] = weight
    work.taken(item, f"{UNMASKED}={weight:g}")


_RULES: Mapping[str, Callable[[Settling, Given], None]] = {
    "pretrained_model_name_or_path": places.base,
    UNMASKED: _unmasked,
    "train_data_dir": places.data_dir,
    "reg_data_dir": places.reg_dir,
    "output_name": places.output_name,
    "save_model_as": places.save_model_as,
    "caption_extension": places.caption_extension,
    "caption_extention": places.caption_extension,
    "v2": synonyms.v2,
    "v_parameterization": synonyms.v_parameterization,
    "xformers": synonyms.attention,
    "mem_eff_attn": synonyms.attention,
    "persistent_data_loader_workers": synonyms.lasting_workers,
    "lr_warmup_steps": lengths.warmup,
    "max_train_epochs": lengths.epochs,
    "max_train_steps": lengths.steps,
    "save_every_n_epochs": lengths.save_epochs,
    "save_n_epoch_ratio": lengths.save_ratio,
    "save_last_n_steps_state": lengths.kept_states,
    "no_half_vae": synonyms.no_half_vae,
    "clip_skip": synonyms.clip_skip,
    "cache_text_encoder_outputs": synonyms.cached_captions,
    "sample_prompts": synonyms.sample_prompts,
    **dict.fromkeys(synonyms.OPTIMIZERS, synonyms.switched_optimizer),
}
