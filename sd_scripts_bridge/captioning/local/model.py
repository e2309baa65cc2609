"""A captioning model of transformers: BLIP, GIT and their like, or one that chats about pictures.
Runs in the training environment, and takes no code from the model's folder.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from ...photos.reading import PhotoUnreadable, read
from .. import prompts
from ..answers import cleaned
from ..said import NoCaption, Said
from .folder import architectures

MOST_TOKENS = 150
SIDE = 1024


class Model:
    """See `said.Describer`."""

    def __init__(self, folder: Path, prompt: str, subject: str) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        kind = getattr(transformers, architectures(folder)[0], None)
        if kind is None or not hasattr(kind, "generate"):
            raise ValueError(f"{architectures(folder)[0]} does not describe pictures")
        half = torch.float16 if self.device == "cuda" else torch.float32
        loaded = kind.from_pretrained(folder, local_files_only=True, torch_dtype=half)
        self.model = loaded.to(self.device).eval()
        self.dtype = half
        self.processor = transformers.AutoProcessor.from_pretrained(folder, local_files_only=True)
        self.chats = bool(getattr(self.processor, "chat_template", None))
        self.prompt = prompts.asked(prompt, subject)

    def describe(self, photos: Sequence[Path]) -> Iterator[Said]:
        for photo in photos:
            began = time.monotonic()
            try:
                text = cleaned(self._described(read(photo).pixels))
            except (PhotoUnreadable, NoCaption) as error:
                yield Said(photo, reason=error.message)
                continue
            yield Said(photo, text, seconds=round(time.monotonic() - began, 2))

    def _described(self, pixels: Any) -> str:
        pixels.thumbnail((SIDE, SIDE), reducing_gap=2.0)
        inputs = self._chat(pixels) if self.chats else self._plain(pixels)
        inputs = inputs.to(self.device, self.dtype)
        with torch.inference_mode():
            ids = self.model.generate(**inputs, max_new_tokens=MOST_TOKENS, do_sample=False)
        asked = inputs["input_ids"].shape[1] if self.chats else 0
        return str(self.processor.batch_decode(ids[:, asked:], skip_special_tokens=True)[0])

    def _plain(self, pixels: Any) -> Any:
        return self.processor(images=pixels, return_tensors="pt")

    def _chat(self, pixels: Any) -> Any:
        content = [{"type": "image", "image": pixels}, {"type": "text", "text": self.prompt}]
        return self.processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        )
