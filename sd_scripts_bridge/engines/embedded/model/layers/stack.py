"""Projections of one size in one tensor, so that a step's LoRA weights reach all their margins at
once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import torch
from torch import Tensor, nn

from .. import device
from .merged import Merging
from .projection import Projection, Sizes, Weights

ALIGNED = 8
"""Tensor cores want rows of a multiple of 16 bytes."""
SMALL = 64 * 64
"""Weights of a layer up to which a processor adds the LoRA to them sooner than it calls the LoRA's
own products."""


class Stack:
    """Takes the layers of ``projections``, all of one size, into one tensor [projection, out +
    down, in + up]; the layers' own weights become views into it.
    """

    def __init__(self, projections: Sequence[Projection], rank: int) -> None:
        self.projections, self.rank = list(projections), rank
        self.sizes = projections[0].sizes
        self.margin = -(-self.sizes.parts * rank // ALIGNED) * ALIGNED
        like = projections[0].layers[0].weight
        self.matrices: Tensor = like.new_zeros(
            len(self.projections),
            self.sizes.rows + self.margin,
            self.sizes.width_in + (self.margin if self.sizes.joins_backward else 0),
        )
        self.downs = self.matrices[:, self.sizes.rows :][
            :, : self.down_shape[1], : self.down_shape[2]
        ]
        self.ups = self._diagonal() if self.sizes.joins_backward else like.new_zeros(self.up_shape)
        for number, projection in enumerate(self.projections):
            self._take(projection, self.matrices[number], number)

    @property
    def down_shape(self) -> tuple[int, int, int]:
        return len(self.projections), self.sizes.parts * self.rank, self.sizes.width_in

    @property
    def up_shape(self) -> tuple[int, int, int, int]:
        return len(self.projections), self.sizes.parts, self.sizes.width_out, self.rank

    def fill(self, down: Tensor, up: Tensor) -> None:
        """Put a step's weights (flat; ``up`` scaled) into the margins."""
        self.downs.copy_(down.view(self.down_shape))
        self.ups.copy_(up.view(self.up_shape))

    @property
    def is_small(self) -> bool:
        """In fp32 alone: in 16 bits most of what a LoRA changes would be rounded away."""
        few = self.sizes.width_out * self.sizes.width_in <= SMALL
        return few and self.matrices.dtype == torch.float32

    @cached_property
    def _merging(self) -> Merging:
        whole = self.matrices[:, : self.sizes.rows, : self.sizes.width_in]
        return Merging(whole, self.sizes.width_out)

    def merge(self, down: Tensor, up: Tensor) -> None:
        """Hand the projections a step's weights (flat; ``up`` scaled) added to the frozen ones."""
        for projection, merged in zip(self.projections, self._merging(down, up), strict=True):
            projection.merged = merged

    def lend(self, down: Tensor, up: Tensor) -> None:
        """Hand each projection its own part of a step's weights, for its gradients, and `fill`."""
        by_projection = [flat.view(len(self.projections), -1).unbind() for flat in (down, up)]
        for projection, *loras in zip(self.projections, *by_projection, strict=True):
            projection.loras[:] = loras
        with torch.no_grad():
            self.fill(down, up)

    def _diagonal(self) -> Tensor:
        """The margin at the side, as far as it isn't nought: each part's up beside its weight."""
        whole, row, _ = self.matrices.stride()
        strides = whole, self.sizes.width_out * row + self.rank, row, 1
        side: Tensor = self.matrices.as_strided(self.up_shape, strides, self.sizes.width_in)
        return side

    def _take(self, projection: Projection, matrix: Tensor, number: int) -> None:
        rows, inner = self.sizes.rows, self.sizes.width_in
        width = self.down_shape[1]
        projection.weights = Weights(
            forth=matrix[: rows + self.margin if self.sizes.joins_forward else rows, :inner].t(),
            back=matrix[:rows, : inner + width],
            bias=self._bias(projection),
            down=self.downs[number],
            up=self.ups[number],
        )
        pieces = matrix[:rows, :inner].split_with_sizes([self.sizes.width_out] * self.sizes.parts)
        for layer, piece in zip(projection.layers, pieces, strict=True):
            piece.copy_(layer.weight.detach())
            layer.weight = nn.Parameter(piece, requires_grad=False)

    def _bias(self, projection: Projection) -> Tensor | None:
        """The layers' biases, and noughts for the margin."""
        if not self.sizes.biased:
            return None
        bias = torch.cat([layer.bias.detach() for layer in projection.layers])
        margin = self.margin if self.sizes.joins_forward else 0
        return torch.cat([bias, bias.new_zeros(margin)])


def stacks(projections: Iterable[Projection], rank: int) -> list[Stack]:
    """All ``projections``, those of one size together. Of a GPU's memory no more is taken than by
    the weights and one stack: what the layers had is given back before the next one.
    """
    alike: dict[Sizes, list[Projection]] = {}
    for projection in projections:
        alike.setdefault(projection.sizes, []).append(projection)
    found = []
    for group in alike.values():
        found.append(Stack(group, rank))
        device.give_back(found[-1].matrices.device)
    return found
