"""The host's doors are ours: whoever must log in to the WebUI must log in to our routes."""

from __future__ import annotations

import base64
import binascii
from hmac import compare_digest
from typing import Any

from ..messages import Message

COOKIES = ("access-token", "access-token-unsecure")


class Guard:
    """Lets a request in, or raises HTTP 401: gradio's login where there is one, else
    ``--api-auth``, else open.
    """

    def __init__(self, app: Any, api_auth: str | None) -> None:
        self.app = app
        self.pairs = [pair.strip() for pair in (api_auth or "").split(",") if pair.strip()]

    def __call__(self, request: Any) -> None:
        if getattr(self.app, "auth", None) is not None:
            if not self._logged_in(request):
                raise _refusal(Message("webui.log_webui_first", "Log in to the WebUI first."))
        elif self.pairs and not self._knows_password(request):
            raise _refusal(
                Message(
                    "webui.webui_asks_password_api", "This WebUI asks for a password (--api-auth)."
                ),
                {"WWW-Authenticate": "Basic"},
            )

    def _logged_in(self, request: Any) -> bool:
        """Gradio names its cookies after the process since 3.44."""
        cookie_id = getattr(self.app, "cookie_id", None)
        for name in COOKIES:
            token = request.cookies.get(f"{name}-{cookie_id}" if cookie_id else name)
            if token and self.app.tokens.get(token) is not None:
                return True
        return False

    def _knows_password(self, request: Any) -> bool:
        scheme, _, blob = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(blob, validate=True)
        except (binascii.Error, ValueError):
            return False
        return any(compare_digest(given, pair.encode()) for pair in self.pairs)


def _refusal(sentence: str, headers: dict[str, str] | None = None) -> Exception:
    from starlette.exceptions import HTTPException

    return HTTPException(401, sentence, headers=headers)
