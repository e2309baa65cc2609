"""``dataset.json``: which pictures of a dataset we wrote, so that training can tell that they still
are as written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..system.files import write_json

NAME = "dataset.json"


def read(root: Path) -> dict[str, Any]:
    """The manifest in ``root``; empty where there is none, or one that isn't ours."""
    try:
        data = json.loads((root / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) and isinstance(data.get("files"), dict) else {}


def write(root: Path, about: Mapping[str, Any], files: Mapping[str, Any]) -> None:
    """``files``: path below ``root`` -> `mark` and what else is worth knowing."""
    write_json(root / NAME, {"version": 1, **about, "files": files})


def mark(image: Path) -> dict[str, Any]:
    """What `unchanged` compares."""
    status = image.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "sha256": sha256(image)}


def unchanged(image: Path, recorded: Any) -> bool:
    """Whether ``image`` is as recorded: by size and time, and where the time differs (a copied
    folder) by content.
    """
    status = image.stat()
    if not isinstance(recorded, dict) or status.st_size != recorded.get("size"):
        return False
    return status.st_mtime_ns == recorded.get("mtime_ns") or sha256(image) == recorded.get("sha256")


def sha256(file: Path) -> str:
    """Of the file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as opened:
        while block := opened.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
