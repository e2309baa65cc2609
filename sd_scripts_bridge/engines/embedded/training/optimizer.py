"""AdamW over the LoRA's matrices: learning rates, clipping, and fp16's scaled gradients."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from ....options.params import TrainingParams
from ..model.lora_network import LoraNetwork, Part
from .schedule import factor


class Optimizer:
    """One optimizer step at a time; ``done`` counts those that are taken."""

    def __init__(self, network: LoraNetwork, params: TrainingParams, device: torch.device) -> None:
        self.params, self.network = params, network
        rates = ((network.text_encoder, params.text_encoder_lr), (network.unet, params.unet_lr))
        self.groups = [
            _group(part, params.learning_rate if rate is None else rate)
            for part, rate in rates
            if part is not None
        ]
        self.adamw = torch.optim.AdamW(self.groups, lr=params.learning_rate, fused=True)
        self._lying = [torch.zeros((), device=device) for _ in self.adamw.param_groups]
        self._lay_rates()
        fp16 = params.mixed_precision == "fp16"
        self.scaler = torch.amp.GradScaler(self._lying[0].device.type, enabled=fp16)
        self.scaler.scale(self._lying[0])  # which makes its tensors
        self.done = 0

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of a batch, as its share of the step."""
        self.scaler.scale(loss / self.params.gradient_accumulation_steps).backward()  # type: ignore[no-untyped-call]

    def set_rates(self) -> None:
        """Let the next `update` go at the schedule's present rates."""
        for rate, now in zip(self._lying, self._at(self.done), strict=True):
            rate.fill_(now)

    def update(self) -> None:
        """Clip, move the weights, and forget the gradients; reads nothing back from the device."""
        if self.params.max_grad_norm > 0:
            self.scaler.unscale_(self.adamw)
            torch.nn.utils.clip_grad_norm_(
                list(self.network.parameters()), self.params.max_grad_norm
            )
        self.scaler.step(self.adamw)
        self.scaler.update()
        self.adamw.zero_grad(set_to_none=True)

    @property
    def moved(self) -> list[Tensor]:
        """All that a step changes: the weights, and AdamW's moments and counts of them."""
        states = self.adamw.state.values()
        return [*self.network.parameters(), *(one for state in states for one in state.values())]

    def break_off(self) -> None:
        """Forget a step that was begun. The scale stays where it is: recorded steps read it there,
        and write it.
        """
        self.adamw.zero_grad(set_to_none=True)
        self.scaler.update(self.scaler.get_scale())

    @property
    def rates(self) -> dict[str, float]:
        """What the last step was taken at, by sd-scripts' names of the parts."""
        parts = (("textencoder", self.network.text_encoder), ("unet", self.network.unet))
        names = [name for name, part in parts if part is not None]
        return dict(zip(names, self._at(max(0, self.done - 1)), strict=True))

    def _at(self, step: int) -> list[float]:
        now = factor(self.params, step)
        return [group["base"] * now for group in self.adamw.param_groups]

    def _lay_rates(self) -> None:
        """The rates as tensors that stay where they are: a recorded step reads them there."""
        for group, rate in zip(self.adamw.param_groups, self._lying, strict=True):
            group["lr"], group["capturable"] = rate, rate.device.type == "cuda"

    def state(self) -> dict[str, object]:
        return {
            "adamw": self.adamw.state_dict(),
            "scaler": self.scaler.state_dict(),
            "done": self.done,
        }

    def restore(self, state: dict[str, object]) -> None:
        bases = [group["base"] for group in self.adamw.param_groups]
        self.adamw.load_state_dict(self._todays(state["adamw"]))
        for group, base in zip(self.adamw.param_groups, bases, strict=True):
            group["base"] = (
                base  # the job's rate, which healing may have changed since the state was saved
            )
        self._lay_rates()
        self.scaler.load_state_dict(state["scaler"])  # type: ignore[arg-type]
        self.done = int(state["done"])  # type: ignore[call-overload]

    def _todays(self, adamw: Any) -> dict[str, Any]:
        """The moments, in the form that the network has today."""
        moments = adamw["state"]
        for number, part in enumerate(self.network.parts if moments else ()):
            down, up = moments[2 * number], moments[2 * number + 1]
            for name in ("exp_avg", "exp_avg_sq"):
                down[name], up[name] = part.in_todays_form(down[name], up[name])
        return adamw  # type: ignore[no-any-return]


def _group(part: Part, rate: float) -> dict[str, object]:
    return {"params": [part.down, part.up], "lr": rate, "base": rate}
