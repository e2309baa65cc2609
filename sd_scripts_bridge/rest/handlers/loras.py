"""The LoRAs in the WebUI's folder, to try them."""

from __future__ import annotations

from ...errors import NotFound
from ...page import loras
from ...page.loras import LorasView
from ...page.result import ResultView, preview_of
from ..doors import Call
from ..queries import LoraQuery
from .jobs import Png, picture


def show(call: Call) -> LorasView:
    """Every LoRA in the folder, newest first, and which job made it."""
    return loras.listed(call.context)


def result(call: Call, query: LoraQuery) -> ResultView:
    """What a job's result says, for a file that no job made: its prompt, the text for txt2img."""
    return loras.result(call.context, query.file)


def preview_picture(call: Call, query: LoraQuery) -> Png:
    """The picture beside a LoRA."""
    found = preview_of(loras.path(call.context, query.file))
    if found is None:
        raise NotFound("loras.no_picture", "There is no picture beside this LoRA.")
    return picture(found)
