"""A training of the embedded engine from the shapes of its weights alone: the real networks, LoRA,
step and optimizer on tensors without memory, in seconds and megabytes at any size.
"""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from sd_scripts_bridge.engines.embedded.data.captions import Captions
from sd_scripts_bridge.engines.embedded.model import (
    base_config,
    clip,
    lean,
    lora_names,
    lora_network,
    tiny,
)
from sd_scripts_bridge.engines.embedded.model.text import Condition, TextEncoders
from sd_scripts_bridge.engines.embedded.stepping.step import Step
from sd_scripts_bridge.engines.embedded.training.loss import Inputs, Objective
from sd_scripts_bridge.engines.embedded.training.noise import NoiseSchedule
from sd_scripts_bridge.engines.embedded.training.optimizer import Optimizer
from sd_scripts_bridge.engines.embedded.training.preparation import COMPUTE
from sd_scripts_bridge.options.params import TrainingParams

from .fused import fused_attention
from .live_bytes import LiveBytes

TOKENS, LATENT = 77, 8
"""Tokens of a caption that isn't long; pixels a side of a place in the latents."""
SIZES = 6
"""Numbers that SDXL's U-Net is told of a picture's size."""


@dataclass(frozen=True)
class Counted:
    """Bytes of a training: what lies there between steps, and what a step takes beside it."""

    lying: int
    step: int

    @property
    def peak(self) -> int:
        return self.lying + self.step


class FromShapes:
    """Networks, LoRA and optimizer of a training; ``shape``: other sizes than the family's own."""

    def __init__(
        self, family: str, params: TrainingParams, shape: tiny.Shape | None = None
    ) -> None:
        self.family, self.params = family, params
        self.shape = shape or tiny.FULL_SIZE[family]
        self.dtype = COMPUTE[params.mixed_precision]
        self.sizes = tiny.sizes(self.shape, family)
        self.live = LiveBytes()
        with torch.device("meta"), torch.no_grad():
            unet = self._unet()
            with self.live:
                self.step = self._step(unet)

    def count(self, area: tuple[int, int], batch: int) -> Counted:
        """What steps on ``batch`` pictures of ``area`` (width, height in pixels) take."""
        live = self.live
        with torch.device("meta"), fused_attention(), live:
            inputs = self._inputs(area, batch)
            live.most = live.now
            self.step([inputs])
        gc.collect()
        return Counted(live.now, live.most - live.now)

    def _step(self, unet: Any) -> Step:
        params, learns = self.params, not self.params.network_train_unet_only
        weights = {
            name: torch.empty(one.shape, dtype=self.dtype)
            for name, one in unet.state_dict().items()
        }
        unet.load_state_dict(weights, assign=True)
        unet.requires_grad_(False)
        encoders = self._text_encoders() if learns else []
        projections = lean.trim(unet, checkpointing=params.gradient_checkpointing).projections
        text = TextEncoders(encoders, self.family, params.clip_skip, end=1)
        text.checkpointing = params.gradient_checkpointing
        network = lora_network.build(
            lora_names.text_encoder_targets(encoders),
            lora_names.unet_targets(unet, self.family),
            params.network_dim,
            params.network_alpha,
            torch.Generator(),
            text_projections=text.projections if learns else None,
            unet_projections=projections,
        )
        schedule = NoiseSchedule(False, params.min_snr_gamma, "meta")
        with_sizes = self.family == "sdxl"
        objective = Objective(unet, self._captions(text), schedule, self.dtype, with_sizes)
        return Step(network, objective, _optimizer(network, params))

    def _unet(self) -> Any:
        from diffusers import UNet2DConditionModel

        shaped = {name: torch.empty(size) for name, size in self.sizes.items()}
        config = base_config.unet_config(shaped, self.family)
        del config["_class_name"]
        return UNet2DConditionModel(**config).eval()

    def _text_encoders(self) -> list[nn.Module]:
        weights = {name: torch.empty(size) for name, size in self.sizes.items()}
        return clip.load(weights, self.family, self.dtype)

    def _captions(self, text: TextEncoders) -> Captions:
        """Encoders in the step where they learn, else the states that they have left."""
        learns, meta = not self.params.network_train_unet_only, torch.device("meta")
        tokenizer: Any = None
        captions = Captions(tokenizer, text if learns else None, TOKENS - 2, learns, meta)
        captions.states = None if learns else Condition(torch.empty(0))
        return captions

    def _inputs(self, area: tuple[int, int], batch: int) -> Inputs:
        latents = torch.empty(batch, 4, area[1] // LATENT, area[0] // LATENT)
        whole = torch.zeros(batch, dtype=torch.long)
        pooled = sizes = None
        if self.family == "sdxl":
            sizes = torch.empty(batch, SIZES)
        if not self.params.network_train_unet_only:
            encoders = len(self.shape.text_width)
            text = torch.zeros(batch, encoders, 1, TOKENS, dtype=torch.long)
        else:
            text = torch.empty(batch, TOKENS, self.shape.cross, dtype=self.dtype)
            if self.family == "sdxl":
                pooled = torch.empty(batch, self.shape.text_width[-1], dtype=self.dtype)
        noise, weights = torch.empty_like(latents), torch.ones(batch)
        return Inputs(latents, noise, whole, weights, text, pooled, sizes)


def _optimizer(network: nn.Module, params: TrainingParams) -> Optimizer:
    """With AdamW's moments; its kernel, which needs no memory of its own, refuses tensors without
    memory. fp16's scaler would add three numbers.
    """
    plain: Any = network
    optimizer = Optimizer(
        plain, params.with_values({"mixed_precision": "bf16"}), torch.device("meta")
    )
    moments = [torch.zeros_like(one) for one in network.parameters() for _ in range(2)]
    optimizer.adamw.step = lambda: moments  # type: ignore[assignment,method-assign,misc]
    return optimizer
