"""What a POST may say, a frozen dataclass each; `page.shape` reads and describes them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from ..page.shape import Bounds

Text = Annotated[str | None, Bounds(0, 1000)]


@dataclass(frozen=True)
class StopBody:
    """Stop a job after its next save, or now."""

    now: bool = False


@dataclass(frozen=True)
class PauseBody:
    """Leave the GPU free for so long."""

    minutes: Annotated[float | None, "null: a minute in a WebUI, else ten"] = None


@dataclass(frozen=True)
class CleanBody:
    """Free what finished trainings don't need."""

    keep: Annotated[
        Literal["everything", "checkpoints", "lora"] | None,
        "from now on keep this of each of them; null: by the rule that holds",
    ] = None
    dry_run: Annotated[bool, "only say how much; nothing is freed or set"] = False


@dataclass(frozen=True)
class PublishJobBody:
    """What a job has saved, as a LoRA in its folder."""

    private: Annotated[bool, "no caption word, path or name but the LoRA's own in it"] = False


@dataclass(frozen=True)
class PromptsBody:
    """What the sample pictures show from the next sampling on: a prompt a line."""

    text: Annotated[str, Bounds(1, 20_000)]


@dataclass(frozen=True)
class CaptionsBody:
    """A change of many captions at once."""

    action: Literal["draft", "add", "remove", "replace", "undo"]
    text: Text = None
    with_: Text = None
    where: Annotated[Literal["start", "end"], "start: behind the name"] = "end"


@dataclass(frozen=True)
class CheckBody:
    """Photos or folders to look at."""

    photos: Annotated[list[Path], Bounds(1, 10_000)]
