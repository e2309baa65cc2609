"""Verbs for captions: caption, captions."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from dataclasses import asdict
from pathlib import Path

from ...bridge import Bridge
from ...captioning.captioner import ASPECTS, Captioner, named
from ...captioning.request import CaptionRequest
from ...datasets import caption_text
from ...datasets.captions.edits import CaptionEdit
from ...datasets.captions.files import Caption, CaptionFolder
from ...datasets.captions.tables import FORMS, Brought, read, written
from ...datasets.captions.tally import CaptionFilter
from ...errors import BridgeError, Invalid
from ...jobs import facts
from ..output import OK, USAGE, counted, refuse, show
from ..pages import PROGRAM
from .training import follow_to_end, say_queued


def caption(bridge: Bridge, options: argparse.Namespace) -> int:
    """Queue the captioner and follow it."""
    if options.ask_key and options.detach:
        sentence = "--ask-key holds the key here, so it doesn't go with --detach."
        return refuse(sentence, as_json=options.json, code=USAGE)
    asked = CaptionRequest(
        options.photos, _captioner(options), options.name, options.class_token, options.again
    )
    key = getpass.getpass("Key (it is written nowhere): ") if options.ask_key else ""
    number = bridge.caption(asked, key)
    say_queued(bridge, number, options)
    if options.detach:
        return OK
    code = follow_to_end(bridge, number, options)
    _say_reasons(bridge, number, options)
    return code


def _captioner(options: argparse.Namespace) -> Captioner:
    aspects = {name: getattr(options, name) for name in ASPECTS}
    prompt = ""
    if options.prompt:
        try:
            prompt = options.prompt.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            text = "{file} is not UTF-8 text: save the prompt as UTF-8."
            raise BridgeError("caption.prompt_file", text, file=options.prompt) from error
    aspects = {name: text for name, text in aspects.items() if text}
    return named(options.with_, options.model, prompt, aspects)


def _say_reasons(bridge: Bridge, number: int, options: argparse.Namespace) -> None:
    """What has no caption, and why; the events have said the first of them already."""
    answer = facts.read(bridge.folder(number).result)
    if options.json and answer:
        print(json.dumps({"type": "captions", **answer}, ensure_ascii=False), flush=True)
    elif answer.get("reasons"):
        left = counted(len(answer["reasons"]), "photo")
        text = f"{left} without a caption; {PROGRAM} resume {number} tries again."
        print(text, file=sys.stderr)


def captions(bridge: Bridge, options: argparse.Namespace) -> int:
    """List them, count them, or change many at once."""
    done = _asked(options)
    if len(done) > 1:
        sentence = f"Give only one of {', '.join(done)}."
        return refuse(sentence, as_json=options.json, code=USAGE)
    folder, only = bridge.captions(options.folder), _only(options)
    if options.tags or (options.person and options.remove is None):
        return _tally(folder, options)
    if options.export:
        return _exported(folder, only, options)
    if not done:
        return _listed(folder, only, options)
    changed = _changed(folder, only, options)
    return _told(len(folder.some(only)), changed, options)


CHANGES = ("add", "remove", "replace", "front", "dedupe", "import_", "undo", "redo")


def _asked(options: argparse.Namespace) -> list[str]:
    """The changes that are asked for; --person belongs to --remove."""
    given = [name for name in CHANGES if getattr(options, name) not in (None, False)]
    return [f"--{name.rstrip('_')}" for name in given]


def _only(options: argparse.Namespace) -> CaptionFilter:
    return CaptionFilter(
        options.search, options.tag, options.without_words, options.over, options.alike
    )


def _changed(
    folder: CaptionFolder, only: CaptionFilter, options: argparse.Namespace
) -> list[Caption]:
    if options.undo or options.redo:
        return folder.undo() if options.undo else folder.redo()
    if options.import_:
        brought = _brought(options.import_, folder)
        for note in brought.notes:
            print(note, file=sys.stderr)
        return folder.bring(brought, dry_run=options.dry_run)
    return folder.change(_edit(options), only, dry_run=options.dry_run)


def _brought(file: Path, folder: CaptionFolder) -> Brought:
    """What the file says. Raises `Invalid`, naming it."""
    try:
        return read(caption_text.decoded(file.read_bytes()), _form(file), folder.names)
    except Invalid as error:
        raise Invalid([problem.at(file.name) for problem in error.problems]) from error


def _edit(options: argparse.Namespace) -> CaptionEdit:
    if options.remove is not None and options.person:
        return CaptionEdit("person")
    if options.remove is not None:
        return CaptionEdit("remove", options.remove)
    if options.replace:
        old, new = options.replace
        return CaptionEdit("replace", old, new, pattern=options.regex)
    if options.front is not None:
        return CaptionEdit("front", options.front)
    if options.dedupe:
        return CaptionEdit("dedupe")
    return CaptionEdit("add", options.add, at_start=options.at_start)


def _form(file: Path) -> str:
    """The form of a table, by its ending. Raises `BridgeError`."""
    form = file.suffix.lower().lstrip(".")
    if form not in FORMS:
        text = "{file} has to end in .txt, .csv or .json."
        raise BridgeError("captions.no_form", text, file=file)
    return form


def _exported(folder: CaptionFolder, only: CaptionFilter, options: argparse.Namespace) -> int:
    to, rows = options.export, folder.rows(only)
    to.write_bytes(written(rows, _form(to)).encode())
    told = {"export": str(to.absolute()), "form": _form(to), "captions": len(rows)}
    show(options, told, [f"{counted(len(rows), 'caption')} written to {to}."])
    return OK


def _listed(folder: CaptionFolder, only: CaptionFilter, options: argparse.Namespace) -> int:
    found, authors = folder.some(only), folder.authors()
    rows = [
        {
            "file": str(caption.file),
            "text": caption.text,
            "by": authors[caption.file].by,
            "edited": authors[caption.file].edited,
        }
        for caption in found
    ]
    show(options, {"captions": rows}, [f"{one.file.name}: {one.text}" for one in found])
    return OK


def _told(total: int, changed: list[Caption], options: argparse.Namespace) -> int:
    rows = [{"file": str(one.file), "text": one.text, "before": one.before} for one in changed]
    would = "would change" if options.dry_run else "changed"
    end = f"{len(changed)} of {counted(total, 'caption')} {would}."
    lines = [f"{one.file.name}: {one.text}" for one in changed]
    show(options, {"captions": rows, "dry_run": options.dry_run}, [*lines, end])
    return OK


def _tally(folder: CaptionFolder, options: argparse.Namespace) -> int:
    """What belongs to the person, and what should be said; with --tags every tag."""
    found = folder.tally()
    lines = [f"{tag.count:>5}  {tag.text}" for tag in found.tags] if options.tags else []
    if options.person:
        lines += [f"{word.count:>5}  {word.text} ({word.kind})" for word in found.person]
        lines += [
            f"{counted(count, 'caption')} without a word about {what}"
            for what, count in found.asked_for.items()
        ]
        lines.append(
            f"`{PROGRAM} captions FOLDER --person --remove` removes "
            f"{counted(len(found.person), 'phrase')}."
            if found.person
            else "Nothing in these captions belongs to the person."
        )
    show(options, asdict(found), lines)
    return OK
