"""Our part of the WebUI's Settings page: who has the card while a LoRA is trained."""

from __future__ import annotations

from . import host

SECTION = ("lora_bridge", "Train LoRA")
GPU = "lora_bridge_gpu"
OTHER_CARD = "lora_bridge_other_card"

FREE = "Free the WebUI's model, bring it back afterwards"
SHARE = "Share the card (needs room for both)"
OTHER = "Train on another card"


def register() -> None:
    """Add them. Called by the host before it draws its settings."""
    import gradio as gr

    shared = host.module("modules.shared")
    add = shared.opts.add_option
    add(
        GPU,
        shared.OptionInfo(
            FREE,
            "While a LoRA is trained",
            gr.Radio,
            {"choices": [FREE, SHARE, OTHER]},
            section=SECTION,
        ).info("with the first, Generate waits until the training is over"),
    )
    add(
        OTHER_CARD,
        shared.OptionInfo("1", "The other card's number", gr.Textbox, section=SECTION).info(
            "as nvidia-smi counts them: 0, 1, ..."
        ),
    )


def frees_the_card() -> bool:
    return host.setting(GPU, FREE) not in (SHARE, OTHER)


def other_card() -> int | None:
    """The card to train on; None: the first one."""
    card = str(host.setting(OTHER_CARD, "")).strip()
    return int(card) if host.setting(GPU, FREE) == OTHER and card.isdecimal() else None
