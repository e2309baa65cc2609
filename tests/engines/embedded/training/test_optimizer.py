"""What one optimizer step is made of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")

from sd_scripts_bridge.engines.embedded.training.optimizer import Optimizer
from sd_scripts_bridge.options.params import TrainingParams


class OnePart:
    """A network of one part: as much of a `LoraNetwork` as an optimizer needs."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.down = torch.nn.Parameter(torch.randn(2, 3))
        self.up = torch.nn.Parameter(torch.randn(3, 2))

    def parameters(self) -> list[torch.nn.Parameter]:
        return [self.down, self.up]

    def loss(self, pictures: torch.Tensor) -> torch.Tensor:
        return (pictures @ self.up @ self.down).square().mean(dim=1).mean()


def gradients(gather: int, batches: list[torch.Tensor]) -> list[torch.Tensor | None]:
    part = OnePart()
    network: Any = SimpleNamespace(unet=part, text_encoder=None, parameters=part.parameters)
    params = TrainingParams(gradient_accumulation_steps=gather, mixed_precision="no")
    optimizer = Optimizer(network, params, torch.device("cpu"))
    for batch in batches:
        optimizer.backward(part.loss(batch))
    return [weight.grad for weight in part.parameters()]


def test_gathered_batches_weigh_as_one_batch_of_all_their_pictures() -> None:
    """Each batch is its share of the step: AdamW hides the factor, clipping doesn't."""
    pictures = torch.randn(8, 3, generator=torch.Generator().manual_seed(1))
    gathered = gradients(4, list(pictures.split(2)))
    together = gradients(1, [pictures])
    for one, other in zip(gathered, together, strict=True):
        torch.testing.assert_close(one, other)
