"""Paths among a request's options, made absolute where they are typed: the trainer runs in another
folder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import Invalid, Problem
from ..options.kinds import LISTS, PLACES
from ..paths import absolute

OPTIONS = PLACES | {"metadata_thumbnail"}
"""Options of sd-scripts whose value is a path, or a list of them."""

WORDS = frozenset({"network_args", "optimizer_args", "lr_scheduler_args"})
"""Options whose value is a list of ``key=value``, some of which name a file (LyCORIS' preset)."""


_ADDRESS = re.compile(r"://|^[^/\\]+@[^/\\]+:")
"""What git clones from another machine: https://..., ssh://..., git@host:owner/name."""


def source(text: str) -> str:
    """An address as it is, a folder as its absolute path. Raises `Invalid` for no folder."""
    if _ADDRESS.search(text):
        return text
    if not _is_here(text):
        problem = Problem(
            "source.no_folder",
            "source",
            "there is no folder {folder}",
            "Name the folder of sd-scripts or of kohya_ss, or an address to clone.",
            folder=repr(str(absolute(text))),
        )
        raise Invalid([problem])
    return str(absolute(text))


def settled(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` with the paths in them absolute."""
    return {key: _option(key, value) for key, value in values.items()}


def _option(key: str, value: Any) -> Any:
    if key not in OPTIONS and key not in WORDS:
        return value
    if isinstance(value, (list, tuple)):
        return [_word(part) if isinstance(part, str) else part for part in value]
    if not isinstance(value, str):
        return value
    if key not in LISTS:
        return _path(value)
    words = [value] if _is_here(value) else value.split()
    found = [_word(word) for word in words]
    return value if found == words else found  # a list: a path may hold spaces


def _word(word: str) -> str:
    name, equals, value = word.partition("=")
    return f"{name}={_path(value)}" if equals and "." in value else _path(word)


def _path(text: str) -> str:
    return str(absolute(text)) if _is_here(text) else text


def _is_here(text: str) -> bool:
    """What isn't here may be no path at all: "stabilityai/sd-vae-ft-mse" is a name in a hub."""
    try:
        return bool(text) and absolute(text).exists()
    except (OSError, ValueError):  # a NUL, or a name that no file system takes
        return False
