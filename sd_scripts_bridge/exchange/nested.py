"""Settings in tables within tables: each is taken once,
and what nobody takes is told at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..messages import Message
from ..options.kinds import SECRETS
from .settling.imported import HIDDEN, Ledger
from .settling.work import Given

_SECRET_WORDS = ("secret", "password", "token", "api_key", "key_file")
_NOT_SECRET = ("keep_tokens", "tokens", "token_", "_token_length", "shuffle_tokens")


class Nested:
    """A file's tables; keys are written with points: ``network.linear``."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.left = dict(_leaves(data, ""))

    def take(self, key: str, default: Any = None) -> Any:
        """The value at ``key``, which is told of from now on by whoever took it."""
        return self.left.pop(key, default)

    def option(self, key: str, option: str) -> Iterator[Given]:
        """The value at ``key`` as an option of sd-scripts, where it is there."""
        if key in self.left:
            yield Given(option, self.left.pop(key), key)

    def tell_the_rest(self, ledger: Ledger, why: str) -> None:
        """A row for each key that nobody took. Secrets are never shown."""
        for key, value in self.left.items():
            if is_secret(key):
                shown = HIDDEN if value else ""
                ledger.ignored(
                    key,
                    shown,
                    Message("nested.secret_never_taken_file", "a secret: never taken from a file"),
                )
            else:
                ledger.ignored(key, value, why)


def is_secret(key: str) -> bool:
    """Whether a key's name says that it holds a secret."""
    parts = key.lower().split(".")
    last = parts[-1]
    if parts[0] == "secrets" or last in SECRETS:
        return True
    named = any(word in last for word in _SECRET_WORDS)
    return named and not any(word in last for word in _NOT_SECRET)


def _leaves(value: Mapping[str, Any], place: str) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            yield from _leaves(item, f"{place}{key}.")
        else:
            yield f"{place}{key}", item
