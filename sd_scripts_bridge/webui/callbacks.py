"""What the WebUI calls: at its start, when it draws its page, and again after each Reload UI. Imports next to nothing."""

from __future__ import annotations

from functools import cache
from typing import Any

from . import host

LABEL = "Train LoRA"
TAB_ID = "lora_bridge"


def register() -> None:
    """Called by scripts/lora_bridge.py, each time that the host loads it."""
    host.register(tabs=on_ui_tabs, settings=on_ui_settings, app_started=on_app_started)


def on_ui_tabs() -> list[tuple[Any, str, str]]:
    from . import tab

    drawn = tab.draw(nonce())
    texts = host.module("modules.infotext_utils")
    texts.register_paste_params_button(
        texts.ParamBinding(paste_button=drawn.paste, tabname="txt2img", source_text_component=drawn.infotext)
    )
    return [(drawn.blocks, LABEL, TAB_ID)]


def on_ui_settings() -> None:
    pass


def on_app_started(demo: Any, app: Any) -> None:
    from .routes import Routes

    Routes(lambda: _application(app)).install(app)


def _application(app: Any) -> Any:
    from .application import in_webui

    return in_webui(app, nonce())


@cache
def nonce() -> str:
    """What a POST must carry; made once a process, so that an open page survives Reload UI."""
    import secrets

    return secrets.token_urlsafe(24)
