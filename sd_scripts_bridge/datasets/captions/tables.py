"""Captions as text, CSV or JSON, out and in again."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from ...errors import Invalid, Problem
from .edits import one_line

FORMS = ("txt", "csv", "json")
MOST_BYTES = 20_000_000


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


def read(text: str, form: str, files: Sequence[str]) -> dict[int, str]:
    """Place in ``files`` -> its caption. Lines of "txt" are for ``files`` in order, an empty one
    leaves its photo alone; rows of the others go by the file's name, with or without its ending.

    Raises `Invalid` where it can't be read, or names none of the files.
    """
    if form == "txt":
        return _by_order(text.lstrip("\ufeff").splitlines(), files)
    rows = _json(text) if form == "json" else _csv(text)
    found: dict[int, str] = {}
    places = _places(files)
    for file, caption in rows:
        place = places.get(PurePath(file).name, places.get(PurePath(file).stem))
        if place is not None and one_line(caption):
            found[place] = one_line(caption)
    if not found:
        problem = Problem(
            "tables.no_file",
            "text",
            "names none of these photos",
            "Its rows need file and caption.",
        )
        raise Invalid([problem])
    return found


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
    """File name, and its stem where only one file has it -> place."""
    stems: dict[str, list[int]] = {}
    for place, file in enumerate(files):
        stems.setdefault(PurePath(file).stem, []).append(place)
    alone = {stem: places[0] for stem, places in stems.items() if len(places) == 1}
    return {**alone, **{PurePath(file).name: place for place, file in enumerate(files)}}


def _csv(text: str) -> list[tuple[str, str]]:
    try:
        rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"), newline="")))
    except csv.Error as error:
        raise _unreadable("CSV", error) from error
    return [(row.get("file") or "", row.get("caption") or "") for row in rows]


def _json(text: str) -> list[tuple[str, str]]:
    """A list of objects with file and caption, or one object of file: caption."""
    try:
        data = json.loads(text)
        if isinstance(data, dict):
            return [(str(file), str(caption)) for file, caption in data.items()]
        return [(str(row["file"]), str(row["caption"])) for row in data]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise _unreadable("JSON", error) from error


def _unreadable(form: str, error: Exception) -> Invalid:
    text = "can't be read as {form}: {error}"
    said = " ".join(str(error).split())[:200] or type(error).__name__
    return Invalid([Problem("tables.unreadable", "text", text, form=form, error=said)])
