"""A folder with a captioning model: what kind it is, judged by the files in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ...errors import Problem
from ...messages import Message

THRESHOLD = 0.35
"""What a tag has to reach, as sd-scripts' --thresh."""
TAGS, ONNX, CONFIG = "selected_tags.csv", "model.onnx", "config.json"


def kind_of(folder: Path) -> str:
    """ "tagger" (WD14: model.onnx and selected_tags.csv), "model" (transformers' config.json with
    its architectures), or "".
    """
    if (folder / ONNX).is_file() and (folder / TAGS).is_file():
        return "tagger"
    return "model" if architectures(folder) else ""


def architectures(folder: Path) -> Sequence[str]:
    """The classes of transformers that config.json names."""
    try:
        said = json.loads((folder / CONFIG).read_text(encoding="utf-8")).get("architectures")
    except (OSError, ValueError, AttributeError):
        return ()
    return [str(name) for name in said] if isinstance(said, list) else ()


def problems(folder: Path) -> list[Problem]:
    """Why this folder holds no captioner."""
    if kind_of(folder):
        return []
    return [
        Problem(
            "captioner.empty_folder",
            "with",
            "{folder} holds no captioner",
            "It needs model.onnx with selected_tags.csv (a WD14 tagger), or a transformers model "
            "with config.json.",
            folder=repr(str(folder)),
        )
    ]


def no_tags() -> Message:
    """Why a tagger says nothing of a photo."""
    text = "no tag reaches the threshold of {threshold}"
    return Message("caption.no_tags", text, threshold=THRESHOLD)
