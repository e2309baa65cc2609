"""Prompts to pictures, by diffusers' own DPM++ 2M Karras:
same base, LoRA and seed, same picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from ..model.text import Condition, TextEncoders, Tokenizer
from ..training.noise import BETA_END, BETA_START, TIMESTEPS

LATENT_PIXELS = 8
"""Pixels of a picture, each way, to one of its latents."""


@dataclass(frozen=True)
class Prompt:
    """One picture to draw. ``width`` and ``height`` are pixels, in multiples of 64."""

    text: str
    seed: int = 1
    negative: str = ""
    scale: float = 7.0
    """How strictly the prompt is followed (classifier-free guidance)."""
    width: int = 512
    height: int = 512


@dataclass(frozen=True)
class Sampler:
    """The networks that draw; they may be the ones that a LoRA is training on."""

    unet: Any
    vae: Any
    tokenizer: Tokenizer
    encoders: TextEncoders
    latent_scale: float
    prediction: str = "epsilon"

    def draw(
        self, prompts: Sequence[Prompt], steps: int = 20, at_once: int = 4
    ) -> list[Image.Image]:
        """The pictures of ``prompts``, in order. Runs without gradients."""
        drawn: dict[int, Image.Image] = {}
        for group in _groups(prompts, at_once):
            pictures = self._draw([prompts[index] for index in group], steps)
            drawn.update(zip(group, pictures, strict=True))
        return [drawn[index] for index in range(len(prompts))]

    @torch.no_grad()
    def _draw(self, prompts: Sequence[Prompt], steps: int) -> list[Image.Image]:
        """``prompts`` of one size."""
        weight = next(self.unet.parameters())
        condition = self._encode(
            [*(one.negative for one in prompts), *(one.text for one in prompts)]
        )
        more = self._sizes(condition, prompts[0])
        scales = torch.tensor([one.scale for one in prompts], device=weight.device).view(
            -1, 1, 1, 1
        )
        scheduler = scheduler_of(self.prediction)
        scheduler.set_timesteps(steps, device=weight.device)
        latents = torch.stack([first_noise(one) for one in prompts]).to(weight.device)
        latents = latents * scheduler.init_noise_sigma
        for at in scheduler.timesteps:
            noisy = scheduler.scale_model_input(torch.cat([latents, latents]), at).to(weight.dtype)
            said = self.unet(
                noisy,
                at.expand(len(noisy)),
                condition.states.to(weight.dtype),
                added_cond_kwargs=more,
                return_dict=False,
            )[0].float()
            without, with_prompt = said.chunk(2)
            guided = without + scales * (with_prompt - without)
            latents = scheduler.step(guided, at, latents, return_dict=False)[0]
        return self._pictures(latents)

    def _encode(self, texts: Sequence[str]) -> Condition:
        length = self.tokenizer.shortest_length(texts)
        device = next(self.encoders.encoders[0].parameters()).device
        return self.encoders(self.tokenizer(texts, length).to(device))

    def _sizes(self, condition: Condition, prompt: Prompt) -> dict[str, Tensor] | None:
        """SDXL's second input: the pooled caption, and original size, crop and target size."""
        if condition.pooled is None:
            return None
        weight = next(self.unet.parameters())
        size = (prompt.height, prompt.width)
        ids = torch.tensor([*size, 0, 0, *size], device=weight.device, dtype=weight.dtype)
        pooled = condition.pooled.to(weight.device, weight.dtype)
        return {"text_embeds": pooled, "time_ids": ids.repeat(len(pooled), 1)}

    def _pictures(self, latents: Tensor) -> list[Image.Image]:
        """One by one: the VAE needs most of the memory."""
        weight = next(self.vae.parameters())
        scaled = (latents / self.latent_scale).to(weight.device, weight.dtype)
        return [_picture(self.vae.decode(one[None], return_dict=False)[0][0]) for one in scaled]


def scheduler_of(prediction: str) -> Any:
    """DPM++ 2M Karras over the noise that SD was made with."""
    from diffusers import DPMSolverMultistepScheduler

    return DPMSolverMultistepScheduler(
        num_train_timesteps=TIMESTEPS,
        beta_start=BETA_START,
        beta_end=BETA_END,
        beta_schedule="scaled_linear",
        prediction_type=prediction,
        algorithm_type="dpmsolver++",
        solver_order=2,
        use_karras_sigmas=True,
    )


def first_noise(prompt: Prompt) -> Tensor:
    """[4, height / 8, width / 8], drawn on the CPU, so that every device begins with the same."""
    dice = torch.Generator().manual_seed(prompt.seed)
    return torch.randn(
        4, prompt.height // LATENT_PIXELS, prompt.width // LATENT_PIXELS, generator=dice
    )


def _groups(prompts: Sequence[Prompt], at_once: int) -> Iterator[list[int]]:
    """Indices of prompts of one size, at most ``at_once`` together."""
    sizes: dict[tuple[int, int], list[int]] = {}
    for index, prompt in enumerate(prompts):
        sizes.setdefault((prompt.width, prompt.height), []).append(index)
    for indices in sizes.values():
        for first in range(0, len(indices), at_once):
            yield indices[first : first + at_once]


def _picture(values: Tensor) -> Image.Image:
    """[3, height, width] of -1 to 1 as a picture."""
    levels = ((values.float() + 1) * 127.5).round().clamp(0, 255).to("cpu", torch.uint8)
    return Image.fromarray(levels.permute(1, 2, 0).contiguous().numpy())
