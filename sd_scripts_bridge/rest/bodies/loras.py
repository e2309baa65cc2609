"""What may be asked about finished LoRAs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from ...engines.tools.lora_words import ACTIONS
from ...shapes.marks import Bounds, Example, OneOf
from .common import Private, Text


@dataclass(frozen=True)
class VerifyBody:
    """A LoRA to look at."""

    file: Path


@dataclass(frozen=True)
class EvaluateBody:
    """A LoRA to measure on photos."""

    file: Annotated[Path, Example("/loras/hero.safetensors")]
    on: Annotated[Path, "a folder of photos, with captions beside them or without"]
    base: Annotated[
        Path | None,
        "the base model; null: the one that the LoRA names, where it is known here",
        Example("/models/v1-5-pruned-emaonly.safetensors"),
    ] = None


@dataclass(frozen=True)
class LoraBody:
    """Work on finished LoRAs."""

    action: Annotated[str, OneOf(ACTIONS)]
    files: Annotated[
        list[Path],
        Bounds(1, 50),
        "LoRAs; for extract, the tuned model",
        Example(["/loras/a.safetensors"]),
    ]
    rank: Annotated[int | None, "of the result; null: of merge as high as it takes"] = None
    weights: Annotated[list[float], "of merge, one for each LoRA; none: 1 each"] = field(
        default_factory=list
    )
    into: Annotated[Path | None, "the base model to merge into"] = None
    from_: Annotated[Path | None, "of extract: the base that was tuned"] = None
    name: Text = None
    lora_dir: Path | None = None
    out: Annotated[Path | None, "a merged base's file; null: in the job's folder"] = None
    gpu: int | None = None


@dataclass(frozen=True)
class CardBody:
    """What to change of a LoRA's card; null stays as it is."""

    activation_text: Annotated[str | None, Bounds(0, 1000)] = None
    weight: Annotated[float | None, "preferred weight"] = None
    negative: Annotated[str | None, Bounds(0, 2000)] = None
    notes: Annotated[str | None, Bounds(0, 10_000)] = None
    picture: Annotated[
        str | None, Bounds(1, 100), "samples/N, grid/N, or photo: the first training photo"
    ] = None


@dataclass(frozen=True)
class PublishBody:
    """A finished LoRA to publish."""

    file: Annotated[Path, Example("/output/AlvaroBadia.safetensors")]
    lora_dir: Annotated[Path | None, "null: the WebUI's models/Lora"] = None
    name: Annotated[str | None, Bounds(0, 1000), "null: as the file is called"] = None
    private: Private = False
