"""A generation's settings as A1111's paste reads them.

The last line needs three settings, else it counts as prompt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..options.families import Family

SAMPLER = "DPM++ 2M Karras"
"""With the schedule in its name: the form that every host reads, also those without a field for it.
"""
STEPS, CFG, BATCH_COUNT = 60, 7, 5
NEGATIVE = (
    "deformed eyes, deformed lips, bad anatomy, extra fingers, blurry, lowres, jpeg "
    "artifacts, watermark, text"
)
SCENE = "portrait, detailed face, soft daylight, looking at the camera, sharp focus"
HIRES = {
    "Denoising strength": 0.6,
    "Hires upscale": 2,
    "Hires steps": 20,
    "Hires upscaler": "Latent",
}


def prompt(activation_text: str, stem: str) -> str:
    """What brings the subject: its words first, the LoRA last."""
    return ", ".join(filter(None, (activation_text, SCENE))) + f" <lora:{stem}:1>"


def negative(family: Family) -> str:
    """The negative prompt; none where nobody reads it."""
    return NEGATIVE if family.picture is None or family.picture.negative else ""


def settings(family: Family) -> dict[str, Any]:
    """What differs with this family from the settings below, under Forge's names."""
    picture = family.picture
    if picture is None:
        return {}
    guidance = {} if picture.distilled is None else {"Distilled CFG Scale": picture.distilled}
    return {
        "Steps": picture.steps,
        "Sampler": "Euler",
        "Schedule type": "Simple",
        "CFG scale": picture.cfg,
        **guidance,
    }


def infotext(prompt: str, negative: str, side: int, more: Mapping[str, Any] | None = None) -> str:
    """The three lines for a square picture; ``more`` goes before our own settings.

    Without a negative prompt there are two.
    """
    settings = {
        "Steps": STEPS,
        "Sampler": SAMPLER,
        "CFG scale": CFG,
        "Seed": -1,
        "Size": f"{side}x{side}",
        "Batch size": 1,
        **(more or {}),
    }
    last = ", ".join(f"{key}: {_quoted(value)}" for key, value in settings.items())
    return "\n".join([prompt, *([f"Negative prompt: {negative}"] if negative else []), last])


def _quoted(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if any(mark in text for mark in ",\n:") else text
