"""The pages of the verbs that work on finished LoRAs."""

from __future__ import annotations

from .help_page import HelpPage

LORA_PAGES = {
    "verify": HelpPage(
        """Reads a LoRA whole and says what it holds: family, modules, rank and alpha, the norm of
        what it adds to each block of the model, whether every number is finite, and which of its
        modules the WebUI has no layer for, so that they change nothing there.""",
        (
            ("verify AlvaroBadia.safetensors", "to read"),
            ("verify AlvaroBadia.safetensors --json", "for a program"),
        ),
        "it can't be used, or not all of it",
    ),
    "lora": HelpPage(
        """Works on finished LoRAs with sd-scripts' own programs, as a job: `resize` to a lower
        rank, `merge` with each other (each with its weight) or into a base model, `extract` what a
        tuned model has learnt beyond its base. The result is checked and published with a card; a
        merged base is written to --out. Files stay as they are. For SD 1.5, SD 2 and SDXL.""",
        (
            ("lora resize big.safetensors --rank 8", "smaller, nearly the same"),
            ("lora merge a.safetensors b.safetensors --weights 1 0.6", "one LoRA of two"),
            (
                "lora merge a.safetensors --into base.safetensors --out merged.safetensors",
                "a base model that needs no LoRA",
            ),
            ("lora extract tuned.safetensors --from base.safetensors --rank 32", "a LoRA"),
        ),
        "the program failed, or a problem",
    ),
}
