"""A shape as plain data for JSON."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from .marks import ABSENT, Json, name_of

SCALARS = frozenset({str, int, float, bool, type(None)})
"""What stays as it is; most of thousands of rows is one of these."""


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
    for attribute, name, beside in _names(type(data)):  # type: ignore[arg-type]
        value = getattr(data, attribute)
        if beside:
            told |= {key: plain(part) for key, part in value.items() if key not in told}
        elif value is not ABSENT:
            told[name] = value if type(value) in SCALARS else plain(value)
    return told


@functools.cache
def _names(cls: Any) -> list[tuple[str, str, bool]]:
    """Its fields: the attribute, the name in JSON, and whether it is told beside the others."""
    return [(one.name, name_of(one), bool(one.metadata.get("beside"))) for one in fields(cls)]
