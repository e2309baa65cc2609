"""Verbs for captions: caption, captions."""

from __future__ import annotations

import argparse
import getpass
import json
import sys

from ...bridge import Bridge
from ...captioning.captioner import ASPECTS, Captioner, named
from ...captioning.request import CaptionRequest
from ...errors import BridgeError
from ...jobs import facts
from ..output import OK, USAGE, counted, refuse, show
from ..pages import PROGRAM
from .training import follow_to_end


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
    if options.json:
        print(json.dumps({"type": "queued", "job": number}), flush=True)
    else:
        print(f"Job {number}: {bridge.job(number).title}", flush=True)
    if options.detach:
        if not options.json:
            print(f"Follow it: {PROGRAM} watch {number}")
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
            text = "{file} is not UTF-8 text: write the prompt as such."
            raise BridgeError("caption.prompt_file", text, file=options.prompt) from error
    aspects = {name: text for name, text in aspects.items() if text}
    return named(options.with_, options.model, prompt, aspects)


def _say_reasons(bridge: Bridge, number: int, options: argparse.Namespace) -> None:
    """What has no caption, and why; the events have said the first of them already."""
    answer = facts.read(bridge.folder(number).result)
    if options.json and answer:
        print(json.dumps({"type": "captions", **answer}, ensure_ascii=False), flush=True)
    elif answer.get("reasons"):
        text = f"{counted(len(answer['reasons']), 'photo')} without a caption of its own; "
        print(text + f"{PROGRAM} resume {number} tries them again.", file=sys.stderr)


def captions(bridge: Bridge, options: argparse.Namespace) -> int:
    actions = {
        "add": options.add,
        "remove": options.remove,
        "replace": options.replace,
        "undo": options.undo or None,
    }
    given = {name: value for name, value in actions.items() if value is not None}
    if len(given) > 1:
        sentence = "Give only one of --add, --remove, --replace and --undo."
        return refuse(sentence, as_json=options.json, code=USAGE)
    found = bridge.captions(options.folder)
    if given:
        ((action, value),) = given.items()
        words = value if action == "replace" else ["" if action == "undo" else value]
        count, found = (
            len(found),
            bridge.change_captions(options.folder, action, *words, at_start=options.at_start),
        )
    lines = [f"{caption.file.name}: {caption.text}" for caption in found]
    data = {"captions": [{"file": str(caption.file), "text": caption.text} for caption in found]}
    show(
        options,
        data,
        [*lines, *([f"{len(found)} of {counted(count, 'caption')} changed."] if given else [])],
    )
    return OK
