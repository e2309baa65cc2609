"""The tab as gradio sees it: one empty container that our JavaScript fills, and the host's paste
button, hidden.

Works on gradio 3.41.2 and on every newer one: only what is common to them is used.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

BASE = "./lora-bridge/v1/"
"""Relative: keeps --subpath and proxies working."""

_HIDDEN = "lora-bridge-hidden"
_PAGE = """\
<style>.{hidden} {{ display: none !important; }}</style>
<div id="lora-bridge" data-nonce="{nonce}" data-base="{base}"></div>
"""


@dataclass(frozen=True)
class Tab:
    """What was drawn. ``infotext`` and ``paste`` are out of sight: JavaScript fills one and clicks
    the other.
    """

    blocks: Any
    infotext: Any
    paste: Any


def draw(nonce: str, **page: Any) -> Tab:
    """Draw it. ``page`` is what gradio should know of a page of our own; a host has one already."""
    import gradio as gr

    with gr.Blocks(analytics_enabled=False, **page) as blocks:
        container = gr.HTML(_PAGE.format(hidden=_HIDDEN, nonce=html.escape(nonce), base=BASE))
        with gr.Column(
            elem_classes=[_HIDDEN]
        ):  # visible=False would keep them out of the page on gradio 5 and later
            infotext = gr.Textbox(elem_id="lora_bridge_infotext", show_label=False)
            paste = gr.Button("Send to txt2img", elem_id="lora_bridge_paste")
    components: tuple[Any, ...] = (container, infotext, paste)
    for component in components:
        component.do_not_save_to_config = True  # else the host keeps today's defaults for ever
    return Tab(blocks, infotext, paste)
