"""Why a path is no place to look for photos."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import Problem, short
from . import folders as photo_folders
from .printable import shown


def path_problems(path: Path) -> list[Problem]:
    """Why ``path`` is no place to look for photos."""
    text = short(shown(path), 300)
    try:
        wrong = _wrong(path, text)
    except (OSError, ValueError) as error:  # a name that is too long, a share that is gone, a NUL
        wrong = Problem(
            "photos.files.cant_used",
            "",
            "{text_name} can't be used: {error}",
            photo_folders.REMEDY,
            text_name=text,
            error=getattr(error, "strerror", None) or error,
        )
    return [wrong] if wrong else []


def _wrong(path: Path, text: str) -> Problem | None:
    if path.is_dir():
        return photo_folders.unfit(path, text) or _unreadable(path, text)
    if path.is_file():
        return None
    if path.exists():
        return Problem(
            "photos.files.neither_file_nor_folder",
            "",
            "{text_name} is neither a file nor a folder",
            "Give photos, or the folder that holds them.",
            text_name=text,
        )
    return Problem(
        "photos.files.exist",
        "",
        "{text_name} does not exist",
        "Check how it is spelt.",
        text_name=text,
    )


def _unreadable(folder: Path, text: str) -> Problem | None:
    if os.access(folder, os.R_OK | os.X_OK):
        return None
    what = "{text_name} can't be read (permission denied)"
    return Problem("photos.files.cant_read_permission_denied", "", what, text_name=text)
