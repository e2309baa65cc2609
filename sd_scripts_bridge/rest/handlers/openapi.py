"""The description of the routes, as a route."""

from __future__ import annotations

from typing import Any

from ..doors import Call
from ..openapi import description


def show(_call: Call) -> dict[str, Any]:
    """This description."""
    return description()
