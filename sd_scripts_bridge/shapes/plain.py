"""A shape as plain data for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from .marks import ABSENT, Json, name_of


def plain(data: Any) -> Any:
    """``data`` with an object for each dataclass in it, and a text for each path."""
    if data is None or isinstance(data, (str, int, float)):
        return data
    if is_dataclass(data) and not isinstance(data, type):
        return _object(data)
    if isinstance(data, Mapping):
        return {key: plain(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [plain(value) for value in data]
    return str(data) if isinstance(data, Path) else data


def _object(data: Any) -> Json:
    told: Json = {}
    for field in fields(data):
        value = getattr(data, field.name)
        if field.metadata.get("beside"):
            told |= {key: plain(part) for key, part in value.items() if key not in told}
        elif value is not ABSENT:
            told[name_of(field)] = plain(value)
    return told
