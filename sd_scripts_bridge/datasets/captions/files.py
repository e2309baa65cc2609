"""Captions of a folder that `dataset` made, many at once and back again: what the tab does in its
second step.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from ...errors import Conflict
from ...photos import files as photo_files
from ...system.files import write_json, write_text
from .. import caption_text
from .. import writer as dataset_writer
from ..kohya_folder import Dataset, Subset, open_dataset
from . import person, tables
from .authors import NOBODY, Author, authors
from .edits import UNDO_LEVELS, CaptionEdit, heads_of
from .tally import CaptionFilter, TallyView, tally

UNDO = "captions-undo.json"
"""In the dataset's root: what the captions were before each change, the newest last."""
EVERY = CaptionFilter()


class Caption(NamedTuple):
    """One photo's caption; ``before`` is what it was, where it was changed."""

    file: Path
    text: str
    before: str = ""


@dataclass(frozen=True)
class CaptionFolder:
    """The captions of a dataset of ours."""

    data: Dataset

    @classmethod
    def at(cls, folder: Path) -> CaptionFolder:
        """Raises `Invalid`, or `Conflict` for a folder that isn't ours."""
        data = open_dataset(folder)
        if not dataset_writer.is_clean(data):
            raise Conflict(
                "caption_files.made_dataset_pictures_changed",
                "{folder} was not made by `dataset`, or its pictures have changed since: your own "
                "captions stay as they are. Make a dataset of it first.",
                folder=folder,
            )
        return cls(data)

    @property
    def heads(self) -> list[str]:
        """What the captions may begin with, of each subject."""
        return [head for one in self.data.subsets for head in _heads_of(one)]

    def _subjects(self) -> dict[Path, Subset]:
        """Which folder's subject a folder's captions begin with."""
        return {one.folder: one for one in self.data.subsets}

    @property
    def images(self) -> list[Path]:
        """The pictures, in order."""
        return [
            image for subset in self.data.subsets for image in photo_files.find([subset.folder])
        ]

    def all(self) -> list[Caption]:
        """Every caption, in the photos' order."""
        files = [image.with_suffix(".txt") for image in self.images]
        return [Caption(file, file.read_text(encoding="utf-8").strip()) for file in files]

    def some(self, only: CaptionFilter = EVERY) -> list[Caption]:
        """Those that ``only`` means."""
        captions = self.all()
        places = only.places([caption.text for caption in captions], self.heads)
        return [captions[place] for place in places]

    def authors(self) -> dict[Path, Author]:
        """Who wrote each caption, by its file; `NOBODY` where it says no more than the name."""
        images, captions, subjects = self.images, self.all(), self._subjects()
        texts = {image: one.text for image, one in zip(images, captions, strict=True)}
        found = authors(self.data.root, texts)
        return {
            one.file: NOBODY
            if one.text in ("", *_heads_of(subjects[image.parent]))
            else found[image]
            for image, one in zip(images, captions, strict=True)
        }

    def rows(self, only: CaptionFilter = EVERY) -> list[tables.CaptionRow]:
        """Those that ``only`` means, as a table has them."""
        files = [image.with_suffix(".txt") for image in self.images]
        names, who = dict(zip(files, self.names, strict=True)), self.authors()
        return [
            tables.CaptionRow(names[one.file], one.text, who[one.file].by)
            for one in self.some(only)
        ]

    def tally(self) -> TallyView:
        return tally([caption.text for caption in self.all()], self.heads)

    def person_words(self) -> list[person.PersonWord]:
        """What belongs to the person in all of them."""
        return person.words([caption.text for caption in self.all()])

    def change(
        self, edit: CaptionEdit, only: CaptionFilter = EVERY, *, dry_run: bool = False
    ) -> list[Caption]:
        """Do it to those that ``only`` means; returns what is different then. None becomes empty.

        ``dry_run``: write nothing. Raises `Invalid` where there is nothing to do.
        """
        if edit.action == "person" and edit.words is None:
            edit = replace(edit, words=self.person_words())
        edit.check()
        captions, subjects = self.some(only), self._subjects()
        heads = [_heads_of(subjects[caption.file.parent]) for caption in captions]
        edited = edit.of([caption.text for caption in captions], heads)
        changed = [
            Caption(caption.file, after or own[0], caption.text)
            for caption, after, own in zip(captions, edited, heads, strict=True)
            if (after or own[0]) != caption.text
        ]
        if not dry_run:
            self._write(changed)
        return changed

    @property
    def names(self) -> list[str]:
        """What a table calls the pictures."""
        return tables.names_of(self.images)

    def bring(self, brought: tables.Brought, *, dry_run: bool = False) -> list[Caption]:
        """Captions of a table for `names`, their beginning repaired."""
        captions, changed, subjects = self.all(), list[Caption](), self._subjects()
        for place, said in brought.captions.items():
            file, before, _ = captions[place]
            own = subjects[file.parent]
            after = caption_text.repair(said, own.subject, own.words).text
            if after != before:
                changed.append(Caption(file, after, before))
        if not dry_run:
            self._write(changed)
        return changed

    def undo(self) -> list[Caption]:
        """The captions before the last change; returns those that are different now.

        Raises `Conflict` for none.
        """
        history = _History.of(self.data.root)
        if not history.undo:
            raise Conflict(
                "caption_files.caption_changed_captions_nothing",
                "No caption in {root} was changed by `captions`, so there is nothing to undo.",
                root=self.data.root,
            )
        return self._go(history, history.undo.pop(), history.redo)

    def redo(self) -> list[Caption]:
        """The captions before the last undo. Raises `Conflict` for none."""
        history = _History.of(self.data.root)
        if not history.redo:
            text = "Nothing was undone in {root}, so there is nothing to redo."
            raise Conflict("caption_files.nothing_undone", text, root=self.data.root)
        return self._go(history, history.redo.pop(), history.undo)

    def _go(
        self, history: _History, level: Mapping[str, str], other: list[Mapping[str, str]]
    ) -> list[Caption]:
        """The captions of ``level``; those that they replace become the newest of ``other``."""
        now = {caption.file: caption.text for caption in self.all()}
        found = []
        for name, text in level.items():
            file = self.data.root / name
            if file in now:
                write_text(file, text + "\n", flush=False)
                found.append(Caption(file, text, now[file]))
        other.append({self._name(caption.file): caption.before for caption in found})
        history.write()
        return found

    def _write(self, changed: Sequence[Caption]) -> None:
        if not changed:
            return
        for caption in changed:
            write_text(caption.file, caption.text + "\n", flush=False)
        history = _History.of(self.data.root)
        history.undo.append({self._name(caption.file): caption.before for caption in changed})
        history.redo.clear()
        history.write()

    def _name(self, file: Path) -> str:
        return file.relative_to(self.data.root).as_posix()


def _heads_of(one: Subset) -> tuple[str, str]:
    return heads_of(one.subject, one.class_token)


class _History:
    """What captions were before each change, and before each undo: file below the root -> text."""

    def __init__(
        self, path: Path, undo: list[Mapping[str, str]], redo: list[Mapping[str, str]]
    ) -> None:
        self.path, self.undo, self.redo = path, undo, redo

    @classmethod
    def of(cls, root: Path) -> _History:
        """Until 0.1.0 the file held the list of changes alone."""
        try:
            data = json.loads((root / UNDO).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            data = None
        parts = data if isinstance(data, dict) else {"undo": data}
        return cls(root / UNDO, _levels(parts.get("undo")), _levels(parts.get("redo")))

    def write(self) -> None:
        write_json(self.path, {"undo": self.undo[-UNDO_LEVELS:], "redo": self.redo[-UNDO_LEVELS:]})


def _levels(data: object) -> list[Mapping[str, str]]:
    found = data if isinstance(data, list) else []
    return found if all(isinstance(level, dict) for level in found) else []
