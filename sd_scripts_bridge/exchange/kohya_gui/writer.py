"""A job as settings that kohya_ss' LoRA tab loads.

Its form can't say everything; whatever it would pass on otherwise than the job has it goes into
``additional_parameters``, which kohya_ss appends to its command line, where it goes before the
form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...engines import sample_prompts
from ...jobs.job import TrainingJob
from ...jobs.launch import Launch
from ...messages import Message
from ...options.kinds import LISTS, SECRETS
from ...options.meaning import meaning
from ...options.params import TrainingParams
from ..scripts.writer import option_words
from ..settling.work import KNOWN, Here
from . import (
    families,
    networks,
)
from . import (
    reader as kohya_gui_reader,
)
from .keys import FORM, LAUNCHER, NETWORK, RENAMED

_OPTIONS = {option: key for key, option in RENAMED.items() if key in FORM}
_WORDS = ("optimizer_args", "lr_scheduler_args")
_READ_APART = frozenset(
    {"sample_prompts", "dataset_config", "additional_parameters", "resume", "lr_warmup_steps"}
)
_MULTIRES = ("multires_noise_iterations", "multires_noise_discount")


def files(job: TrainingJob, options: Mapping[str, Any]) -> tuple[dict[str, str], list[str]]:
    """(name -> text, notes)."""
    form = _form(job, options)
    notes: list[str] = []
    words, lost = _additional(job, form)
    form["additional_parameters"] = " ".join(["--console_log_simple", *words])  # see export.told
    if lost:
        notes.append(
            Message(
                "kohya_gui.kohya_ss_cant_told",
                "kohya_ss can't be told {lost}: it splits additional parameters at spaces.",
                lost=", ".join(lost),
            )
        )
    notes.append(
        Message(
            "kohya_gui.load_kohya_ss_lora", "Load it on kohya_ss' LoRA tab under Configuration."
        )
    )
    return {
        f"{job.name}.json": json.dumps(form, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    }, notes


def _form(job: TrainingJob, options: Mapping[str, Any]) -> dict[str, Any]:
    """The form's fields as near to the job as they come."""
    params = job.params
    form = {**FORM, **LAUNCHER} | _plain(options)
    form |= {
        **NETWORK,
        **networks.form(params.network_module, params.extra.get("network_args", ())),
    }
    form |= families.form(job.family)
    form |= _rates(params)
    form |= _launch(job.launch)
    form |= {
        "sdxl": job.family == "sdxl",
        "v2": job.family == "sd2",
        "sdxl_no_half_vae": job.family == "sdxl",
        "v_parameterization": job.prediction == "v_prediction",
        "max_resolution": ",".join(map(str, params.area)),
        "xformers": "sdpa" if params.sdpa else "none",
        "lr_warmup": 0,
        "lr_warmup_steps": params.lr_warmup_steps,
        "max_train_epochs": 0,
        "save_every_n_epochs": 0,
        "save_every_n_steps": params.save_interval,
        "max_token_length": int(params.max_token_length or 75),
        "noise_offset_type": "Multires" if set(_MULTIRES) & params.extra.keys() else "Original",
        "model_list": "custom",
        "dataset_config": options.get("dataset_config", ""),
        "sample_prompts": sample_prompts.text_of(job)
        if options.get("sample_every_n_steps")
        else "",
    }
    return form


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options that are a field of the form, in the field's own type."""
    found = dict.fromkeys(
        ("min_snr_gamma", "noise_offset", "clip_skip", "save_last_n_steps_state"), 0
    )
    fields: dict[str, Any] = {**found}
    for option, value in options.items():
        key = _OPTIONS.get(option, option)
        if key not in FORM or key in _READ_APART:
            continue
        if key in _WORDS:
            fields[key] = " ".join("".join(str(word).split()) for word in value)
        elif isinstance(value, type(FORM[key])) or (
            isinstance(FORM[key], (int, float)) and isinstance(value, (int, float))
        ):
            fields[key] = value
    return fields


def _launch(launch: Launch | None) -> dict[str, Any]:
    """The form has no fields of their own for the machine's number and the main one's address."""
    if launch is None:
        return {}
    free = ["--machine_rank", str(launch.machine_rank)] if launch.machine_rank else []
    free += ["--main_process_ip", launch.main_process_ip] if launch.main_process_ip else []
    return {
        "num_processes": launch.processes,
        "num_machines": launch.machines,
        "multi_gpu": True,
        "gpu_ids": ",".join(map(str, launch.gpu_ids)),
        "main_process_port": launch.main_process_port or 0,
        "num_cpu_threads_per_process": launch.num_cpu_threads_per_process or 0,
        "extra_accelerate_launch_args": " ".join(free),
    }


def _rates(params: TrainingParams) -> dict[str, Any]:
    """0 is how the form leaves a part out."""
    told = meaning(params, "")
    return {"unet_lr": told["unet_lr"] or 0, "text_encoder_lr": told["text_encoder_lr"] or 0}


def _additional(job: TrainingJob, form: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """(words for what the form says otherwise, options that not even those can say)."""
    back = kohya_gui_reader.read(Path("form.json"), form, Here())
    values = back.settled(1)
    theirs = replace(
        TrainingParams(),
        **{key: value for key, value in values.items() if key in KNOWN},
        extra={key: value for key, value in values.items() if key not in KNOWN},
    )
    ours, said = meaning(job.params, job.family), meaning(theirs, job.family)
    words: list[str] = []
    lost: list[str] = []
    for option in sorted((ours.keys() | said.keys()) - SECRETS):
        if ours.get(option) == said.get(option):
            continue
        group = option_words(option, _value(job, ours, option)) or (
            [f"--{option}"] if option in LISTS else []
        )
        if not group or any(not word or set(word) & set(' \t\r\n"') for word in group):
            lost.append(option)
        else:
            words += group
    return words, lost


def _value(job: TrainingJob, ours: Mapping[str, Any], option: str) -> Any:
    if option in KNOWN and option not in (
        "unet_lr",
        "text_encoder_lr",
        "save_every_n_steps",
        "max_token_length",
    ):
        return getattr(job.params, option)
    value = ours.get(option)
    return ["".join(str(word).split()) for word in value] if isinstance(value, tuple) else value
