"""A training of sd-scripts from the shapes of its weights alone: its own networks, LoRA and
checkpointing on tensors without memory, under autocast as on a GPU.

Runs in sd-scripts' environment, with its folder in PYTHONPATH: a list of trainings (the fields of
`options.memory.theirs.TheirKind`) as JSON on stdin; what each takes, or why it can't be counted, a
line each on stdout.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .fused import fused_attention
from .live_bytes import LiveBytes
from .their_networks import HALF, NETWORKS

EIGHT_BIT_BLOCK = 256
"""Moments of an 8-bit optimizer that share one 32-bit factor (bitsandbytes)."""


class Autocast:
    """What CUDA's autocast does to operands: PyTorch has none for tensors without memory, and its
    modes don't reach what is computed again in the backward pass. Weights that learn are cast once
    a pass, others (fp8) each time.
    """

    HALF = (
        (F, "linear"),
        (F, "conv2d"),
        (F, "scaled_dot_product_attention"),
        (torch, "matmul"),
        (torch, "bmm"),
    )
    FULL = (
        (F, "layer_norm"),
        (F, "group_norm"),
        (F, "softmax"),
        (F, "mse_loss"),
        (torch, "softmax"),
        (torch, "pow"),
    )

    def __init__(self) -> None:
        self.cast: dict[int, tuple[Tensor, Tensor]] = {}
        self.usual: list[tuple[Any, str, Any]] = []

    def __enter__(self) -> None:
        for places, wanted in ((self.HALF, HALF), (self.FULL, torch.float32)):
            for place, name in places:
                self.usual.append((place, name, getattr(place, name)))
                setattr(place, name, self._with(getattr(place, name), wanted))
        self.usual.append((torch, "autocast", torch.autocast))
        torch.autocast = _not_here  # type: ignore[assignment,misc]

    def __exit__(self, *_: object) -> None:
        for place, name, usual in self.usual:
            setattr(place, name, usual)

    def _with(self, func: Any, wanted: torch.dtype) -> Any:
        def cast(*args: Any, **kwargs: Any) -> Any:
            named = {name: self._as(one, wanted) for name, one in kwargs.items()}
            return func(*(self._as(one, wanted) for one in args), **named)

        return cast

    def _as(self, value: Any, wanted: torch.dtype) -> Any:
        if not isinstance(value, Tensor) or value.dtype == wanted or not value.is_floating_point():
            return value
        if not (isinstance(value, nn.Parameter) and value.requires_grad):
            return value.to(wanted)
        known = self.cast.get(id(value))
        if known is None:
            known = self.cast[id(value)] = (value, value.to(wanted))
        return known[1]


# ---- counting ----


def _not_here(*_: Any, **__: Any) -> Any:
    """Where a network switches autocast off for a moment: it isn't on."""
    return contextlib.nullcontext()


def count(kind: Mapping[str, Any]) -> dict[str, int]:
    """Bytes: "weights" and "lora" (with the optimizer's moments) that lie there, and what a "step"
    takes beside them. Raises whatever can't be done without values.
    """
    theirs = NETWORKS[kind["family"]]
    with torch.device("meta"), fused_attention():
        model, texts = theirs.make()
        for one in (model, *texts):
            one.to(HALF).requires_grad_(False)
        _in_fp8(model, kind["fp8"])
        network = _lora(theirs.lora, model, texts, kind)
        _prepare(model, texts, kind)
        live: Any = LiveBytes()
        with live, Autocast():
            found = theirs.forward(model, texts, (kind["width"], kind["height"]), kind["batch"])
            loss: Any = F.mse_loss(found.float(), torch.empty_like(found, dtype=torch.float32))
            loss.backward()
    weights = sum(one.nbytes for part in (model, *texts) for one in _tensors(part))
    waiting = _waiting(model, kind["blocks_to_swap"])
    return {
        "weights": weights - waiting,
        "lora": _lying(network.parameters(), kind["eight_bit"]),
        "step": live.most,
    }


def _in_fp8(model: Any, which: str) -> None:
    """All of it (`fp8_base`), or the blocks but for norms and embeddings (`fp8_scaled`)."""
    if which == "all":
        model.to(torch.float8_e4m3fn)
    if which == "blocks":
        for name, one in model.named_parameters():
            kept = "blocks" not in name or "norm" in name or "_emb" in name
            if not kept and name.endswith(".weight"):
                one.data = one.data.to(torch.float8_e4m3fn)


def _lora(name: str, model: Any, texts: Sequence[Any], kind: Mapping[str, Any]) -> Any:
    network = importlib.import_module(name).create_network(
        1.0, kind["rank"], kind["rank"], None, texts, model
    )
    network.apply_to(texts, model, kind["text_encoder"], True)
    network.requires_grad_(True)
    return network


def _prepare(model: Any, texts: Sequence[Any], kind: Mapping[str, Any]) -> None:
    """As `train_network.py` does it before the first step."""
    if kind["checkpointing"]:
        model.enable_gradient_checkpointing()
        model.train()
    for text in texts:
        text.train(kind["text_encoder"])
        if kind["text_encoder"] and kind["checkpointing"]:
            text.gradient_checkpointing_enable()
            text.text_model.embeddings.requires_grad_(True)


def _tensors(part: Any) -> list[Tensor]:
    return [*part.parameters(), *part.buffers()]


def _lying(parameters: Any, eight_bit: bool) -> int:
    """Weights in 32 bits, and AdamW's two moments of each number."""
    numbers = sum(one.numel() for one in parameters)
    moments = 2 * (1 + 4 / EIGHT_BIT_BLOCK) if eight_bit else 8
    return round(int(numbers) * (4 + moments))


def _waiting(model: Any, blocks: int) -> int:
    """Bytes of the blocks that wait in the computer's memory (`enable_block_swap`)."""
    if not blocks:
        return 0
    doubles = blocks // 2
    lists = ((model.double_blocks, doubles), (model.single_blocks, 2 * (blocks - doubles)))
    kept = [block for found, number in lists for block in found[:number]]
    return sum(int(one.nbytes) for block in kept for one in block.parameters())


def main() -> int:
    for kind in json.load(sys.stdin):
        try:
            with contextlib.redirect_stdout(sys.stderr):
                found: dict[str, Any] = dict(count(kind))
        except Exception as error:  # noqa: BLE001  # another version wants something else
            found = {"error": f"{type(error).__name__}: {error}".partition("\n")[0]}
        print(json.dumps(found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
