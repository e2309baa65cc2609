"""Whether a LoRA can be put into a folder, found out without writing: hours before it is ready."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import Problem

REMEDY = "Choose the WebUI's models/Lora folder, or one of your own that can be written."


def problems(lora_dir: Path) -> list[Problem]:
    """Why nothing can be published into ``lora_dir``, or nothing. It need not be there yet."""
    nearest = next(path for path in (lora_dir, *lora_dir.parents) if _is_there(path))
    if not nearest.is_dir():
        text = "{folder} is not a folder"
        return [Problem("lora_dir.no_folder", "lora_dir", text, REMEDY, folder=nearest)]
    if not os.access(nearest, os.W_OK | os.X_OK):
        text = "{folder} can't be written (permissions, or a read-only disk)"
        return [Problem("lora_dir.read_only", "lora_dir", text, REMEDY, folder=nearest)]
    return []


def _is_there(path: Path) -> bool:
    try:
        return os.path.lexists(path)
    except (OSError, ValueError):  # a parent that may not be looked into; the next one tells
        return False
