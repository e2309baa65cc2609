"""What may be asked of a job."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from ...options.params import MOST_STEPS
from ...shapes.marks import Bounds, Example
from .common import Private


@dataclass(frozen=True)
class StopBody:
    """Stop a job after its next save, or now."""

    now: bool = False


@dataclass(frozen=True)
class PauseBody:
    """Leave the GPU free for this long."""

    minutes: Annotated[
        float | None, "null: a minute after the last image in a WebUI, else ten", Example(10)
    ] = None


@dataclass(frozen=True)
class ResumeBody:
    """Go on with a job."""

    from_: Annotated[
        int | None, Bounds(1, MOST_STEPS), "the step of a saved state; null: the newest one"
    ] = None


@dataclass(frozen=True)
class RetryBody:
    """Start over, or train again as a new job."""

    all_photos: Annotated[bool, "a new job, the held-out photos trained, too"] = False
    steps: Annotated[int | None, Bounds(1, MOST_STEPS), "null: recommended, or as before"] = None


@dataclass(frozen=True)
class PublishJobBody:
    """What a job has saved, as a LoRA in its folder."""

    private: Private = False
    step: Annotated[
        int | None, Bounds(1, MOST_STEPS), "a saved step, under a name of its own; null: the last"
    ] = None
    average: Annotated[bool, "the mean of that step and of the saves right before and after it"] = (
        False
    )


@dataclass(frozen=True)
class PromptsBody:
    """What the sample pictures show from the next sampling on: a prompt a line."""

    text: Annotated[
        str, Bounds(1, 20_000), Example("AlvaroBadia man, at the beach --w 512 --h 512")
    ]


@dataclass(frozen=True)
class GridBody:
    """What to draw side by side; null is chosen by the server."""

    steps: Annotated[list[int] | None, "saved steps"] = None
    weights: Annotated[list[float] | None, "strengths of the LoRA"] = None
    prompts: Annotated[str | None, "a prompt a line, in sd-scripts' words", Bounds(1, 20_000)] = (
        None
    )
    by: Annotated[
        Literal["embedded", "webui"] | None, "null: the WebUI where the page is in one"
    ] = None


@dataclass(frozen=True)
class VoteBody:
    """A blind vote between two pictures of a grid."""

    numbers: Annotated[list[int], Bounds(2, 2)]
    better: Annotated[int | None, "one of the two numbers; null: neither"] = None


@dataclass(frozen=True)
class LikenessBody:
    """What to measure a training's samples with."""

    with_: Annotated[Path | None, "ArcFace's .onnx, or CLIP's folder; null: what is here"] = None


@dataclass(frozen=True)
class FindStepBody:
    """Short trainings that find a training's step."""

    folds: Annotated[int | None, "how many; each photo is left out of one; null: 5"] = None
