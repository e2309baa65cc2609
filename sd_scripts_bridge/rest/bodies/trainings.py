"""What may be trained, and with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from ...engines import PREFERRED
from ...shapes.marks import Bounds, Example
from .common import EngineName, Files, HeldOut, Private, Published, Text, Values

StartTime = Annotated[
    str | None, "23:00, or 2026-12-24 23:00 (this machine's clock, or with a zone); null: at once"
]


@dataclass(frozen=True)
class LaunchBody:
    """More than one process, in the words of `accelerate launch`."""

    processes: int | None = None
    machines: int | None = None
    machine_rank: Annotated[int | None, "0 is the machine that saves and publishes"] = None
    main_process_ip: str | None = None
    main_process_port: int | None = None
    num_cpu_threads_per_process: int | None = None
    gpus: Annotated[list[int] | None, "one for each process on this machine"] = None


@dataclass(frozen=True)
class ClusterBody:
    """Where a Ray cluster is, and what lies there."""

    address: Annotated[str, "of its dashboard", Example("http://head:8265")]
    base: Annotated[str | None, "the base model there"] = None
    home: Annotated[str | None, "the home folder there"] = None
    gpus: int | None = None


@dataclass(frozen=True)
class TrainBody:
    """A training of a folder or of a config: what `train` does on the command line."""

    dataset: Annotated[
        Path | None, "a kohya folder; needed without a config", Example("/datasets/AlvaroBadia")
    ] = None
    base: Annotated[
        Path | None,
        "a base model; needed without a config",
        Example("/webui/models/Stable-diffusion/sd_xl_base_1.0.safetensors"),
    ] = None
    config: Annotated[Path | None, "a kohya_ss .json, a .toml, a job.json or a LoRA"] = None
    lora_dir: Annotated[Path | None, "null: the WebUI's models/Lora"] = None
    engine: Annotated[EngineName | None, "null: the first that is set up and can train it"] = None
    preset: Text = None
    values: Values | None = None
    name: Annotated[str | None, Bounds(0, 1000), "of the LoRA"] = None
    gpu: Annotated[int | None, Bounds(0, 1023), "counted from 0; null: the first free one"] = None
    held_out: Annotated[
        HeldOut,
        "photos to measure on, never trained: names, auto or none; null: as the dataset says",
    ] = None
    enough: Annotated[bool, "end when the held-out loss no longer gets better"] = False
    masks: Annotated[bool | None, "train only what masks show; null: as the dataset says"] = None
    publish: Published = None
    private: Private = False
    at: StartTime = None
    launch: LaunchBody | None = None
    on: ClusterBody | None = None


@dataclass(frozen=True)
class StepSearchBody:
    """A training whose step shall be found before it runs."""

    dataset: Annotated[Path, "a kohya folder, or photos", Example("/datasets/AlvaroBadia")]
    base: Annotated[Path, Example("/webui/models/Stable-diffusion/v1-5-pruned-emaonly.safetensors")]
    folds: Annotated[int | None, "short trainings; each photo is left out of one; null: 5"] = None
    preset: Text = None
    values: Values | None = None
    lora_dir: Annotated[Path | None, "for the training on all photos; as in Train"] = None
    gpu: Annotated[int | None, Bounds(0, 1023), "counted from 0; null: the first free one"] = None


@dataclass(frozen=True)
class StartBody:
    """Start the draft's training."""

    seen: Annotated[
        Mapping[str, Any] | None, "name, class_token and training as this window shows them"
    ] = None
    at: StartTime = None


@dataclass(frozen=True)
class ImportBody:
    """A config from elsewhere: its files in a form, or its path where the page is local."""

    files: Files = ()
    path: Path | None = None
    apply: Annotated[bool, "put it into the draft, too"] = False


@dataclass(frozen=True)
class BaseBody:
    """A base model to train on, or a folder of them to offer."""

    path: Annotated[Path, Example("/models/sd_xl_base_1.0.safetensors")]


@dataclass(frozen=True)
class PresetCopyBody:
    """A preset to copy into a .toml of your own."""

    name: Annotated[str, Bounds(1, 1000), Example("person-sdxl")]
    to: Annotated[
        Path,
        Example("/home/me/mine.toml"),
        "a .toml, or a folder, below your own folder or the home folder",
    ]


@dataclass(frozen=True)
class SetupBody:
    """The training environment to set up."""

    source: Annotated[
        str | None, "sd-scripts' folder, archive or address; null: the pinned version"
    ] = None
    python: Annotated[Path | None, "the environment of a kohya_ss or sd-scripts"] = None
    engine: EngineName = PREFERRED
