"""A new folder: why it can't be there, and written aside so that nothing half-made is ever seen."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...errors import BridgeError, Problem
from ...photos.printable import shown

_STALE_SECONDS = 24 * 60 * 60


def place_problems(out: Path, paths: Sequence[Path]) -> list[Problem]:
    """Why a dataset made of the photos in ``paths`` can't be written to ``out``."""
    text = shown(out)
    if out.exists() and not out.is_dir():
        return [
            Problem(
                "datasets.writer.file",
                "out",
                "{text_name} is a file",
                "Choose a new folder.",
                text_name=repr(text),
            )
        ]
    if out.is_dir() and any(out.iterdir()):
        return [
            Problem(
                "datasets.writer.empty",
                "out",
                "{text_name} is not empty",
                "Choose a new folder; nothing is overwritten.",
                text_name=repr(text),
            )
        ]
    for folder in (path.resolve() for path in paths if path.is_dir()):
        if out.resolve() == folder or folder in out.resolve().parents:
            return [
                Problem(
                    "datasets.writer.lies_photos_own_folder",
                    "out",
                    "{text_name} is inside the photos' own folder",
                    "Choose a folder outside it.",
                    text_name=repr(text),
                )
            ]
    return []


@contextlib.contextmanager
def written_aside(out: Path) -> Iterator[Path]:
    """A new folder beside ``out`` that becomes ``out`` if all goes well, and vanishes if not."""
    prefix = f".{out.name[:50]}."
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(out.parent, prefix)
        aside = out.with_name(f"{prefix}{os.getpid()}-{time.monotonic_ns()}.part")
        aside.mkdir()
        try:
            yield aside
            if out.is_dir():
                out.rmdir()
            os.replace(aside, out)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise BridgeError(
            "datasets.writer.cant_write",
            "Can't write {shown}: {strerror}.",
            shown=repr(shown(out)),
            strerror=error.strerror or error,
        ) from error


def _remove_stale(parent: Path, prefix: str) -> None:
    """What a kill left of an earlier attempt, once it is surely nobody's."""
    for folder in parent.iterdir():
        left = folder.name.startswith(prefix) and folder.name.endswith(".part")
        if left and time.time() - folder.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
