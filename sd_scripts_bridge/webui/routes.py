"""Our routes as one application inside the host's: made at the first request, so that a start pays
nothing for them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from anyio import to_thread
from starlette.routing import BaseRoute, Match, NoMatchFound

PREFIX = "/lora-bridge/"


class Routes(BaseRoute):
    """Answers everything under `PREFIX` through the application that ``build`` makes.

    An application of its own keeps our error handling out of the host's.
    """

    def __init__(self, build: Callable[[], Any]) -> None:
        self._build = build
        self._made: Any = None
        self._lock = threading.Lock()

    def install(self, app: Any) -> None:
        """In front of the host's routes, some of which take any path."""
        app.router.routes.insert(0, self)

    def matches(self, scope: Any) -> tuple[Match, Any]:
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        ours = scope["type"] == "http" and path.startswith(PREFIX)
        return (Match.FULL if ours else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        if self._made is None:
            await to_thread.run_sync(self._make)
        _keep_room()
        await self._made(scope, receive, send)

    def _make(self) -> None:
        with self._lock:
            if self._made is None:
                self._made = self._build()


def _keep_room() -> None:
    """Let requests wait without starving the others.

    While a training has the GPU, every click on Generate and every token count of the host waits
    in one of the server's worker threads, of which there are 40. With all of them taken the whole
    WebUI would stop answering, this tab included.
    """
    limiter = to_thread.current_default_thread_limiter()
    if limiter.borrowed_tokens > limiter.total_tokens - 10:
        limiter.total_tokens += 20
