"""The proof that the LoRA learned something: the same pictures, noise and timesteps, without and
with it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ....jobs.events import Proof
from ..data.batches import Batch, Item
from ..data.placing import Placed
from ..model.lora_network import LoraNetwork
from .loss import Objective, Rows

TIMESTEPS = (100, 300, 500, 700, 900)
MOST_PICTURES, FEW_PICTURES = 10, 2
SEED = 20_000
PIXELS_AT_ONCE = 8 * 512 * 512


def choose(placed: Sequence[Placed], most: int) -> list[Batch]:
    """The training pictures that are measured, each with its own caption, batched by bucket and by
    size.
    """
    groups: dict[tuple[int, int], list[Item]] = {}
    chosen = [i for i, one in enumerate(placed) if not one.picture.is_reg][:most]
    for index in chosen:
        groups.setdefault(placed[index].place.bucket, []).append(
            Item(index, False, placed[index].picture.caption)
        )
    batches = []
    for bucket, items in groups.items():
        size = max(1, PIXELS_AT_ONCE // (bucket[0] * bucket[1] * len(TIMESTEPS)))
        batches += [Batch(bucket, tuple(items[i : i + size])) for i in range(0, len(items), size)]
    return batches


@torch.no_grad()
def prove(objective: Objective, network: LoraNetwork, batches: Sequence[Rows]) -> Proof:
    """Mean denoising loss, unweighted, at multiplier 0 and 1; leaves the LoRA at full strength."""
    losses = []
    for multiplier in (0.0, 1.0):
        network.refresh(objective.dtype, multiplier)
        losses.append([errors_of(objective, rows, number) for number, rows in enumerate(batches)])
    without, with_lora = (float(torch.cat(one).mean()) for one in losses)
    return Proof(without, with_lora, len(torch.cat(losses[0])))


def errors_of(objective: Objective, rows: Rows, number: int) -> torch.Tensor:
    """The errors of each picture at each timestep; the noise depends on the batch's number only."""
    device = rows.pictures.device
    count = len(rows.pictures)
    dice = torch.Generator().manual_seed(SEED + number)
    mean = rows.shelf.mean[rows.pictures].repeat(len(TIMESTEPS), 1, 1, 1)
    noise = torch.randn(mean.shape, generator=dice).to(device)
    timesteps = torch.tensor(TIMESTEPS, device=device).repeat_interleave(count)
    many = Rows(
        rows.shelf,
        rows.pictures.repeat(len(TIMESTEPS)),
        rows.captions.repeat(len(TIMESTEPS)),
        rows.weights,
    )
    return objective.errors(many, mean, noise, timesteps)
