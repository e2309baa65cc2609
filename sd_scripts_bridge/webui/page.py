"""What a WebUI does for our page, done without one: our scripts and styles go into gradio's page,
foreign ones leave it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from ..messages import Message
from ..paths import PACKAGE_PARENT
from ..rest.origin import FRAMING, has_foreign_origin

FILES = "/lora-bridge-page"
NARROW = "<style>@media (max-width: 640px) { .app.app { padding: 8px 0 !important; } }</style>"
"""On a phone gradio's own margins would take a quarter of the width."""
OURS = ("/lora-bridge/", f"{FILES}/")
GRADIOS = ("/assets/", "/static/", "/theme.css", "/info", "/favicon.ico", "/manifest.json")
"""What gradio's page loads, 3.41 to 6."""
LOCAL_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})

_FOREIGN = re.compile(
    rb"<(?:link|script)\b[^>]*(?:fonts\.googleapis|fonts\.gstatic"
    rb"|cdnjs\.cloudflare)[^>]*>(?:\s*</script>)?"
)

ONLY_HERE = Message("page.only_here", "This page can be opened only as 127.0.0.1 or localhost.")
NO_OTHER_SITE = Message("page.no_other_site", "Other sites can't use this page.")
NO_PAGE = Message("page.no_page", "There is no such page here.")


class Page:
    """An ASGI application around gradio's: its page gets ``head``, its API is closed, and requests
    for other names than ``names`` get nothing.

    A foreign site can give its own name to 127.0.0.1; such requests carry that name. ``names``
    None: every name is fine. Gradio takes uploads from every site, and tells its page's settings,
    our nonce among them, to every page on this machine.
    """

    def __init__(self, app: Any, head: Callable[[], str], names: Iterable[str] | None) -> None:
        self._app, self._head = app, head
        self._names = None if names is None else frozenset(names)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":
            return await send({"type": "websocket.close"})
        send = _unframed(send)
        if self._names is not None and _name(scope) not in self._names:
            return await _refuse(send, 403, ONLY_HERE)
        if has_foreign_origin(_headers(scope)):
            return await _refuse(send, 403, NO_OTHER_SITE)
        if not _is_needed(scope):
            return await _refuse(send, 404, NO_PAGE)
        if scope["path"] != "/":
            return await self._app(scope, receive, send)
        plain = [(key, value) for key, value in scope["headers"] if key != b"accept-encoding"]
        rewriter = _Rewriter(send, self._head().encode())
        return await self._app({**scope, "headers": plain}, receive, rewriter.send)


class _Rewriter:
    """Holds an HTML answer back until it is whole, and sends it with ``head`` in its head."""

    def __init__(self, send: Any, head: bytes) -> None:
        self._send, self._head = send, head
        self._start: Any = None
        self._body = b""

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = _FOREIGN.sub(b"", self._body).replace(b"</head>", self._head + b"</head>", 1)
        headers = [
            (key, value)
            for key, value in self._start["headers"]
            if key.lower() not in (b"content-length", b"etag")
        ]
        headers += [(b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store")]
        await self._send({**self._start, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})


def _headers(scope: Any) -> dict[str, str]:
    return {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}


def _name(scope: Any) -> str:
    """The name that the browser asked for, without the port."""
    host = _headers(scope).get("host", "")
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


def _is_needed(scope: Any) -> bool:
    """Ours, or what gradio's page loads: never its API, which a page without gradio's own parts
    doesn't call.
    """
    path: str = scope["path"]
    if path.startswith(OURS):
        return True
    return scope["method"] in ("GET", "HEAD") and (path == "/" or path.startswith(GRADIOS))


def _unframed(send: Any) -> Any:
    """``send`` with the headers that keep the page out of other sites' frames."""
    more = [(key.lower().encode(), value.encode()) for key, value in FRAMING.items()]

    async def send_with_headers(message: Any) -> None:
        if message["type"] == "http.response.start":
            had = [pair for pair in message["headers"] if pair[0].lower() not in dict(more)]
            message = {**message, "headers": [*had, *more]}
        await send(message)

    return send_with_headers


async def _refuse(send: Any, status: int, sentence: str) -> None:
    body = f"{sentence}\n".encode()
    headers = [(b"content-length", str(len(body)).encode()), (b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


# ---- our own files ----


def head() -> str:
    """The tags that load our files, named by their times so that a browser never keeps
    an old one.
    """
    scripts = sorted((PACKAGE_PARENT / "javascript").glob("*.js"))
    tags = [f'<script src=".{FILES}/words.js"></script>']
    tags += [
        f'<script src=".{FILES}/javascript/{file.name}?{file.stat().st_mtime_ns}"></script>'
        for file in scripts
    ]
    style = PACKAGE_PARENT / "style.css"
    if style.is_file():
        tags.append(f'<link rel="stylesheet" href=".{FILES}/style.css?{style.stat().st_mtime_ns}">')
    return "\n".join([*tags, NARROW]) + "\n"


def dictionaries() -> dict[str, dict[str, str]]:
    """The translations that we bring, by language."""
    found: dict[str, dict[str, str]] = {}
    for file in sorted((PACKAGE_PARENT / "localizations").glob("*.json")):
        found.setdefault(file.stem.partition("_")[0], {}).update(
            json.loads(file.read_text(encoding="utf-8"))
        )
    return found


def routes() -> list[Any]:
    """Starlette routes for what `head` names, and for nothing else."""
    from starlette.responses import FileResponse, Response
    from starlette.routing import Mount, Route
    from starlette.staticfiles import StaticFiles

    def words(_request: Any) -> Any:
        code = (
            f"globalThis.loraBridgeDictionaries = {json.dumps(dictionaries(), ensure_ascii=False)};"
        )
        return Response(
            code, media_type="text/javascript; charset=utf-8", headers={"Cache-Control": "no-cache"}
        )

    def style(_request: Any) -> Any:
        return FileResponse(PACKAGE_PARENT / "style.css", media_type="text/css")

    scripts = StaticFiles(directory=Path(PACKAGE_PARENT / "javascript"), check_dir=False)
    inside = [
        Route("/words.js", words),
        Route("/style.css", style),
        Mount("/javascript", app=scripts),
    ]
    return [Mount(FILES, routes=inside)]
