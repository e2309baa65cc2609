"""What kind of thing an option of sd-scripts is: a secret, a path, ours to decide, a list; and the
scripts' own defaults.

Names and defaults: ``library/train_util.py`` and ``train_network.py`` of sd-scripts 0.10.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..messages import Message
from .families import COMPANION_OPTIONS

SECRETS = frozenset({"wandb_api_key", "huggingface_token"})

SENDING = frozenset(
    {
        "huggingface_repo_id",
        "huggingface_repo_type",
        "huggingface_repo_visibility",
        "huggingface_path_in_repo",
        "save_state_to_huggingface",
        "resume_from_huggingface",
        "async_upload",
        "log_with",
        "wandb_run_name",
        "log_tracker_name",
        "log_tracker_config",
        "log_prefix",
    }
)
"""Options that send something out, or only serve one that does; a file from elsewhere may not
switch them on.
"""

HARMLESS = frozenset({("log_with", "tensorboard")})
"""Options of `SENDING` with a value that sends nothing out: TensorBoard's files stay in the job's
folder.
"""

PLACES = frozenset(
    {
        "vae",
        "network_weights",
        "base_weights",
        "sample_prompts",
        "conditioning_data_dir",
        "in_json",
        "llm_adapter_path",
        "t5_tokenizer_path",
        *COMPANION_OPTIONS,
    }
)
"""Options that name a file or folder on the author's machine."""

OURS: Mapping[str, str] = {
    "output_dir": Message(
        "ours.output_dir", "results go into the job's own folder, then into the Lora folder"
    ),
    "output_config": Message("ours.output_config", "it would only print the options"),
    "config_file": Message("ours.config_file", "the file is read here and now"),
    "resume": Message("ours.resume", "a stopped job continues with `resume`"),
    "tokenizer_cache_dir": Message(
        "ours.tokenizer_cache_dir", "the tokenizers are LoRA Bridge's own"
    ),
    "console_log_simple": Message(
        "ours.console_log_simple", "LoRA Bridge reads the output and sets this itself"
    ),
    "console_log_file": Message("ours.console_log_file", "LoRA Bridge keeps the log itself"),
    "logging_dir": Message(
        "ours.logging_dir", "the curve and the log stay in the job's own folder"
    ),
    "console_log_level": Message(
        "ours.console_log_level", "LoRA Bridge reads the output and sets this itself"
    ),
    "skip_until_initial_step": Message(
        "ours.skip_until_initial_step", "a stopped job continues with `resume`"
    ),
    "initial_step": Message("ours.initial_step", "a stopped job continues with `resume`"),
    "initial_epoch": Message("ours.initial_epoch", "a stopped job continues with `resume`"),
    "v_parameterization": Message("ours.v_parameterization", "the base model itself says this"),
}
"""What the bridge decides, with the reason that a report gives."""

LISTS = frozenset(
    {
        "network_args",
        "optimizer_args",
        "lr_scheduler_args",
        "base_weights",
        "base_weights_multiplier",
        "text_encoder_lr",
    }
)
"""Options that take several values (nargs="*")."""

TEXTS = frozenset(
    {
        "metadata_author",
        "metadata_description",
        "metadata_license",
        "metadata_merged_from",
        "metadata_preprocessor",
        "metadata_tags",
        "metadata_thumbnail",
        "metadata_title",
        "metadata_trigger_phrase",
        "metadata_usage_hint",
        "caption_prefix",
        "caption_suffix",
        "caption_separator",
        "keep_tokens_separator",
        "secondary_separator",
    }
)
"""Options that are text even where it looks like a number."""

SCRIPT_DEFAULTS: Mapping[str, Any] = {
    "max_train_steps": 1600,
    "resolution": "512",
    "train_batch_size": 1,
    "gradient_accumulation_steps": 1,
    "learning_rate": 2e-6,
    "unet_lr": None,
    "text_encoder_lr": None,
    "optimizer_type": "AdamW",
    "lr_scheduler": "constant",
    "lr_warmup_steps": 0,
    "lr_scheduler_num_cycles": 1,
    "lr_scheduler_power": 1.0,
    "max_grad_norm": 1.0,
    "network_module": "networks.lora",
    "network_dim": 4,
    "network_alpha": 1.0,
    "network_train_unet_only": False,
    "network_train_text_encoder_only": False,
    "min_snr_gamma": None,
    "noise_offset": None,
    "prior_loss_weight": 1.0,
    "clip_skip": None,
    "max_token_length": "75",
    "shuffle_caption": False,
    "keep_tokens": 0,
    "caption_dropout_rate": 0.0,
    "flip_aug": False,
    "enable_bucket": False,
    "min_bucket_reso": 256,
    "max_bucket_reso": 1024,
    "bucket_reso_steps": 64,
    "bucket_no_upscale": False,
    "cache_latents": False,
    "cache_text_encoder_outputs": False,
    "gradient_checkpointing": False,
    "mixed_precision": "no",
    "save_precision": "float",
    "save_every_n_steps": None,
    "training_comment": None,
}
"""Of the options that we know by name.

Left out, so ours hold: seed (random), sdpa and save_state, which change no result.
"""

OTHER_DEFAULTS: Mapping[str, Any] = {
    "huber_c": 0.1,
    "huber_scale": 1.0,
    "huber_schedule": "snr",
    "loss_type": "l2",
    "multires_noise_discount": 0.3,
    "caption_separator": ",",
    "token_warmup_min": 1,
    "token_warmup_step": 0,
    "caption_dropout_every_n_epochs": 0,
    "caption_tag_dropout_rate": 0.0,
    "max_timestep": 1000,
    "min_timestep": 0,
    "sample_sampler": "ddim",
    "lr_scheduler_type": "",
    "max_data_loader_n_workers": 0,
    "dataset_repeats": 1,
    "save_model_as": "safetensors",
    "dynamo_backend": "inductor",
    "validation_split": 0.0,
}
"""Of other options; the workers' is ours (0), since we always send it."""


def is_off(value: Any) -> bool:
    """Whether ``value`` says as much as leaving the option out."""
    return value is None or value is False or value in ("", [], ())


def is_default(option: str, value: Any) -> bool:
    """Whether an option beyond `TrainingParams` may as well be left out."""
    return is_off(value) or (option in OTHER_DEFAULTS and OTHER_DEFAULTS[option] == value)
