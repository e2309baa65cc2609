"""A WD14 tagger: tags above a threshold, the surest first. Runs in the training environment.

The input as SmilingWolf's own app.py makes it: a white square, bicubic, BGR, 0 to 255, channels
last; selected_tags.csv names the outputs, category 9 being ratings, 4 characters, 0 the rest.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

from ...photos.reading import PhotoUnreadable, read
from ..said import CannotGoOn, Said
from .folder import ONNX, TAGS, THRESHOLD, no_tags

GENERAL = "0"
PROVIDERS = (
    "CUDAExecutionProvider",
    "ROCMExecutionProvider",
    "DmlExecutionProvider",
    "CPUExecutionProvider",
)
"""In this order, those that are there. TensorRT, which would build an engine for minutes, is not
among them.
"""
SUBJECTS = frozenset({"1boy", "1girl", "solo", "male focus", "female focus", "realistic"})
"""What the caption's beginning says already, and what every photo is."""


class Tagger:
    """See `said.Describer`."""

    def __init__(self, folder: Path) -> None:
        with (folder / TAGS).open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.tags = [_spoken(row["name"]) if row["category"] == GENERAL else "" for row in rows]
        here = onnxruntime.get_available_providers()
        self.session = onnxruntime.InferenceSession(
            str(folder / ONNX), providers=[name for name in PROVIDERS if name in here]
        )
        wanted = self.session.get_inputs()[0]
        self.input, self.side = wanted.name, int(wanted.shape[1])

    def describe(self, photos: Sequence[Path]) -> Iterator[Said]:
        for photo in photos:
            began = time.monotonic()
            try:
                found = self._tags(read(photo).pixels)
            except PhotoUnreadable as error:
                yield Said(photo, reason=error.message)
                continue
            seconds = round(time.monotonic() - began, 2)
            if found:
                yield Said(photo, ", ".join(found), seconds=seconds)
            else:
                yield Said(photo, reason=no_tags())

    def _tags(self, pixels: Image.Image) -> list[str]:
        (scores,) = self._run(self._input(pixels))[0]
        ranked = sorted(zip(scores, self.tags, strict=False), key=lambda pair: -pair[0])
        return [tag for score, tag in ranked if score > THRESHOLD and tag and tag not in SUBJECTS]

    def _run(self, picture: Any) -> Any:
        """Raises `CannotGoOn`: what a tagger can't do with one picture it can't do with any."""
        try:
            return self.session.run(None, {self.input: picture})
        except Exception as error:  # its errors have no class of their own in common
            said = " ".join(str(error).split())[:300]
            text = "the model failed: {error}"
            raise CannotGoOn("caption.model_failed", text, error=said) from error

    def _input(self, pixels: Image.Image) -> Any:
        side = max(pixels.size)
        square = Image.new("RGB", (side, side), "white")
        square.paste(pixels, ((side - pixels.width) // 2, (side - pixels.height) // 2))
        small = square.resize((self.side, self.side), Image.Resampling.BICUBIC)
        return np.asarray(small, np.float32)[None, :, :, ::-1]


def _spoken(tag: str) -> str:
    """Words with spaces; a face made of signs (">_<") stays."""
    return tag.replace("_", " ") if len(tag) > 3 else tag
