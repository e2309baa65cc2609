"""A prompt of the prompt file as the sampler draws it, and as A1111 tells it."""

from __future__ import annotations

from ...sample_prompts import SamplePrompt
from .sampler import Prompt

MOST_SIDE = 1024
MOST_STEPS = 60


def prompt_of(prompt: SamplePrompt) -> Prompt:
    """What the sampler draws: sides in whole multiples of 64 pixels, of bounded size."""
    width, height = (
        min(MOST_SIDE, max(64, side // 64 * 64)) for side in (prompt.width, prompt.height)
    )
    return Prompt(prompt.text, prompt.seed, prompt.negative, prompt.scale, width, height)


def infotext(prompt: SamplePrompt, note: str = "") -> str:
    """The three lines that A1111's PNG Info reads; ``note`` says which LoRA drew it."""
    lines = [prompt.text, *([f"Negative prompt: {prompt.negative}"] if prompt.negative else [])]
    settings = (
        f"Steps: {min(prompt.steps, MOST_STEPS)}, Sampler: DPM++ 2M Karras, "
        f"CFG scale: {prompt.scale:g}, Seed: {prompt.seed}, Size: {prompt.width}x{prompt.height}"
    )
    return "\n".join([*lines, settings + (f", LoRA: {note}" if note else "")])
