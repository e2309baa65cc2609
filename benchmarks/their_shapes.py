"""A training of sd-scripts from the shapes of its weights alone: its own networks, LoRA and
checkpointing on tensors without memory, under autocast as on a GPU.

Runs in sd-scripts' environment, with its folder in PYTHONPATH: a list of trainings (family,
options) as JSON on stdin; what each takes, or why it can't be counted, a line each on stdout.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .fused import fused_attention
from .live_bytes import LiveBytes

Area = tuple[int, int]
LATENT = 8
HALF = torch.bfloat16
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


# ---- the networks ----


def _flux() -> nn.Module:
    models = importlib.import_module("library.flux_models")
    return models.Flux(models.configs["dev"].params)  # type: ignore[no-any-return]


def _flux_pass(model: Any, area: Area, batch: int) -> Tensor:
    """As `flux_train_network.py` calls it, T5's 512 tokens."""
    places = (area[0] // 16) * (area[1] // 16)
    learn: dict[str, Any] = {"requires_grad": True}
    return model(  # type: ignore[no-any-return]
        img=torch.empty(batch, places, 64, dtype=HALF, **learn),
        img_ids=torch.empty(batch, places, 3, **learn),
        txt=torch.empty(batch, 512, 4096, dtype=HALF, **learn),
        txt_ids=torch.empty(batch, 512, 3),
        y=torch.empty(batch, 768, dtype=HALF, **learn),
        timesteps=torch.empty(batch),
        guidance=torch.empty(batch, **learn),
    )


def _sd3() -> nn.Module:
    """SD 3 medium."""
    models = importlib.import_module("library.sd3_models")
    sizes: tuple[Any, ...] = (2, 24, 192 * 192, 192, 2048, None, [], 4096, 1536, "medium")
    return models.create_sd3_mmdit(models.SD3Params(*sizes))  # type: ignore[no-any-return]


def _sd3_pass(model: Any, area: Area, batch: int) -> Tensor:
    """As `sd3_train_network.py` calls it: 77 tokens of CLIP, 256 of T5."""
    latents = (batch, 16, area[1] // LATENT, area[0] // LATENT)
    noisy = torch.empty(latents, dtype=HALF, requires_grad=True)
    context = torch.empty(batch, 77 + 256, 4096, dtype=HALF, requires_grad=True)
    pooled = torch.empty(batch, 2048, dtype=HALF, requires_grad=True)
    return model(noisy, torch.empty(batch), context=context, y=pooled)  # type: ignore[no-any-return]


def _sdxl() -> nn.Module:
    models = importlib.import_module("library.sdxl_original_unet")
    unet = models.SdxlUNet2DConditionModel()
    unet.set_use_sdpa(True)
    return unet  # type: ignore[no-any-return]


def _sdxl_pass(model: Any, area: Area, batch: int) -> Tensor:
    """As `sdxl_train_network.py` calls it with cached text encoder outputs of 77 tokens."""
    latents = (batch, 4, area[1] // LATENT, area[0] // LATENT)
    noisy = torch.empty(latents, dtype=HALF, requires_grad=True)
    text = torch.empty(batch, 77, 2048, dtype=HALF, requires_grad=True)
    return model(noisy, torch.zeros(batch), text, torch.empty(batch, 2816, dtype=HALF))  # type: ignore[no-any-return]


NETWORKS: Mapping[str, tuple[str, Callable[[], Any], Callable[[Any, Area, int], Tensor]]] = {
    "flux1": ("networks.lora_flux", _flux, _flux_pass),
    "sd3": ("networks.lora_sd3", _sd3, _sd3_pass),
    "sdxl": ("networks.lora", _sdxl, _sdxl_pass),
}
"""LoRA module, network, and a forward pass of it; the text encoders' outputs are cached."""


# ---- counting ----


def count(family: str, options: Mapping[str, Any]) -> dict[str, int]:
    """Bytes: "weights" and "lora" (with the optimizer's moments) that lie there, and what a "step"
    takes beside them. Raises whatever can't be done without values.
    """
    if family not in NETWORKS:
        raise NotImplementedError(f"the network of {family} isn't counted")
    name, make, forward = NETWORKS[family]
    with torch.device("meta"):
        model = make().to(torch.float8_e4m3fn if options["fp8_base"] else HALF)
        model.requires_grad_(False)
        network = _lora(name, model, options)
        if options["gradient_checkpointing"]:
            model.enable_gradient_checkpointing()
            model.train()
        live: Any = LiveBytes()
        with fused_attention(), live, Autocast():
            found = forward(model, tuple(options["area"]), options["train_batch_size"])
            loss: Any = F.mse_loss(found.float(), torch.empty_like(found, dtype=torch.float32))
            loss.backward()
    weights = sum(one.nbytes for one in (*model.parameters(), *model.buffers()))
    waiting = _waiting(model, options["blocks_to_swap"])
    return {
        "weights": weights - waiting,
        "lora": _lying(network.parameters(), options["optimizer_type"]),
        "step": live.most,
    }


def _lora(name: str, model: Any, options: Mapping[str, Any]) -> Any:
    module = importlib.import_module(name)
    rank, alpha = options["network_dim"], options["network_alpha"]
    network = module.create_network(1.0, rank, alpha, None, [], model)
    network.apply_to([], model, False, True)
    network.requires_grad_(True)
    return network


def _lying(parameters: Any, optimizer: str) -> int:
    """Weights in 32 bits, and AdamW's two moments of each number."""
    numbers = sum(one.numel() for one in parameters)
    eight_bit = optimizer.lower().endswith("8bit")
    moments = 2 * (1 + 4 / EIGHT_BIT_BLOCK) if eight_bit else 8
    return round(int(numbers) * (4 + moments))


def _waiting(model: Any, blocks: int) -> int:
    """Bytes of FLUX.1's blocks that wait in the computer's memory (`enable_block_swap`)."""
    if not blocks:
        return 0
    doubles = blocks // 2
    lists = ((model.double_blocks, doubles), (model.single_blocks, 2 * (blocks - doubles)))
    kept = [block for found, number in lists for block in found[:number]]
    return sum(int(one.nbytes) for block in kept for one in block.parameters())


def main() -> int:
    for family, options in json.load(sys.stdin):
        try:
            with contextlib.redirect_stdout(sys.stderr):
                found: dict[str, Any] = dict(count(family, options))
        except Exception as error:  # noqa: BLE001  # another version wants something else
            found = {"error": f"{type(error).__name__}: {error}".partition("\n")[0]}
        print(json.dumps(found), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
