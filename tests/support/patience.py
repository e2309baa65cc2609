"""Waiting for what another process or thread does: no test depends on how fast the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS = 300.0
"""Longer than anything takes on a slow machine; who waits goes on as soon as it is there."""


def until(happened: Callable[[], object], pause: float = 0.02) -> None:
    """Look every ``pause`` seconds until it is true."""
    deadline = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(pause)
