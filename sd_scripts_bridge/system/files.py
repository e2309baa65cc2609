"""Files written whole or not at all, and whether one has changed."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

FULL_BYTES = 1_000_000
"""Less than this free, and the disk is to blame for what nothing else explains."""
HELD_SECONDS = 5.0
_HELD = (5, 32, 33)
"""Windows' numbers for "access denied", "in use" and "locked"."""


def write_json(path: Path, data: Any) -> None:
    """Write aside, then rename: a reader never sees half a file."""
    write_text(path, json.dumps(data, ensure_ascii=False, indent=1) + "\n")


def merge_json(path: Path, values: Mapping[str, Any]) -> None:
    """Set ``values`` in the JSON object at ``path``; what else it holds stays. A file that isn't
    there, or holds none, becomes one.
    """
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = {}
    write_json(path, {**(known if isinstance(known, dict) else {}), **values})


def chosen(path: Path, key: str, choices: Collection[str], usual: str) -> str:
    """Which of ``choices`` the JSON object at ``path`` has under ``key``; ``usual`` where none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))[key]
    except (OSError, ValueError, KeyError, TypeError):
        return usual
    return found if found in choices else usual


def write_text(path: Path, text: str, *, flush: bool = True) -> None:
    """Write UTF-8 aside, flush it to the disk, then rename; a power cut leaves the old file or the
    new one. Without ``flush`` only a crash of ours does: for thousands of files at once.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with aside.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        if flush:
            file.flush()
            os.fsync(file.fileno())
    replace_file(aside, path)
    if flush:
        flush_folder(path.parent)


def replace_file(source: Path, target: Path) -> None:
    """`os.replace`, tried again for a while where Windows' virus scanner or a reader
    holds a file.
    """
    deadline = time.monotonic() + HELD_SECONDS
    while True:
        try:
            os.replace(source, target)
            return
        except OSError as error:
            if getattr(error, "winerror", None) not in _HELD or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def flush_folder(folder: Path) -> None:
    """The name of a new file, too, has to reach the disk.

    Windows has no way to say that, and does it by itself.
    """
    if os.name == "nt":
        return
    with contextlib.suppress(OSError):  # some network drives refuse
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def mark(path: Path) -> str:
    """Changes when the file does; empty where there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # ValueError: a NUL in it
        return ""
    return f"{status.st_size:x}-{status.st_mtime_ns:x}"


def free_path(parent: Path, name: str, ending: str = "") -> Path:
    """``parent/name`` with its ``ending``, or with -2, -3 ... before it where that is taken."""
    paths = (parent / f"{one}{ending}" for one in numbered(name))
    return next(path for path in paths if not path.exists())


def numbered(name: str, form: str = "{name}-{number}") -> Iterator[str]:
    """``name``, then as ``form`` says from 2 on: what to call a thing whose name is taken."""
    yield name
    for number in itertools.count(2):
        yield form.format(name=name, number=number)


def folder_bytes(folder: Path) -> int:
    """What the files below ``folder`` take; what can't be read counts nothing."""
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            with contextlib.suppress(OSError):
                total += (Path(root) / name).lstat().st_size
    return total
