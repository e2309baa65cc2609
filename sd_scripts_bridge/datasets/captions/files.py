"""Captions of a folder that `dataset` made, many at once and back again: what the tab does in its
second step.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from ...errors import Conflict, Invalid, Problem
from ...photos import files as photo_files
from ...system.files import write_json, write_text
from .. import caption_text
from .. import writer as dataset_writer
from ..kohya_folder import Dataset, open_dataset
from .edits import UNDO_LEVELS, edited, heads_of, one_line

UNDO = "captions-undo.json"
"""In the dataset's root: what the captions were before each change, the newest last."""


class Caption(NamedTuple):
    """One photo's caption."""

    file: Path
    text: str


def read(folder: Path) -> list[Caption]:
    """The captions in ``folder``. Raises `Invalid`, or `Conflict` for a folder that isn't ours."""
    return [
        Caption(file, file.read_text(encoding="utf-8").strip()) for file in _files(_ours(folder))
    ]


def change(
    folder: Path, action: str, text: str, by: str = "", *, at_start: bool = False
) -> list[Caption]:
    """ "add", "remove" or "replace" ``text`` in every caption; returns those that are different now.
    Raises as `read`.
    """
    if not text.strip():
        raise Invalid(
            [
                Problem(
                    "caption_files.empty_nothing",
                    "text",
                    "is empty, so there is nothing to {action}",
                    "Write what.",
                    action=action,
                )
            ]
        )
    data = _ours(folder)
    heads = heads_of(data.subject, data.class_token)

    def edit(caption: str) -> str:
        return one_line(edited(caption, heads, action, text, by, at_start))

    changed = _rewrite(data, edit)
    if changed:
        before = {file.relative_to(data.root).as_posix(): old for file, (old, _) in changed.items()}
        write_json(data.root / UNDO, [*_levels(data.root), before][-UNDO_LEVELS:])
    return [Caption(file, new) for file, (_, new) in changed.items()]


def undo(folder: Path) -> list[Caption]:
    """The captions before the last change; returns those that are different now.

    Raises as `read`, and `Conflict` for none.
    """
    data = _ours(folder)
    levels = _levels(data.root)
    if not levels:
        raise Conflict(
            "caption_files.caption_changed_captions_nothing",
            "No caption in {root} was changed by `captions`, so there is nothing to take back.",
            root=data.root,
        )
    found = []
    for name, text in levels[-1].items():
        file = data.root / name
        if file in _files(data):
            write_text(file, text + "\n")
            found.append(Caption(file, text))
    write_json(data.root / UNDO, levels[:-1])
    return found


def _ours(folder: Path) -> Dataset:
    data = open_dataset(folder)
    if not dataset_writer.is_clean(data):
        raise Conflict(
            "caption_files.made_dataset_pictures_changed",
            "{folder} was not made by `dataset`, or its pictures have changed since: your own "
            "captions stay as they are. Make a dataset of it first.",
            folder=folder,
        )
    return data


def _files(data: Dataset) -> list[Path]:
    return [
        image.with_suffix(".txt")
        for subset in data.subsets
        for image in photo_files.find([subset.folder])
    ]


def _rewrite(data: Dataset, edit: Callable[[str], str]) -> Mapping[Path, tuple[str, str]]:
    """Write what ``edit`` makes of each caption: file -> (before, after) of those that changed.

    None becomes empty.
    """
    found = {}
    for file in _files(data):
        before = file.read_text(encoding="utf-8").strip()
        after = edit(before) or caption_text.draft(data.subject, data.class_token)
        if after != before:
            found[file] = (before, after)
    for file, (_, after) in found.items():
        write_text(file, after + "\n")
    return found


def _levels(root: Path) -> list[dict[str, str]]:
    try:
        data = json.loads((root / UNDO).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return data if isinstance(data, list) and all(isinstance(level, dict) for level in data) else []
