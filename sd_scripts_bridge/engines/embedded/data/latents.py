"""Pictures to latents: the VAE once for each picture, and for each across jobs."""

from __future__ import annotations

import functools
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ....options.params import TrainingParams
from ..kept.tensors import KeptTensors, Tensors
from . import masks
from .held_files import HeldFiles
from .placing import Placed
from .resizing import centre_crop, resize


@dataclass(frozen=True)
class Encoded:
    """Mean and standard deviation of the VAE's latents, and what their errors weigh; fp32 on the
    CPU.
    """

    mean: Tensor
    spread: Tensor
    mask: Tensor | None


@dataclass(frozen=True)
class PhotoEncoder:
    """A base's VAE on the device. ``vae_is`` names its tensors, the code and the device: with the
    picture's digest that is all that its latents depend on.
    """

    vae: Any
    scale: float
    device: torch.device
    kept: KeptTensors = field(default_factory=KeptTensors)
    vae_is: Sequence[str] = ()
    files: HeldFiles = field(default_factory=HeldFiles)

    def views(self, one: Placed, params: TrainingParams) -> list[Encoded]:
        """The picture, and behind it the same mirrored where pictures are."""
        pixels = functools.cache(functools.partial(self._pixels, one, masked=params.masked))
        flips = (False, True) if params.flip_aug else (False,)
        return [self._view(one, params, pixels, mirrored=mirrored) for mirrored in flips]

    def _view(
        self, one: Placed, params: TrainingParams, pixels: Callable[[], Tensor], *, mirrored: bool
    ) -> Encoded:
        def computed() -> Tensors:
            view = pixels().flip(2) if mirrored else pixels()
            return self._encoded(view, one)

        framed = [*one.place.resized, *one.place.bucket, mirrored, params.masked]
        found = self.kept.of(["latents", *self.vae_is, one.digest, *framed], computed)
        return Encoded(found["mean"], found["spread"], found.get("mask"))

    def _encoded(self, view: Tensor, one: Placed) -> Tensors:
        """``view`` [3, height, width] in bytes, with its mask as a fourth."""
        values = view[:3].float().div(127.5).sub(1.0).unsqueeze(0)
        with torch.no_grad():
            distribution = self.vae.encode(values.to(self.device)).latent_dist
        found = {"mean": distribution.mean[0].float(), "spread": distribution.std[0].float()}
        if len(view) > 3:
            size = found["mean"].shape[1:]
            found["mask"] = masks.weights_of(view[3], size, one.picture.path)
        return found

    def _pixels(self, one: Placed, *, masked: bool) -> Tensor:
        """[3, height, width] in bytes, resized and cropped, with its mask as a fourth."""
        pixels = masks.read_pixels(io.BytesIO(self.files.take(one.picture.path)), masked=masked)
        pixels = centre_crop(resize(pixels, one.place.resized), one.place.bucket)
        return torch.from_numpy(pixels.copy()).permute(2, 0, 1)
