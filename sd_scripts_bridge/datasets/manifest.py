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


def photos(root: Path) -> set[str]:
    """SHA-256 of the photos in ``root`` as they lie there, and as they came where that was kept:
    two sets with one in common show the same.
    """
    files = read(root).get("files", {})
    own = [entry for key, entry in files.items() if not key.startswith("reg/")]
    found = {entry.get(name) for entry in own for name in ("sha256", "photo")}
    return {str(digest) for digest in found if digest}


def stems(root: Path) -> set[str]:
    """What the photos were called before they were numbered, without the ending."""
    told = (str(entry.get("from", "")) for entry in read(root).get("files", {}).values())
    return {Path(name).stem for text in told for name in (text, text.partition(" ")[2]) if name}


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
