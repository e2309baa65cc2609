"""Our part of the WebUI's Settings page: who has the GPU while a LoRA is trained, and which step
is published.
"""

from __future__ import annotations

from . import host

SECTION = ("lora_bridge", "Train LoRA")
PUBLISH = "lora_bridge_publish_recommended"
GPU = "lora_bridge_gpu"
OTHER_GPU = "lora_bridge_other_card"  # as the WebUI's config.json may hold it already

FREE = "Free the WebUI's model, bring it back afterwards"
SHARE = "Share the GPU (needs room for both)"
OTHER = "Train on another GPU"
WHOSE, WAITS = (
    "While a LoRA is trained",
    "with the first, Generate waits until the training is over",
)
NUMBER, COUNTED = "The other GPU's number", "as nvidia-smi counts them: 0, 1, ..."
WHICH, LESS = (
    "Publish the recommended step when a training ends",
    "otherwise its last step; where nothing can be told, too",
)
SHOWN = (WHOSE, FREE, SHARE, OTHER, f"({WAITS})", NUMBER, f"({COUNTED})", WHICH, f"({LESS})")
"""Every text as the host shows it (remarks in brackets), for its localization to translate."""

_ANOTHER = (OTHER, "Train on another card")  # what a WebUI's config.json may hold
_SHARED = (SHARE, "Share the card (needs room for both)")


def register() -> None:
    """Add them. Called by the host before it draws its settings."""
    import gradio as gr

    shared = host.module("modules.shared")
    add = shared.opts.add_option
    add(
        GPU,
        shared.OptionInfo(
            FREE,
            WHOSE,
            gr.Radio,
            {"choices": [FREE, SHARE, OTHER]},
            section=SECTION,
        ).info(WAITS),
    )
    add(
        OTHER_GPU,
        shared.OptionInfo("1", NUMBER, gr.Textbox, section=SECTION).info(COUNTED),
    )
    add(PUBLISH, shared.OptionInfo(False, WHICH, gr.Checkbox, section=SECTION).info(LESS))


def frees_the_gpu() -> bool:
    return host.setting(GPU, FREE) not in (*_SHARED, *_ANOTHER)


def other_gpu() -> int | None:
    """The GPU to train on; None: the first one."""
    gpu = str(host.setting(OTHER_GPU, "")).strip()
    return int(gpu) if host.setting(GPU, FREE) in _ANOTHER and gpu.isdecimal() else None


def publishes_recommended() -> bool:
    """Whether a training publishes its recommended step; where not, the home says which."""
    return bool(host.setting(PUBLISH, False))
