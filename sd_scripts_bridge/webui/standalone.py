"""The same tab without a WebUI: a gradio page of its own, for this machine only unless told
otherwise.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..bridge import Bridge
from ..errors import BridgeError, Invalid, Problem
from ..models.offered import BaseFile
from ..page.context import Context
from ..paths import Home
from . import page, tab

PORT = 7862
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Options:
    """Where the page is served, and what it may offer."""

    home: Home
    host: str = "127.0.0.1"
    port: int = PORT
    """0: any free one."""
    models: Sequence[Path] = ()
    """Folders with base models."""
    webui: Path | None = None
    """A WebUI whose models and Lora folder are used."""
    lora_dir: Path | None = None

    @property
    def is_local(self) -> bool:
        return self.host in LOOPBACK

    @property
    def model_folders(self) -> list[Path]:
        found = list(self.models) or [self.home.root / "models" / "Stable-diffusion"]
        return [*found, self.webui / "models" / "Stable-diffusion"] if self.webui else found

    @property
    def loras(self) -> Path:
        return self.lora_dir or (self.webui / "models" / "Lora" if self.webui else self.home.lora)

    def bases(self) -> list[BaseFile]:
        """Every .safetensors file in the folders, by its place there; the first of two with the
        same place.
        """
        found: dict[str, Path] = {}
        for folder in self.model_folders:
            for file in sorted(folder.rglob("*.safetensors")):
                found.setdefault(file.relative_to(folder).as_posix(), file)
        return [BaseFile(title, path) for title, path in found.items()]


def serve(place: Options, started: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; ``started`` is told the address.

    Raises `BridgeError` where it can't be served.
    """
    missing = [
        folder
        for folder in (*place.models, *([place.webui] if place.webui else []))
        if not folder.is_dir()
    ]
    if missing:
        raise Invalid(
            [
                Problem(
                    "standalone.folder",
                    "",
                    "{folder} is not a folder",
                    "Check how it is spelt.",
                    folder=repr(str(folder)),
                )
                for folder in missing
            ]
        )
    door = _bind(place)
    with contextlib.redirect_stdout(
        sys.stderr
    ):  # gradio 5 prints a word of its own into what programs read
        app = application(place)
    import uvicorn

    address = f"[{place.host}]" if ":" in place.host else place.host
    started(f"http://{address}:{door.getsockname()[1]}")
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[door])


def application(place: Options) -> Any:
    """The whole page as an ASGI application. Raises `BridgeError` where gradio is missing."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # nothing is told to anybody
    try:
        import gradio as gr
        from fastapi import FastAPI
    except ImportError as error:
        raise BridgeError(
            "standalone.page_needs_gradio_get",
            "The page needs gradio, which is not installed. Install it: pip install 'gradio>=5'",
        ) from error

    from .routes import Routes

    nonce = secrets.token_urlsafe(24)
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.router.routes.extend(page.routes())
    gr.mount_gradio_app(app, tab.draw(nonce, title="Train LoRA", **_look(gr)).blocks, path="/")
    Routes(lambda: _routes(place, nonce)).install(app)
    return page.Page(app, page.head, page.LOCAL_NAMES if place.is_local else None)


def _look(gr: Any) -> dict[str, Any]:
    """Up to gradio 5 its own look fetches letters from Google; 6 has them with it, and takes no
    look here.
    """
    if int(gr.__version__.partition(".")[0]) >= 6:
        return {}
    return {
        "theme": gr.themes.Default(
            font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]
        )
    }


def _routes(place: Options, nonce: str) -> Any:
    from ..system.gpu_memory import GpuMemory
    from .application import of

    place.loras.mkdir(parents=True, exist_ok=True)
    return of(
        Context(
            bridge=lambda: Bridge(place.home),
            nonce=nonce,
            local=place.is_local,
            lora_dir=place.loras,
            bases=place.bases,
            looked=lambda: place.model_folders,
            memory=GpuMemory(),
            face_models=[place.webui / "models" / "opencv"] if place.webui else (),
        )
    )


def _bind(place: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # asyncio turns Nagle's algorithm off only where the protocol is named: 44 ms an answer
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((place.host, place.port))
        door.listen()
    except (OSError, OverflowError, UnicodeError) as error:  # a port or a name that can't be one
        door.close()
        why = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise BridgeError(
            "standalone.cant_used_choose_another",
            "{host}:{port} can't be used: {why}. Choose another --port, or --host.",
            host=place.host,
            port=place.port,
            why=why,
        ) from error
    return door
