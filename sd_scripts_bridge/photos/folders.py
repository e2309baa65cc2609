"""Which folders can't be somebody's photos: the system's, a WebUI's own, and ours."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..errors import Problem
from ..messages import Message
from ..paths import expanded

REMEDY = Message("photo.choose_folder_holds_photos", "Choose the folder that holds the photos.")

_SYSTEM = (
    "/bin",
    "/boot",
    "/etc",
    "/lib",
    "/lib64",
    "/proc",
    "/sbin",
    "/sys",
    "/System",
    "/Library",
)
_WINDOWS = ("SystemRoot", "ProgramFiles", "ProgramFiles(x86)", "ProgramData")
"""Variables that name Windows' own folders."""


def unfit(folder: Path, text: str) -> Problem | None:
    """Why ``folder`` (shown as ``text``) is not searched for photos; None: it may be."""
    real = Path(os.path.realpath(folder))
    above = {real, *real.parents}
    if real == Path(real.anchor) or real == _home():
        what = "{text_name} is not a folder for photos alone"
        return Problem("folders.folder_photos_alone", "", what, REMEDY, text_name=text)
    if above & _system_folders():
        what = "{text_name} belongs to the system"
        return Problem("folders.belongs_system", "", what, REMEDY, text_name=text)
    if _is_webui(real):
        return Problem(
            "folders.webuis_own_folder",
            "",
            "{text_name} is the WebUI's own folder",
            "{remedy_name} Its pictures lie in its outputs.",
            text_name=text,
            remedy_name=REMEDY,
        )
    if any(part.name == "models" and _is_webui(part.parent) for part in above):
        what = "{text_name} is the WebUI's folder for models"
        return Problem("folders.webuis_folder_models", "", what, REMEDY, text_name=text)
    if (real / "bridge.sqlite3").is_file():
        what = "{text_name} is LoRA Bridge's own folder"
        return Problem("folders.lora_bridges_own_folder", "", what, REMEDY, text_name=text)
    return None


def _home() -> Path:
    return Path(os.path.realpath(expanded("~")))


def _system_folders() -> set[Path]:
    if sys.platform == "win32":
        return {Path(os.environ[name]) for name in _WINDOWS if os.environ.get(name)}
    return {Path(os.path.realpath(folder)) for folder in _SYSTEM}


def _is_webui(folder: Path) -> bool:
    return (folder / "modules").is_dir() and (
        (folder / "webui.py").is_file() or (folder / "launch.py").is_file()
    )
