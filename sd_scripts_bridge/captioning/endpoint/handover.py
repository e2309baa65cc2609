"""A secret for a program that starts later, handed over in memory: it touches no disk.

Whoever holds the secret listens on this machine's loopback, and gives it to whom names the word.
The place and the word may be written down: they are worth nothing once the holder has gone.
"""

from __future__ import annotations

import contextlib
import hmac
import secrets
import socket
import threading
from collections.abc import Mapping
from typing import Any

SECONDS = 5.0
LONGEST = 10_000


class Handover:
    """Holds one secret until it is closed."""

    def __init__(self, secret: str) -> None:
        self._secret, self._word = secret, secrets.token_hex(16)
        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._give, name="lora-bridge handover", daemon=True).start()

    @property
    def place(self) -> dict[str, Any]:
        """What `fetch` needs."""
        return {"port": self._socket.getsockname()[1], "word": self._word}

    def close(self) -> None:
        self._secret = ""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _give(self) -> None:
        while True:
            try:
                asking, _ = self._socket.accept()
            except OSError:  # closed
                return
            with asking, contextlib.suppress(OSError):
                asking.settimeout(SECONDS)
                if hmac.compare_digest(asking.recv(200), self._word.encode()):
                    asking.sendall(self._secret.encode())


def fetch(place: Mapping[str, Any]) -> str:
    """The secret that is held there; empty where its holder has gone."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        port = int(place["port"])
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as asking:
            asking.sendall(str(place["word"]).encode())
            asking.shutdown(socket.SHUT_WR)
            parts = []
            while part := asking.recv(4096):
                parts.append(part)
            return b"".join(parts)[:LONGEST].decode()
    return ""
