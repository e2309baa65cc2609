"""How a network is trained here: learning rate, speed, and what is said of it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable

import torch
from torch import nn

WARMUP = 50


class Course:
    """AdamW over ``networks`` with a warm-up and a cosine down to zero at the last of ``steps``."""

    def __init__(self, name: str, networks: Iterable[nn.Module], steps: int, rate: float) -> None:
        self.name, self.steps, self.rate, self.done = name, steps, rate, 0
        self.parameters = [
            weight
            for network in networks
            for weight in network.parameters()
            if weight.requires_grad
        ]
        self.adamw = torch.optim.AdamW(
            self.parameters, lr=rate, betas=(0.9, 0.99), weight_decay=0.01, fused=True
        )
        self.began, self.losses = time.monotonic(), 0.0

    def step(self, loss: torch.Tensor) -> None:
        loss.backward()  # type: ignore[no-untyped-call]
        for group in self.adamw.param_groups:
            group["lr"] = self.rate * self._factor()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.adamw.step()
        self.adamw.zero_grad(set_to_none=True)
        self.done += 1
        self.losses += (float(loss.detach()) - self.losses) / min(self.done, 25)
        if self.done % 25 == 0 or self.done == 1:
            print(f"{self.name}: step {self.done} of {self.steps}, loss {self.losses:.4f}, "
                  f"{time.monotonic() - self.began:.0f} s", flush=True)  # fmt: skip

    def _factor(self) -> float:
        if self.done < WARMUP:
            return (self.done + 1) / WARMUP
        return 0.5 + 0.5 * math.cos(math.pi * (self.done - WARMUP) / max(1, self.steps - WARMUP))
