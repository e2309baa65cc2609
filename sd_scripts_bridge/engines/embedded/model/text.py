"""Captions to what the U-Net listens to: tokens in chunks of 75, and the text encoders' states."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from ....datasets.caption_tokens import CHUNK, LENGTHS
from .clip import text_model
from .layers.projection import Projection

TOKENIZERS = {
    "sd1": ("openai_clip-vit-large-patch14",),
    "sd2": ("stabilityai_stable-diffusion-2",),
    "sdxl": ("openai_clip-vit-large-patch14", "laion_CLIP-ViT-bigG-14-laion2B-39B-b160k"),
}
SDXL_FIRST_LAYERS = 11
QUICK = 1.702


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

    def to(self, device: torch.device) -> None:
        for encoder in self.encoders:
            encoder.to(device)

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

    @property
    def projections(self) -> list[Projection]:
        """All that a LoRA can act on."""
        layers = (layer for encoder in self.encoders for layer in lean_layers(encoder))
        return [one for layer in layers for one in layer.modules() if isinstance(one, Projection)]

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
        for layer in lean_layers(encoder)[first:end]:
            if self.checkpointing and torch.is_grad_enabled():
                states = checkpoint(layer, states, use_reentrant=False, preserve_rng_state=False)
            else:
                states = layer(states)
        return states


class TextLayer(nn.Module):
    """A layer of CLIP over its own modules, from fewer operations."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        attention, mlp = layer.self_attn, layer.mlp
        self.norm1, self.norm2 = layer.layer_norm1, layer.layer_norm2
        self.own = Projection(attention.q_proj, attention.k_proj, attention.v_proj, kept=True)
        self.out = Projection(attention.out_proj, kept=True)
        self.widen, self.narrow = Projection(mlp.fc1, kept=True), Projection(mlp.fc2, kept=True)
        self.activate = _activation(mlp.activation_fn)
        self.heads = attention.num_heads

    def forward(self, states: Tensor) -> Tensor:
        batch, tokens, width = states.shape
        x = states.reshape(-1, width)
        own = self.own(self.norm1(x)).view(batch, tokens, 3, self.heads, -1)
        query, key, value = (part.transpose(1, 2) for part in own.unbind(2))
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.out(mixed.transpose(1, 2).reshape(-1, width))
        x = x + self.narrow(self.activate(self.widen(self.norm2(x))))
        out: Tensor = x.view(states.shape)
        return out


def lean_layers(encoder: nn.Module) -> nn.ModuleList:
    """The encoder's layers as they compute here; always the same ones for an encoder."""
    model = text_model(encoder)
    if not hasattr(model, "lean_layers"):
        model.lean_layers = nn.ModuleList(TextLayer(layer) for layer in model.encoder.layers)
    layers: nn.ModuleList = model.lean_layers
    return layers


def _activation(function: Any) -> Callable[[Tensor], Tensor]:
    if type(function).__name__ == "QuickGELUActivation":
        return cast(Callable[[Tensor], Tensor], _QuickGelu.apply)
    return cast(Callable[[Tensor], Tensor], function)


class _QuickGelu(torch.autograd.Function):
    """x sigmoid(1.702 x), which is silu(1.702 x) / 1.702."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        steep = x * QUICK
        ctx.save_for_backward(steep)
        return F.silu(steep).mul_(1 / QUICK)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (steep,) = ctx.saved_tensors
        return torch.ops.aten.silu_backward(gradients[0], steep)  # type: ignore[no-any-return]


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
