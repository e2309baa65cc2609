"""CLIP's vectors of pictures and of texts, in one space."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import CLIPImageProcessor, CLIPModel, CLIPTokenizerFast

from ....likeness.statistics import Floats


class ClipEmbedder:
    """CLIP in a folder as transformers writes it; nothing is downloaded."""

    def __init__(self, folder: Path) -> None:
        self._model: Any = CLIPModel.from_pretrained(folder, local_files_only=True).eval()
        self._images: Any = CLIPImageProcessor.from_pretrained(folder, local_files_only=True)
        self._words: Any = CLIPTokenizerFast.from_pretrained(folder, local_files_only=True)

    def of_picture(self, picture: Image.Image) -> Floats | None:
        """The picture's vector."""
        pixels = self._images(picture.convert("RGB"), return_tensors="pt")["pixel_values"]
        with torch.no_grad():
            vision = self._model.vision_model(pixel_values=pixels).pooler_output
            return _numbers(self._model.visual_projection(vision)[0])

    def of_texts(self, texts: Sequence[str]) -> Floats:
        """(texts, numbers)."""
        words = self._words(list(texts), padding=True, truncation=True, return_tensors="pt")
        with torch.no_grad():
            told = self._model.text_model(**words).pooler_output
            return _numbers(self._model.text_projection(told))


def _numbers(tensor: torch.Tensor) -> Floats:
    return np.asarray(tensor.float().numpy(), np.float64)
