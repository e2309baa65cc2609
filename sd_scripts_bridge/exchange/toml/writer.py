"""A job as sd-scripts' ``--config_file`` and the ``--dataset_config`` that it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...datasets.kohya_folder import Subset, open_dataset
from ...errors import BridgeError, Invalid, Problem
from ...jobs.job import TrainingJob
from ...messages import Message
from ...system.toml_file import dumps
from ..scripts.shell_words import posix

CONFIG, DATASET = "train.toml", "dataset.toml"
_GENERAL = (
    "caption_extension",
    "shuffle_caption",
    "keep_tokens",
    "caption_dropout_rate",
    "flip_aug",
)
_DATASET = (
    "enable_bucket",
    "min_bucket_reso",
    "max_bucket_reso",
    "bucket_reso_steps",
    "bucket_no_upscale",
)
_FOLDERS = ("train_data_dir", "reg_data_dir", "resolution", "train_batch_size")


def files(
    job: TrainingJob, options: Mapping[str, Any], out: Path, start: Sequence[str]
) -> tuple[dict[str, str], list[str]]:
    """(name -> text, notes). Raises `Invalid` where the job's pictures are gone."""
    moved = set() if job.dataset_config else {*_GENERAL, *_DATASET, *_FOLDERS}
    train = {key: value for key, value in options.items() if key not in moved}
    command = posix([*start, "--config_file", str(out / CONFIG)])
    text = f"# {command}\n" + dumps({**train, "dataset_config": str(out / DATASET)})
    notes: list[str] = [Message("toml.run", "Run it: {command}", command=command)]
    if job.launch:
        notes.append(
            Message(
                "toml.processes_command_alone_config",
                "The {processes} processes are in that command alone: a config file can't hold "
                "them.",
                processes=job.launch.processes,
            )
        )
    if job.dataset_config is not None:
        return {CONFIG: text}, notes
    return {CONFIG: text, DATASET: _dataset(job, options)}, notes


def _dataset(job: TrainingJob, options: Mapping[str, Any]) -> str:
    try:
        data = open_dataset(Path(job.dataset))
    except BridgeError as error:
        raise Invalid(
            [
                Problem(
                    "toml.writer.jobs_pictures_any_more",
                    "dataset",
                    "the job's pictures are gone: {error}",
                    "Export as sh or kohya, which name their folder only.",
                    error=error,
                )
            ]
        ) from error
    width, height = job.params.area
    dataset = {
        "resolution": width if width == height else [width, height],
        "batch_size": options["train_batch_size"],
        **{key: options[key] for key in _DATASET},
    }
    subsets = [
        *(_subset(s, False) for s in data.subsets),
        *(_subset(s, True) for s in data.regularisation),
    ]
    return "\n".join(
        [
            "[general]",
            dumps({key: options[key] for key in _GENERAL}),
            "[[datasets]]",
            dumps(dataset),
            *subsets,
        ]
    )


def _subset(subset: Subset, is_reg: bool) -> str:
    table = {
        "image_dir": str(subset.folder),
        "num_repeats": subset.repeats,
        "class_tokens": f"{subset.subject} {subset.class_token}".strip(),
        "is_reg": is_reg or None,
    }
    return "[[datasets.subsets]]\n" + dumps(table)
