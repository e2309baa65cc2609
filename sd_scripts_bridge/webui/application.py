"""The routes' application, with what this host can give them."""

from __future__ import annotations

from typing import Any


def in_webui(app: Any, nonce: str) -> Any:
    """For a tab inside a WebUI; ``app`` is the host's."""
    from fastapi import FastAPI

    return FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
