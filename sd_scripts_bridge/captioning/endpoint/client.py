"""Any OpenAI-compatible server: Ollama, LM Studio, llama.cpp, vLLM, or one far away."""

from __future__ import annotations

import base64
import io
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...photos.reading import PhotoUnreadable, read
from ..answers import description
from ..captioner import Captioner
from ..prompts import Asks
from ..said import CannotGoOn, NoCaption, Said
from .blind import Doubts, sighted
from .exchange import Exchange

SIDE = 1024
"""Pixels of the longer side that a server gets: what vision models look at, and no more."""
MOST_TOKENS = 1500
"""Of an answer; a caption has 100, the rest is for models that think first."""


class Endpoint:
    """See `said.Describer`."""

    def __init__(self, captioner: Captioner, asks: Asks, exchange: Exchange) -> None:
        self.captioner, self.exchange = captioner, exchange
        self.asks = asks

    def describe(self, photos: Sequence[Path]) -> Iterator[Said]:
        model, doubts = self.captioner.model or only_model(self.exchange), Doubts()
        for photo in photos:
            began = time.monotonic()
            try:
                text = sighted(self._described(photo, model))
            except (NoCaption, PhotoUnreadable) as error:
                doubts.weigh(error.message)
                yield Said(photo, reason=error.message)
                continue
            doubts.forget()
            yield Said(photo, text, seconds=round(time.monotonic() - began, 2))

    def _described(self, photo: Path, model: str) -> str:
        picture = {"type": "image_url", "image_url": {"url": _as_address(photo)}}
        content = [{"type": "text", "text": self.asks(photo)}, picture]
        body = {
            "model": model,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": MOST_TOKENS,
            "temperature": 0.3,
            "stream": False,
        }
        try:
            return description(self.exchange.ask("/chat/completions", body))
        except NoCaption as error:
            if error.message.code not in ("caption.empty_answer", "caption.only_thought"):
                raise
        return description(self.exchange.ask("/chat/completions", body))


def models(exchange: Exchange) -> list[str]:
    """The models that a server offers. Raises `NoCaption` or `CannotGoOn`."""
    answer: Any = exchange.ask("/models")
    rows = answer.get("data") if isinstance(answer, dict) else None
    found = [row.get("id") for row in rows or () if isinstance(row, dict)]
    return [str(name) for name in found if name]


def only_model(exchange: Exchange) -> str:
    """The one model that the server has. Raises `CannotGoOn` where the user has to say which."""
    try:
        found = models(exchange)
    except NoCaption as error:
        raise CannotGoOn(error.message) from error
    if len(found) == 1:
        return found[0]
    raise CannotGoOn(
        "caption.which_model",
        "{address} has {count} models. Say which one with --model: {names}.",
        address=exchange.address,
        count=len(found),
        names=", ".join(found[:20]) or "-",
    )


def _as_address(photo: Path) -> str:
    """The photo upright, in sRGB and small, as a data: address. Raises `PhotoUnreadable`."""
    pixels = read(photo).pixels
    pixels.thumbnail((SIDE, SIDE), reducing_gap=2.0)
    out = io.BytesIO()
    pixels.save(out, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode("ascii")
