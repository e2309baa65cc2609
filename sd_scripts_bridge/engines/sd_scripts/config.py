"""A job as sd-scripts' ``--config_file``: job and paths in, a flat table out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...datasets import config as dataset_config
from ...jobs.folder import JobFolder
from ...jobs.job import TrainingJob
from ...options import quicker
from ...options.families import FAMILIES
from ...options.params import UNMASKED, fields_of_params
from ...options.presets import IMPORTED
from ..base import Machine
from . import long_epoch, sampling

_RENAMED = {
    "network_train_text_encoder_only",
    "max_token_length",
    "cache_text_encoder_outputs",
    "save_every_n_steps",
}
"""Options that need more than their own name and value."""


def table(
    job: TrainingJob,
    folder: JobFolder,
    tokenizers: Path,
    resume: Path | None = None,
    *,
    machine: Machine | None = None,
) -> dict[str, Any]:
    """Everything that the script is told on ``machine``, by its own option names.

    None means: the script's default.
    """
    machine = machine or Machine()
    params = job.params.fitted_buckets()
    values: dict[str, Any] = {
        "pretrained_model_name_or_path": job.base,
        "output_dir": str(folder.output),
        "output_name": job.name,
        "save_model_as": "safetensors",
        "tokenizer_cache_dir": str(tokenizers),
        "max_data_loader_n_workers": 0,
        **{f.name: getattr(params, f.name) for f in fields_of_params() if f.name not in _RENAMED},
        "network_train_text_encoder_only": params.network_train_text_encoder_only,
        "max_token_length": int(params.max_token_length)
        if params.max_token_length not in (None, "75")
        else None,
        "save_state": job.saves_states,
        **_saves(job),
        **_family(job),
        "logging_dir": str(folder.tensorboard) if params.extra.get("log_with") else None,
        **{key: value for key, value in params.extra.items() if key != UNMASKED},
        **sampling.options(job, folder.prompts, on_gpu=machine.device == "cuda"),
    }
    if resume is not None:
        values |= _going_on(job, resume)
    if job.preset != IMPORTED:
        values |= quicker.beside(values, fused=quicker.has_fused(machine.device, machine.torch))
    return {**values, **_pictures(job, folder, resume)}


def _going_on(job: TrainingJob, resume: Path) -> dict[str, Any]:
    return {
        "resume": str(resume),
        "skip_until_initial_step": True,
        "initial_step": long_epoch.initial_step(job, resume),
        "sample_at_first": None,  # it would be drawn with what is learnt already
    }


def _saves(job: TrainingJob) -> dict[str, Any]:
    """When it saves on the way. The last step is saved at the end anyway: a run that would save at
    that one alone isn't asked to save it twice.
    """
    every = job.params.save_interval
    if every >= job.params.max_train_steps:
        return {}
    keeps = {"save_last_n_steps_state": every} if job.saves_states else {}  # the newest two
    return {"save_every_n_steps": every, **keeps}


def _pictures(job: TrainingJob, folder: JobFolder, resume: Path | None) -> dict[str, Any]:
    """Where they are: a folder, or the dataset_config that `dataset_text` writes."""
    if job.dataset_config is not None:
        return {"dataset_config": str(folder.dataset_config)}
    image_dir = job.dataset
    if resume is not None:
        image_dir = str(long_epoch.folder_for(job, folder.resumed))
    return {
        "train_data_dir": image_dir,
        "reg_data_dir": _regularisation(job),
        "caption_extension": ".txt",  # the script's own default is .caption
    }


def dataset_text(job: TrainingJob, resume: Path | None = None) -> str:
    """The dataset_config as a file; empty for a job that trains one folder."""
    if job.dataset_config is None:
        return ""
    data = job.dataset_config
    return dataset_config.text(long_epoch.longer(job, data) if resume is not None else data)


def _family(job: TrainingJob) -> dict[str, Any]:
    """What only some scripts know, or what the base itself decides."""
    cached = {"cache_text_encoder_outputs": job.params.cache_text_encoder_outputs}
    v_parameterization = job.prediction == "v_prediction" or None
    if job.family == "sdxl":
        return {
            **cached,
            "no_half_vae": True,
            "v_parameterization": v_parameterization,
        }  # its VAE overflows in half precision
    if not FAMILIES[job.family].is_ldm:
        return {
            **cached,
            "min_snr_gamma": None,
            "clip_skip": None,
            "max_token_length": None,
        }  # of noise and CLIP only
    return {"v2": job.family == "sd2" or None, "v_parameterization": v_parameterization}


def _regularisation(job: TrainingJob) -> str | None:
    """The ``reg`` folder beside ``img``, where it holds anything."""
    reg = Path(job.dataset).parent / "reg"
    return str(reg) if reg.is_dir() and any(reg.iterdir()) else None
