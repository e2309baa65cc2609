"""Captions to what the U-Net listens to: tokens in chunks of 75, and the text encoders' states."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from ....datasets.caption_tokens import CHUNK, LENGTHS
from .clip import text_model

TOKENIZERS = {
    "sd1": ("openai_clip-vit-large-patch14",),
    "sd2": ("stabilityai_stable-diffusion-2",),
    "sdxl": ("openai_clip-vit-large-patch14", "laion_CLIP-ViT-bigG-14-laion2B-39B-b160k"),
}
SDXL_FIRST_LAYERS = 11


@dataclass(frozen=True)
class Condition:
    """A batch of captions, encoded. ``pooled`` is SDXL's second input."""

    states: Tensor
    pooled: Tensor | None = None

    def pick(self, rows: Tensor) -> Condition:
        return Condition(self.states[rows], None if self.pooled is None else self.pooled[rows])


class Tokenizer:
    """The family's tokenizers: a caption becomes [encoder, chunk, 77] token numbers."""

    def __init__(self, root: Path, family: str) -> None:
        from transformers import CLIPTokenizer

        self.tokenizers = [
            CLIPTokenizer.from_pretrained(str(root / name), local_files_only=True)
            for name in TOKENIZERS[family]
        ]
        self.pads = [tokenizer.pad_token_id for tokenizer in self.tokenizers]
        if family == "sdxl":
            self.pads[1] = 0
        self.start, self.end = self.tokenizers[0].bos_token_id, self.tokenizers[0].eos_token_id
        self.clean = _cleaner()

    def words(self, caption: str) -> list[list[int]]:
        """The caption's tokens for each encoder, without marks."""
        text = self.clean(caption)
        return [
            list(tokenizer(text, add_special_tokens=False, verbose=False).input_ids)
            for tokenizer in self.tokenizers
        ]

    def shortest_length(self, captions: Sequence[str]) -> int:
        """The smallest of 75, 150 and 225 that holds every caption, or 225."""
        longest = max(
            (len(words) for caption in captions for words in self.words(caption)), default=0
        )
        return next((length for length in LENGTHS if longest <= length), LENGTHS[-1])

    def __call__(self, captions: Sequence[str], length: int) -> Tensor:
        """[caption, encoder, chunk, 77]; what is longer than ``length`` is cut off."""
        return torch.tensor(
            [
                [
                    chunks(words[:length], length, self.start, self.end, pad)
                    for words, pad in zip(self.words(caption), self.pads, strict=True)
                ]
                for caption in captions
            ]
        )


def chunks(words: list[int], length: int, start: int, end: int, pad: int) -> list[list[int]]:
    """``words`` in chunks of 75, each between its marks and padded as sd-scripts does."""
    tail = [end] + [pad] * (length - len(words))
    padded = words + tail
    found = []
    for first in range(0, length, CHUNK):
        chunk = [
            start,
            *padded[first : first + CHUNK],
            padded[length] if length > CHUNK else padded[first + CHUNK],
        ]
        if length > CHUNK and pad != end:
            if chunk[-2] not in (end, pad):
                chunk[-1] = end
            if chunk[1] == pad:
                chunk[1] = end
        found.append(chunk)
    return found


class TextEncoders:
    """The family's text encoders as one function from tokens to a `Condition`."""

    def __init__(
        self, encoders: Sequence[nn.Module], family: str, clip_skip: int | None, end: int
    ) -> None:
        self.encoders, self.family, self.end = list(encoders), family, end
        self.skipped = (clip_skip or 1) - 1
        self.checkpointing = False

    def __call__(self, tokens: Tensor) -> Condition:
        """``tokens`` [batch, encoder, chunk, 77]."""
        if self.family != "sdxl":
            encoder = self.encoders[0]
            states = self._run(encoder, tokens[:, 0], self._depth(encoder) - self.skipped)
            return Condition(_join(text_model(encoder).final_layer_norm(states), len(tokens)))
        first = self._run(self.encoders[0], tokens[:, 0], SDXL_FIRST_LAYERS)
        second, pooled = self._run_second(tokens[:, 1])
        return Condition(
            torch.cat([_join(first, len(tokens)), _join(second, len(tokens))], dim=2), pooled
        )

    def _run(self, encoder: nn.Module, tokens: Tensor, layers: int) -> Tensor:
        return self._layers(encoder, self._embed(encoder, tokens), 0, layers)

    def _run_second(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """(SDXL's second encoder before its last layer, its projected state at the first chunk's
        end mark).
        """
        encoder: Any = self.encoders[1]
        depth = self._depth(encoder)
        states = self._layers(encoder, self._embed(encoder, tokens), 0, depth - 1)
        heads = tokens[:, 0]
        ends = (heads == self.end).int().argmax(dim=1)
        last = self._layers(encoder, states.view(*tokens.shape, -1)[:, 0], depth - 1, depth)
        last = text_model(encoder).final_layer_norm(last)
        return states, encoder.text_projection(
            last[torch.arange(len(heads), device=heads.device), ends]
        )

    @staticmethod
    def _depth(encoder: nn.Module) -> int:
        return len(text_model(encoder).encoder.layers)

    @staticmethod
    def _embed(encoder: nn.Module, tokens: Tensor) -> Tensor:
        embeddings = text_model(encoder).embeddings
        flat = tokens.reshape(-1, tokens.shape[-1])
        embedded: Tensor = embeddings.token_embedding(flat) + embeddings.position_embedding.weight
        return embedded

    def _layers(self, encoder: nn.Module, states: Tensor, first: int, end: int) -> Tensor:
        for layer in text_model(encoder).encoder.layers[first:end]:
            if self.checkpointing and torch.is_grad_enabled():
                states = checkpoint(_layer, layer, states, use_reentrant=False)
            else:
                states = _layer(layer, states)
        return states


def _layer(layer: Any, states: Tensor) -> Tensor:
    attention, mlp = layer.self_attn, layer.mlp
    shape = states.shape
    x = states.reshape(-1, shape[2])
    normed = layer.layer_norm1(x)
    query, key, value = (
        project.forward(normed).view(*shape[:2], attention.num_heads, -1).transpose(1, 2)
        for project in (attention.q_proj, attention.k_proj, attention.v_proj)
    )
    mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True).transpose(1, 2)
    x = x + attention.out_proj.forward(mixed.reshape(x.shape))
    x = x + mlp.fc2.forward(mlp.activation_fn(mlp.fc1.forward(layer.layer_norm2(x))))
    out: Tensor = x.view(shape)
    return out


def _join(states: Tensor, batch: int) -> Tensor:
    """Chunks of one caption side by side: the first start mark, every chunk's words, the last end
    mark.
    """
    if len(states) == batch:
        return states
    states = states.view(batch, -1, *states.shape[1:])
    words = states[:, :, 1:-1].flatten(1, 2)
    return torch.cat([states[:, 0, :1], words, states[:, -1, -1:]], dim=1)


def _cleaner() -> Any:
    """ftfy's repair of broken text where it is installed, as CLIP's own tokenizer does."""
    if importlib.util.find_spec("ftfy") is None:
        return str
    import ftfy

    return ftfy.fix_text
