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


def optimizer_of(part: OnePart, **values: Any) -> Optimizer:
    network: Any = SimpleNamespace(unet=part, text_encoder=None, parameters=part.parameters)
    return Optimizer(network, TrainingParams(**values), torch.device("cpu"))


def gradients(gather: int, batches: list[torch.Tensor]) -> list[torch.Tensor | None]:
    part = OnePart()
    optimizer = optimizer_of(part, gradient_accumulation_steps=gather, mixed_precision="no")
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


def test_a_step_broken_off_leaves_the_scale_where_recorded_steps_find_it() -> None:
    """A CUDA graph reads and writes the scale at its address: another tensor would be unknown to
    it, and the old one's memory somebody else's.
    """
    part = OnePart()
    optimizer = optimizer_of(part, mixed_precision="fp16")
    pictures = torch.randn(2, 3, generator=torch.Generator().manual_seed(1))
    lies = optimizer.scaler._get_scale_async()
    optimizer.backward(1e38 * part.loss(pictures))
    optimizer.update()
    assert optimizer.scaler.get_scale() == 2.0**15, "gradients that aren't finite halve it"

    optimizer.backward(part.loss(pictures))
    optimizer.scaler.unscale_(optimizer.adamw)
    optimizer.break_off()
    assert all(weight.grad is None for weight in part.parameters())
    assert optimizer.scaler._get_scale_async() is lies
    assert optimizer.scaler.get_scale() == 2.0**15
    before = part.down.detach().clone()
    optimizer.set_rates()
    optimizer.backward(part.loss(pictures))
    optimizer.update()
    assert not torch.equal(part.down, before), "the next step is a whole one"
