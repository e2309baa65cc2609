"""What a host has to offer to the page: its base models, its card's memory."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class BaseFile(NamedTuple):
    """A base model: what the host's list calls it, and where it is."""

    title: str
    path: Path


class Memory(NamedTuple):
    """The card's memory in bytes, and its name."""

    free: int
    total: int
    name: str
