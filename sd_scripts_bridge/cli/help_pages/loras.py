"""The pages of the verbs that work on finished LoRAs."""

from __future__ import annotations

from ..help_page import HelpPage

LORA_PAGES = {
    "verify": HelpPage(
        """Reads a whole LoRA and says what is in it: family, modules, rank and alpha, the norm of
        what it adds to each block of the model, whether every number is finite, and which of its
        modules the WebUI has no layer for, so that they change nothing there.""",
        (
            ("verify AlvaroBadia.safetensors", "to read"),
            ("verify AlvaroBadia.safetensors --json", "for a program"),
        ),
        "it can't be used, or not all of it",
    ),
    "likeness": HelpPage(
        """Measures a training's last sample pictures against its photos, as a job: how
        similar they are to them, next to how similar the photos are to each other (with a 95 %
        interval), how well they follow their prompts, how different pictures of one prompt are,
        and whether one copies a photo. It measures with what is installed: ArcFace's .onnx as
        ReActor and ControlNet keep it, or CLIP in Hugging Face's cache; --with names another.
        Without one only the last figure is measured, and it says what is needed. `result`
        shows the figures, too.""",
        (
            ("likeness 3", "with what is installed"),
            ("likeness 3 --with w600k_r50.onnx", "with this face network"),
        ),
    ),
    "lora": HelpPage(
        """Works on finished LoRAs with sd-scripts' own programs, as a job: `resize` to a lower
        rank, `merge` with each other (each with its weight) or into a base model, `extract` what a
        fine-tuned model has learnt beyond its base. The result is checked and published with a
        card, which shows the picture of the LoRA that it came from: of several, the one with the
        largest weight that has a picture; else its name. A merged base is written to --out. Files
        stay as they are. For SD 1.5, SD 2 and SDXL.""",
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
