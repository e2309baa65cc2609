"""The options of the pinned sd-scripts, script by script, as its own parsers have them.

``parsers.json`` is made by ``tools/known_options.py``. It serves before `setup` has read the
parsers of the scripts that are really installed.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Option = Mapping[str, Any]
"""name, type ("int", "float", "str" or None), flag, nargs, default, choices."""

_FILE = Path(__file__).with_name("parsers.json")


@functools.cache
def version() -> str:
    """Which sd-scripts the lists come from."""
    return str(_data()["version"])


def scripts() -> tuple[str, ...]:
    """The scripts whose options are known, by file name."""
    return tuple(_data()["scripts"])


@functools.cache
def options(script: str) -> Mapping[str, Option]:
    """The options of ``script`` ("train_network.py") by name;
    empty for a script that is unknown.
    """
    found = {}
    for row in _data()["options"]:
        if script in row.get("scripts", scripts()) and script in scripts():
            found[row["name"]] = _whole(row)
    return found


@functools.cache
def anywhere() -> Mapping[str, Option]:
    """Every option that any of the scripts has, by name."""
    return {row["name"]: _whole(row) for row in _data()["options"]}


def _whole(row: Mapping[str, Any]) -> Option:
    return {
        "name": row["name"],
        "type": row.get("type"),
        "flag": row.get("flag", False),
        "nargs": row.get("nargs"),
        "default": row.get("default", False if row.get("flag") else None),
        "choices": row.get("choices"),
        "help": None,
    }


@functools.cache
def _data() -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return data
