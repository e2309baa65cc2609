"""What the WebUI calls: at its start, when it draws its page, and again after each Reload UI.

What is imported here is what a start pays for: our own small files, and what the host has loaded
already.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from ..paths import Home
from . import host, settings, tab
from .keeper import Gate, Keeper, active, trainings
from .painting.painter import Painter
from .routes import Routes
from .vram import of_host

LABEL = "Train LoRA"
TAB_ID = "lora_bridge"
SCRIPT = Path(__file__).parents[2] / "scripts" / "lora_bridge.py"


def register() -> None:
    """Called by scripts/lora_bridge.py, each time that the host loads it."""
    host.register(
        str(SCRIPT), ui_tabs=on_ui_tabs, ui_settings=on_ui_settings, app_started=on_app_started
    )
    if Keeper.running() is None:
        if _is_training():
            host.postpone_model()
        gate = Gate(
            host.queue_lock,
            of_host,
            settings.frees_the_gpu,
            host.gpu,
            host.refresh_loras,
            host.let_close,
        )
        Keeper(_home(), gate).start()
        Painter(_home(), _draw).start()


def on_ui_tabs() -> list[tuple[Any, str, str]]:
    """Our tab, and its hidden button as one of the host's "Send to txt2img"."""
    drawn = tab.draw(nonce())
    texts = host.module("modules.infotext_utils")
    texts.register_paste_params_button(
        texts.ParamBinding(
            paste_button=drawn.paste, tabname="txt2img", source_text_component=drawn.infotext
        )
    )
    return [(drawn.blocks, LABEL, TAB_ID)]


def on_ui_settings() -> None:
    """Who has the GPU while a LoRA is trained."""
    settings.register()


def on_app_started(_demo: Any, app: Any) -> None:
    """Each Reload UI makes another ``app``."""
    Routes(lambda: _application(app)).install(app)
    painter = Painter.running()
    if painter is not None:
        painter.look()


def _draw(wanted: Any) -> Any:
    from .painting.drawing import draw

    return draw(wanted)


def _application(app: Any) -> Any:
    from .application import in_webui

    return in_webui(app, _home(), nonce())


def _home() -> Home:
    return Home.resolve(None, host.data_path())


def _is_training() -> bool:
    """Whether a training that began before this start has the GPU; looks closer only where a
    supervisor is at work.
    """
    home = _home()
    if not home.supervisor_lock.exists() or not home.database.exists():
        return False
    from ..system.locks import is_held

    if not is_held(home.supervisor_lock):
        return False
    from ..jobs.store import Store

    return settings.frees_the_gpu() and bool(trainings(active(Store(home.database))))


@cache
def nonce() -> str:
    """What a POST must carry; made once a process, so that an open page survives Reload UI."""
    import secrets

    return secrets.token_urlsafe(24)
