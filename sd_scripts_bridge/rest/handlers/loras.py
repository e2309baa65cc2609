"""The LoRAs in the WebUI's folder, to try them."""

from __future__ import annotations

from typing import Any

from ...errors import NotFound
from ...page import loras
from ...page.result import preview_of
from ..doors import Call
from .jobs import picture


def show(call: Call) -> Any:
    """Every LoRA in the folder, newest first, and which job made it."""
    return {"loras": loras.listed(call.context)}


def result(call: Call) -> Any:
    """What a job's result says, for a file that no job made: its prompt, the text for txt2img."""
    return loras.result(call.context, call.query.get("file", ""))


def preview_picture(call: Call) -> Any:
    """The picture beside a LoRA."""
    found = preview_of(loras.path(call.context, call.query.get("file", "")))
    if found is None:
        raise NotFound("loras.no_picture", "There is no picture beside this LoRA.")
    return picture(found)
