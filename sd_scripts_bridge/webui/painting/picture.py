"""One picture that the WebUI is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ...engines.sample_prompts import SamplePrompt


@dataclass(frozen=True)
class StepFile:
    """The LoRA of a saved step, under a name that no other file has."""

    name: str
    path: Path


@dataclass(frozen=True)
class AskedPicture:
    """``base``: the file of the model that draws it; None, or one that the host doesn't list: the
    one that is loaded, unless it ``must_be_base``.
    """

    prompt: SamplePrompt
    base: Path | None = None
    lora: StepFile | None = None
    weight: float = 0.0
    must_be_base: bool = False
