"""Options that the training script refuses."""

from __future__ import annotations

from .known import RAISED, FailureKind, Known, known

ROWS: tuple[Known, ...] = (
    known(
        "bucket-limits",
        FailureKind.OPTION,
        "run",
        RAISED + r"(?P<name>min|max)_bucket_reso must be equal or \w+ than resolution",
        "{name}_bucket_reso doesn't fit the resolution. min_bucket_reso may be at most the "
        "shorter side, and max_bucket_reso must be at least the longer one.",
    ),
    known(
        "bucket-steps",
        FailureKind.OPTION,
        "sd-scripts library/train_util.py",
        RAISED + r"bucket_reso_steps is (?P<now>\d+)\. it must be divisible by (?P<by>\d+)",
        "bucket_reso_steps={now} is not a multiple of {by}. Set it to 64.",
    ),
    known(
        "cache-and-changes",
        FailureKind.OPTION,
        "run",
        RAISED + r"when caching latents, either color_aug or random_crop",
        "Cached latents can't be augmented. Remove color_aug and random_crop, or set "
        "cache_latents=false.",
    ),
    known(
        "caption-cache-and-changes",
        FailureKind.OPTION,
        "sd-scripts library/train_util.py",
        RAISED + r"when caching (?:Text Encoder|text encoder) output",
        "Cached captions can't change from step to step. Remove shuffle_caption and "
        "caption_dropout_rate, or set cache_text_encoder_outputs=false.",
    ),
    known(
        "caption-cache-and-training",
        FailureKind.OPTION,
        "run",
        RAISED + r"network for Text Encoder cannot be trained with caching",
        "Text encoder outputs can't be cached while the text encoder is trained. Set "
        "network_train_unet_only=true, or cache_text_encoder_outputs=false.",
    ),
    known(
        "precision-needed",
        FailureKind.OPTION,
        "run",
        RAISED
        + r"(?P<name>f(?:p8_base|ull_[bf]\w*16)) requires mixed precision=(?P<wanted>'[\w ']+')",
        "{name} only works with mixed_precision {wanted}. Set that, or remove {name}.",
    ),
    known(
        "option-unknown",
        FailureKind.OPTION,
        "run",
        r"^\w+\.py: error: unrecognized arguments: --(?P<name>\w+)",
        "This training script has no option {name}. Remove it.",
    ),
    known(
        "option-value",
        FailureKind.OPTION,
        "run",
        r"^\w+\.py: error: argument --(?P<name>\w+): (?P<what>[^\n]+)",
        "The value of {name} is not accepted: {what}.",
    ),
    known(
        "option-file",
        FailureKind.OPTION,
        "run; derrian-distro/LoRA_Easy_Training_Scripts#160",
        r"^toml\.decoder\.TomlDecodeError: (?P<what>[^\n]+)",
        "A config file can't be read: {what}. In TOML, write paths with / instead of \\, or in "
        "single quotes.",
    ),
    known(
        "option-file-gone",
        FailureKind.OPTION,
        "run",
        r"\bnot found\.(?:\s+train_util\.py:\d+)?\s*\Z",
        "The job's config file is gone. Start the job again: that writes it again.",
    ),
    known(
        "option-dataset-file",
        FailureKind.OPTION,
        "run",
        r"^voluptuous\.error\.\w*Invalid: (?P<what>[^\n]+)",
        "The dataset_config file is not accepted: {what}. Correct that entry.",
    ),
    known(
        "scheduler-unknown",
        FailureKind.OPTION,
        "run",
        RAISED + r"'?(?P<name>\w+)'? is not a valid SchedulerType",
        "There is no lr_scheduler named {name}. Set cosine or constant.",
    ),
    known(
        "workers-none",
        FailureKind.OPTION,
        "run",
        RAISED + r"persistent_workers option needs num_workers > 0",
        "persistent_data_loader_workers needs at least one worker. Remove it, or set "
        "max_data_loader_n_workers=1.",
    ),
    known(
        "option-not-a-number",
        FailureKind.OPTION,
        "run",
        RAISED
        + r"(?:could not convert string to float: |invalid literal for int\(\) with base 10: "
        r"|'<=' not supported between instances of 'float' and 'str')(?P<value>'[^\n]*')?",
        "An option that takes a number was given text {value}. Check the numbers among the "
        "job's options.",
    ),
)
