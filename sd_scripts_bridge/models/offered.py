"""The base models that the page offers: what each is, read once a file, and the one that was
chosen.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..errors import Invalid, Problem
from ..system.files import mark
from . import checkpoint
from .checkpoint import Base


class BaseFile(NamedTuple):
    """A base model: what the host's list calls it, and where it is."""

    title: str
    path: Path


class Look(NamedTuple):
    """What a file is: a base to train on, or why not."""

    base: Base | None
    problems: tuple[Problem, ...] = ()


def look(path: Path) -> Look:
    """From the file's header, read again only when the file changes."""
    return _look(path, mark(path))


@functools.lru_cache(maxsize=1000)
def _look(path: Path, _mark: str) -> Look:
    try:
        return Look(checkpoint.read(path))
    except Invalid as error:
        return Look(None, error.problems)


def in_folder(folder: Path) -> list[BaseFile]:
    """Every .safetensors below ``folder``, under its path there;
    for a page without a WebUI's list.
    """
    files = sorted(folder.rglob("*.safetensors")) if folder.is_dir() else []
    return [BaseFile(file.relative_to(folder).as_posix(), file) for file in files]


def find(title: str, offered: Sequence[BaseFile], *, local: bool) -> Path | None:
    """The file of that title; where the page is local also a path of one's own.

    None: there is none.
    """
    found = next((Path(base.path) for base in offered if base.title == title), None)
    if found is None and local and Path(title).is_absolute():
        return Path(title)  # whatever it is, `look` has the sentence
    return found
