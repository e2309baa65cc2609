"""Captions as text, CSV or JSON, out and in again."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from ...errors import Invalid, Problem
from ...messages import Message
from ...photos.printable import shown
from .edits import one_line

FORMS = ("txt", "csv", "json")
_FILE, _CAPTION = ("file", "file_name", "filename"), ("caption", "text")
"""What the columns are called: by us, by Hugging Face's datasets, by others."""


@dataclass(frozen=True)
class CaptionRow:
    """One photo's caption, and who wrote it."""

    file: str
    caption: str
    by: str = ""


def written(rows: Sequence[CaptionRow], form: str) -> str:
    """``rows`` as a text: "txt" is a caption a line in the photos' order, "csv" has file, caption
    and by, "json" a list of such objects.
    """
    if form == "txt":
        return "".join(row.caption + "\n" for row in rows)
    if form == "json":
        told = [{"file": row.file, "caption": row.caption, "by": row.by} for row in rows]
        return json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["file", "caption", "by"])
    writer.writerows([row.file, row.caption, row.by] for row in rows)
    return out.getvalue()


def names_of(photos: Sequence[Path]) -> list[str]:
    """What a table calls each photo: its name, with its folder's where another has the same."""
    count = Counter(photo.name for photo in photos)
    return [
        photo.name if count[photo.name] == 1 else f"{photo.parent.name}/{photo.name}"
        for photo in photos
    ]


class Brought(NamedTuple):
    """What a table says: place -> caption, and the files of its rows that aren't here."""

    captions: Mapping[int, str]
    strangers: Sequence[str] = ()

    @property
    def notes(self) -> tuple[Message, ...]:
        """What a user should know of it."""
        if not self.strangers:
            return ()
        text = "{count} {count:row names|rows name} no photo here, or several: {names}."
        names = ", ".join(shown(name) or "-" for name in self.strangers[:5])
        return (Message("tables.strangers", text, count=len(self.strangers), names=names),)


def read(text: str, form: str, files: Sequence[str]) -> Brought:
    """The captions for ``files`` (`names_of`). Lines of "txt" are for them in order, an empty one
    leaves its photo alone; rows of the others go by the file's name, with or without its ending.

    Raises `Invalid` where it can't be read, or names none of the files.
    """
    text = text.lstrip("\ufeff")
    if form == "txt":
        return Brought(_by_order(text.splitlines(), files))
    rows = _json(text) if form == "json" else _csv(text)
    found: dict[int, str] = {}
    places, strangers = _places(files), []
    for file, caption in rows:
        place = _place(file, places)
        if place is None:
            strangers.append(file)
        elif one_line(caption):
            found[place] = one_line(caption)
    if not found:
        problem = Problem(
            "tables.no_file",
            "text",
            "names none of these photos",
            "Its rows need file and caption.",
        )
        raise Invalid([problem])
    return Brought(found, strangers)


def _by_order(lines: Sequence[str], files: Sequence[str]) -> dict[int, str]:
    lines = [*lines]
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) > len(files) or not lines:
        raise Invalid(
            [
                Problem(
                    "tables.lines",
                    "text",
                    "has {lines} {lines:line|lines} for {files} {files:photo|photos}",
                    "Give one caption per line, in the order of the photos.",
                    lines=len(lines),
                    files=len(files),
                )
            ]
        )
    return {place: one_line(line) for place, line in enumerate(lines) if one_line(line)}


def _places(files: Sequence[str]) -> Mapping[str, int]:
    """What a row may call a file -> its place; what several are called names none."""
    called: dict[str, list[int]] = {}
    for place, file in enumerate(files):
        path = PurePosixPath(file)
        for name in {file, path.name, str(path.with_suffix("")), path.stem}:
            called.setdefault(name, []).append(place)
    return {name: places[0] for name, places in called.items() if len(places) == 1}


def _place(file: str, places: Mapping[str, int]) -> int | None:
    """The file's place by its folder and name, else by its name, else without its ending."""
    path = PurePosixPath(file.strip().replace("\\", "/"))
    with_folder = PurePosixPath(path.parent.name, path.name)
    names = (with_folder, path.name, with_folder.with_suffix("") if path.name else "", path.stem)
    return next((places[str(name)] for name in names if str(name) in places), None)


def _csv(text: str) -> list[tuple[str, str]]:
    """With commas, or as spreadsheets write it: with semicolons or tabs."""
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise _unreadable("CSV", error) from error
    return [_row(row) for row in rows]


def _json(text: str) -> list[tuple[str, str]]:
    """A list of objects with file and caption, or one object of file: caption, or of file: object
    with a caption, as sd-scripts' metadata.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable("JSON", error) from error
    if isinstance(data, dict):
        data = [{"file": file, **_fields(said)} for file, said in data.items()]
    if not isinstance(data, list):
        return []
    return [_row(_fields(row)) for row in data]


def _fields(said: Any) -> dict[str, Any]:
    return said if isinstance(said, dict) else {"caption": said}


def _row(row: Mapping[Any, Any]) -> tuple[str, str]:
    """(file, caption); empty where it is no text."""
    known = {key.strip().casefold(): row[key] for key in row if isinstance(key, str)}
    file, caption = (
        next((known[name] for name in names if isinstance(known.get(name), str)), "")
        for names in (_FILE, _CAPTION)
    )
    return file, caption


def _unreadable(form: str, error: Exception) -> Invalid:
    text = "can't be read as {form}: {error}"
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return Invalid([Problem("tables.unreadable", "text", text, form=form, error=said)])
