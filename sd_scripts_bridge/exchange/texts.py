"""The text of a file from elsewhere, in whichever letters it was saved, and JSON and YAML in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import Invalid, Problem

LARGEST = 10_000_000
ENCODINGS = ("utf-8-sig", "gb18030", "cp932", "cp1252")
"""Tried in this order: most files are UTF-8, and of the others most come from Chinese Windows."""
_AGAIN = "Save it again from the program that made it."
_SURPLUS_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)


def read(path: Path) -> str:
    """The file's text. Raises `Invalid` for one that is too large, isn't text, or can't be read."""
    try:
        size = path.stat().st_size
        raw = path.read_bytes() if size <= LARGEST else b""
    except OSError as error:
        raise Invalid([_unreadable(path, error)]) from error
    if size > LARGEST:
        raise Invalid([_too_large(path, size)])
    found = decoded(raw)
    if found is None:
        raise Invalid([Problem("texts.not_text", path.name, "is not text", _AGAIN)])
    return found


def decoded(raw: bytes) -> str | None:
    """``raw`` as text, or None where it is none."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return raw.decode("utf-16", errors="replace")
    if b"\0" in raw:
        return None
    for encoding in ENCODINGS:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def json_object(path: Path) -> Mapping[str, Any]:
    """The file's JSON object; a comma too many before a bracket is passed over.

    Raises `Invalid` with what is wrong with it.
    """
    text = read(path)
    try:
        try:
            data = json.loads(text)
        except ValueError:
            data = json.loads(_SURPLUS_COMMA.sub(lambda match: match[1] or "", text))
    except (ValueError, RecursionError) as error:
        what = "is not JSON: {error}"
        raise Invalid([Problem("texts.json", path.name, what, _AGAIN, error=error)]) from None
    if not isinstance(data, dict):
        raise Invalid([Problem("texts.json_object", path.name, "is not a JSON object", _AGAIN)])
    return data


def yaml_object(path: Path) -> Mapping[str, Any]:
    """The file's YAML mapping. Raises `Invalid` with what is wrong with it."""
    text = read(path)
    try:
        import yaml  # type: ignore[import-untyped,unused-ignore]  # comes with the WebUI and gradio
    except ImportError:
        remedy = 'Save it as JSON, or install PyYAML: "python -m pip install pyyaml".'
        what = "is YAML, which this Python can't read"
        raise Invalid([Problem("texts.no_yaml", path.name, what, remedy)]) from None
    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = " ".join(str(error).split())
        what = "is not YAML: {error}"
        raise Invalid([Problem("texts.yaml", path.name, what, _AGAIN, error=said)]) from None
    if not isinstance(data, dict):
        raise Invalid([Problem("texts.yaml_object", path.name, "holds no settings", _AGAIN)])
    return data


def _unreadable(path: Path, error: OSError) -> Problem:
    return Problem(
        "texts.unreadable",
        path.name,
        "can't be read: {reason}",
        reason=error.strerror or error,
    )


def _too_large(path: Path, size: int) -> Problem:
    return Problem(
        "texts.too_large",
        path.name,
        "is too large for settings ({size} bytes)",
        "Give the file that holds the settings only.",
        size=f"{size:,}",
    )
