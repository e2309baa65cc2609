"""The captions of an epoch, encoded as far as they can be ahead of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor

from ..kept.tensors import KeptTensors, Tensors
from ..model.text import Condition, TextEncoders, Tokenizer

ENCODE_AT_ONCE = 16


class Captions:
    """Gives each batch of an epoch its `Condition`.

    While the text encoders learn, or captions are shuffled each time, only the tokens wait on the
    device and the encoders run in the step. Otherwise every caption is encoded once, and the
    encoders aren't needed any more.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        encoders: TextEncoders | None,
        length: int,
        trained: bool,
        device: torch.device,
    ) -> None:
        self.tokenizer, self.encoders, self.length = tokenizer, encoders, length
        self.trained, self.device = trained, device
        self.known: dict[str, int] = {}
        self.tokens: Tensor | None = None
        self.states: Condition | None = None

    def keep_states(
        self, captions: Sequence[str], kept: KeptTensors, encoders_are: Sequence[object]
    ) -> None:
        """Encode ``captions`` now, and do without the encoders from here on.

        ``encoders_are`` names all that their states depend on, beside the tokens.
        """
        self.load(captions)
        assert self.tokens is not None and self.encoders is not None
        pieces = [
            kept.of(["text", *encoders_are, piece.tolist()], partial(self._encoded, piece))
            for piece in torch.split(self.tokens, ENCODE_AT_ONCE)
        ]
        states = torch.cat([piece["states"] for piece in pieces]).to(self.device)
        pooled = [piece["pooled"].to(self.device) for piece in pieces if "pooled" in piece]
        self.states = Condition(states, torch.cat(pooled) if pooled else None)
        self.encoders.to(torch.device("cpu"))
        self.tokens = self.encoders = None

    def _encoded(self, tokens: Tensor) -> Tensors:
        """All that are encoded together are remembered together: alone they round otherwise."""
        assert self.encoders is not None
        self.encoders.to(self.device)
        with torch.no_grad():
            found = self.encoders(tokens)
        pooled = {} if found.pooled is None else {"pooled": found.pooled}
        return {"states": found.states, **pooled}

    def load(self, captions: Sequence[str]) -> None:
        """Put the tokens of ``captions`` on the device, once each."""
        unique = list(dict.fromkeys(captions))
        if self.states is not None or all(caption in self.known for caption in unique):
            return
        self.known = {caption: row for row, caption in enumerate(unique)}
        self.tokens = self.tokenizer(unique, self.length).to(self.device)

    def one(self, caption: str) -> Condition:
        """The condition of one caption, as the encoders say it now, whether it is trained or not.

        Raises KeyError for one that wasn't among those that were kept.
        """
        if self.states is not None:
            return self.states.pick(torch.tensor([self.known[caption]], device=self.device))
        assert self.encoders is not None
        with torch.no_grad():
            return self.encoders(self.tokenizer([caption], self.length).to(self.device))

    def kept(self, caption: str, kept: KeptTensors, encoders_are: Sequence[object]) -> Condition:
        """As `one`, for encoders that are as they were loaded: remembered as in `keep_states`."""
        tokens = self.tokenizer([caption], self.length).to(self.device)
        parts = ["text", *encoders_are, tokens.tolist()]
        found = kept.of(parts, partial(self._encoded, tokens))
        pooled = found.get("pooled")
        return Condition(
            found["states"].to(self.device), None if pooled is None else pooled.to(self.device)
        )

    def condition(self, rows: Tensor) -> Condition:
        """The condition of a batch; differentiable where the encoders learn."""
        return self.encode(*self.pick(rows))

    def pick(self, rows: Tensor) -> tuple[Tensor, Tensor | None]:
        """What `encode` needs for these rows: states and pooled states, or tokens."""
        if self.states is not None:
            known = self.states.pick(rows)
            return known.states, known.pooled
        assert self.tokens is not None
        return self.tokens[rows], None

    def encode(self, text: Tensor, pooled: Tensor | None) -> Condition:
        """The condition of what `pick` gave."""
        if self.states is not None:
            return Condition(text, pooled)
        assert self.encoders is not None
        with torch.set_grad_enabled(self.trained and torch.is_grad_enabled()):
            return self.encoders(text)
