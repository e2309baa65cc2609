"""TOML: a small writer, and whichever reader this Python has (3.11's own, tomli, or the one inside
pip).
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_READERS = ("tomllib", "tomli", "pip._vendor.tomli")


def loads(text: str) -> dict[str, Any]:
    """The document's tables. Raises ValueError where ``text`` isn't TOML."""
    for name in _READERS:
        try:
            reader = importlib.import_module(name)
        except ImportError:
            continue
        tables: dict[str, Any] = reader.loads(text)
        return tables
    raise ImportError(f"none of {', '.join(_READERS)} is installed")


def load(path: Path) -> dict[str, Any]:
    """The file's tables (UTF-8, a BOM allowed)."""
    return loads(path.read_text(encoding="utf-8-sig"))


def dumps(values: Mapping[str, Any]) -> str:
    """A flat table as TOML.

    None is left out, for TOML has none. Raises TypeError for what TOML can't hold.
    """
    return "".join(
        f"{_key(key)} = {_value(value)}\n" for key, value in values.items() if value is not None
    )


def _key(key: str) -> str:
    bare = key.replace("_", "").replace("-", "")
    return key if bare.isascii() and bare.isalnum() else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    raise TypeError(f"TOML holds no {type(value).__name__}: {value!r}")


def _string(text: str) -> str:
    """A basic string: JSON's escapes are TOML's too (toml.io v1.0.0, "String"), but for DEL, which
    JSON leaves.
    """
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
