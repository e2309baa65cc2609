"""Whose page a request comes from, as far as the browser says: programs say nothing, and need the
nonce all the same.
"""

from __future__ import annotations

from collections.abc import Mapping

FRAMING = {"X-Frame-Options": "DENY", "Content-Security-Policy": "frame-ancestors 'none'"}
"""Headers that keep an answer out of other sites' frames."""


def is_foreign(headers: Mapping[str, str]) -> bool:
    """Whether another site's page sent this, another port of this machine included.

    Browsers write Sec-Fetch-Site themselves, and only to https and localhost; a proxy doesn't
    change it. Where it is missing, Origin is compared with the name that was asked for.
    """
    site = headers.get("sec-fetch-site")
    return site not in ("same-origin", "none") if site else has_foreign_origin(headers)


def has_foreign_origin(headers: Mapping[str, str]) -> bool:
    """Whether ``Origin`` is there and names another place than the one that was asked."""
    origin = headers.get("origin")
    if not origin:
        return False
    asked = {headers.get("host"), headers.get("x-forwarded-host")}
    return origin.partition("://")[2].lower() not in {name.lower() for name in asked if name}
