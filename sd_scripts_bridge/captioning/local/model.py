"""A captioning model of transformers: BLIP, GIT and their like, or one that chats about pictures.
Runs in the training environment, and takes no code from the model's folder.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from ...messages import Message
from ...photos.reading import PhotoUnreadable, read
from ...system.pytorch.device import best, half
from ..answers import cleaned
from ..prompts import Asks
from ..said import CannotGoOn, NoCaption, Said
from .folder import architectures

MOST_TOKENS = 150
SIDE = 1024
TASKS = {"Florence2ForConditionalGeneration": "<DETAILED_CAPTION>"}
"""Models that describe only when they are told to, and the word for it."""
IN_A_ROW = 3
"""Photos on which the model itself fails, after which it counts as broken."""


class Model:
    """See `said.Describer`."""

    def __init__(self, folder: Path, asks: Asks) -> None:
        self.device = best()
        kind = getattr(transformers, architectures(folder)[0], None)
        if kind is None or not hasattr(kind, "generate"):
            raise ValueError(f"{architectures(folder)[0]} does not describe pictures")
        self.dtype = half(self.device)
        loaded = kind.from_pretrained(folder, local_files_only=True, torch_dtype=self.dtype)
        self.model = loaded.to(self.device).eval()
        self.processor = _processor(folder)
        self.chats = bool(getattr(self.processor, "chat_template", None))
        self.task = TASKS.get(architectures(folder)[0])
        self.asks = asks

    def describe(self, photos: Sequence[Path]) -> Iterator[Said]:
        failed = 0
        for photo in photos:
            began = time.monotonic()
            try:
                text = cleaned(self._described(photo))
            except (PhotoUnreadable, NoCaption) as error:
                yield Said(photo, reason=error.message)
                continue
            except (RuntimeError, ValueError, TypeError, LookupError, AttributeError) as error:
                failed += 1
                yield Said(photo, reason=self._failure(error, failed))
                continue
            failed = 0
            yield Said(photo, text, seconds=round(time.monotonic() - began, 2))

    def _failure(self, error: Exception, in_a_row: int) -> Message:
        """Why this photo has none. Raises `CannotGoOn` where no other will have one."""
        traceback.print_exc()
        said = " ".join(str(error).split())[:300] or type(error).__name__
        reason = Message("caption.model_failed", "the model failed: {error}", error=said)
        if in_a_row >= IN_A_ROW:
            raise CannotGoOn(reason) from error
        return reason

    def _described(self, photo: Path) -> str:
        pixels = read(photo).pixels
        pixels.thumbnail((SIDE, SIDE), reducing_gap=2.0)
        inputs = self._chat(pixels, self.asks(photo)) if self.chats else self._plain(pixels)
        inputs = inputs.to(self.device, self.dtype)
        with torch.inference_mode():
            ids = self.model.generate(**inputs, max_new_tokens=MOST_TOKENS, do_sample=False)
        asked = inputs["input_ids"].shape[1] if self.chats else 0
        return str(self.processor.batch_decode(ids[:, asked:], skip_special_tokens=True)[0])

    def _plain(self, pixels: Any) -> Any:
        told = {"text": self.task} if self.task else {}
        return self.processor(images=pixels, return_tensors="pt", **told)

    def _chat(self, pixels: Any, prompt: str) -> Any:
        content = [{"type": "image", "image": pixels}, {"type": "text", "text": prompt}]
        return self.processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )


def _processor(folder: Path) -> Any:
    """What makes a picture the model's input, and its answer a text."""
    found = transformers.AutoProcessor.from_pretrained(folder, local_files_only=True)
    return found if hasattr(found, "image_processor") else _Halves(folder)


class _Halves:
    """A processor of a model that has its picture's half and its words' half apart: an encoder
    with a decoder, as ViT-GPT2.
    """

    def __init__(self, folder: Path) -> None:
        self.pictures = transformers.AutoImageProcessor.from_pretrained(
            folder, local_files_only=True
        )
        self.words = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)

    def __call__(self, images: Any, return_tensors: str) -> Any:
        return self.pictures(images=images, return_tensors=return_tensors)

    def batch_decode(self, ids: Any, **how: Any) -> list[str]:
        return list(self.words.batch_decode(ids, **how))
