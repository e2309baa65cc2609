"""Settings that kohya_ss saved on another tab than LoRA: they are refused, with the tab's name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import Invalid, Problem

_OF_A_LORA = frozenset({"LoRA_type", "network_dim", "network_alpha", "unet_lr", "locon"})
_FEW = 40
"""A preset may leave keys out; a whole form of the LoRA tab has some of these."""


def refuse(path: Path, data: Mapping[str, Any]) -> None:
    """Raises `Invalid` for the settings of another tab."""
    if "num_vectors_per_token" in data:
        raise Invalid(
            [
                Problem(
                    "kohya_gui.reader.holds_settings_textual_inversion",
                    path.name,
                    "holds settings for a textual inversion, not for a LoRA",
                    "Save them on kohya_ss' LoRA tab.",
                )
            ]
        )
    if "use_latent_files" in data or "dataset_repeats" in data:
        raise Invalid(
            [
                Problem(
                    "kohya_gui.reader.holds_settings_fine_tuning",
                    path.name,
                    "holds settings for fine-tuning a whole model, not for a LoRA",
                    "Save them on kohya_ss' LoRA tab.",
                )
            ]
        )
    if len(data) > _FEW and not data.keys() & _OF_A_LORA:
        raise Invalid(
            [
                Problem(
                    "kohya_gui.reader.other_tab",
                    path.name,
                    "holds settings of kohya_ss' Dreambooth tab, not of a LoRA: it names no "
                    "network",
                    "Save them on kohya_ss' LoRA tab.",
                )
            ]
        )
