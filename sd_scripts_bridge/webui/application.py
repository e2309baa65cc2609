"""The routes as an application of their own, with what their host can give them.

Made at the first request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..bridge import Bridge, Submitted
from ..jobs.job import RECOMMENDED
from ..messages import Message
from ..models.offered import BaseFile
from ..page.context import Context
from ..paths import Home
from ..planning.request import Request
from ..rest.app import mount
from ..system.gpu_memory import Memory
from . import host, settings
from .guard import Guard
from .keeper import Keeper
from .painting.painter import Painter

NO_BLIP = Message(
    "webui.no_blip",
    "The WebUI's BLIP is not downloaded yet, so a caption is the name and the class until you "
    "write more. Press Interrogate CLIP in img2img once, then Reload UI: it can draft captions.",
)


def of(context: Context) -> Any:
    """An ASGI application for ``context``."""
    from starlette.applications import Starlette

    app = Starlette()
    mount(app, context)
    return app


def in_webui(app: Any, home: Home, nonce: str) -> Any:
    """For the tab inside a WebUI; ``app`` is the host's."""
    return of(
        Context(
            bridge=lambda: HostsBridge(home),
            nonce=nonce,
            guard=Guard(app, host.api_auth()),
            local=host.is_local(),
            host=host.name(),
            can_send=True,
            lora_dir=host.lora_dir(),
            bases=_bases,
            looked=host.model_folders,
            memory=_memory,
            interrogator=host.interrogator(),
            no_interrogator=NO_BLIP,
            face_models=[host.face_folder()],
            generate_waits=_generate_waits,
            host_busy=_host_busy,
            before_start=_before_start,
            paint=_paint,
            paint_trouble=_paint_trouble,
        )
    )


class HostsBridge(Bridge):
    """Trains where the WebUI's settings say."""

    def submit(self, request: Request, at: str | None = None) -> Submitted:
        if request.gpu is None and request.launch is None and request.on is None:
            request = replace(request, gpu=settings.other_gpu())
        if request.publish is None and settings.publishes_recommended():
            request = replace(request, publish=RECOMMENDED)
        return super().submit(request, at)


def _bases() -> Sequence[BaseFile]:
    return [BaseFile(title, path) for title, path in host.bases()]


def _memory() -> Memory | None:
    found = host.memory()
    return Memory(*found) if found else None


def _generate_waits() -> bool:
    keeper = Keeper.running()
    return keeper is not None and keeper.is_parked


def _host_busy() -> bool:
    lock = host.queue_lock()
    if not lock.acquire(blocking=False):
        return True
    lock.release()
    return False


def _paint(plan: Path) -> None:
    painter = Painter.running()
    if painter:
        painter.paint(plan)


def _paint_trouble(plan: Path) -> str:
    painter = Painter.running()
    return painter.trouble(plan) if painter else ""


def _before_start() -> list[str]:
    keeper = Keeper.running()
    return keeper.announce() if keeper else []
