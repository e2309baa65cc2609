"""REST: docs/rest.md over HTTP, for any Starlette or FastAPI app.

Importing this loads neither; the first request does.
"""

from __future__ import annotations

from typing import Any

from ..page.context import Context
from .routes import PREFIX, RULES


def mount(app: Any, context: Context) -> None:
    """Add the routes to a Starlette or FastAPI app, in front of its own; those of an earlier call
    on it are replaced.
    """
    from starlette.routing import Mount

    from .doors import entrance

    routes = app.router.routes
    routes[:] = [route for route in routes if getattr(route, "path", "") != PREFIX]
    routes.insert(0, Mount(PREFIX, app=entrance(context, RULES)))
