"""Captions of a draft: what each photo's is now, and the changes that are made to many at once."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from . import captions, clip_vocabulary
from .errors import Invalid, Problem

if TYPE_CHECKING:
    from .draft_check import Judged
    from .draft_state import Item, State

_NAME_AND_CLASS, _NAME = "\x01", "\x02"
"""What a kept caption begins with instead of the name; no caption can hold such a character."""
ACTIONS = ("draft", "add", "remove", "replace", "undo")


def one_line(text: str) -> str:
    """``text`` as a caption can be: one line without invisible characters; empty where there are no words."""
    return captions.repair(text, "", "").text


def caption_of(item: Item, state: State, judged: Judged) -> str:
    """What this photo will be trained with: the user's words, else those beside it, else the name and the class."""
    if item.caption is not None:
        return _spoken(item.caption, state) or captions.draft(state.name, state.class_token)
    seen = judged.seen.get(item.id)
    return _beside(seen.finding.caption if seen else None, state.name, captions.draft(state.name, state.class_token))


@functools.lru_cache(maxsize=20_000)
def _beside(raw: bytes | None, name: str, fallback: str) -> str:
    return fallback if raw is None else captions.repair(raw, name, fallback).text


@functools.lru_cache(maxsize=20_000)
def counted(text: str) -> tuple[int, int | None]:
    """(words, CLIP tokens, None where they can't be counted)."""
    return captions.words(text), clip_vocabulary.count_tokens(text)


def bound(text: str, state: State) -> str:
    """``text`` as it is kept: a beginning that is the name stays the name's, so that it follows when that is changed."""
    head = captions.draft(state.name, state.class_token)
    for mark, begin in ((_NAME_AND_CLASS, head), (_NAME, state.name)):
        if captions.begins_with_name(text, begin):
            return mark + text[len(begin):]
    return text


def _spoken(kept: str, state: State) -> str:
    heads = {_NAME_AND_CLASS: captions.draft(state.name, state.class_token), _NAME: state.name}
    if kept[:1] not in heads:
        return kept
    head = heads[kept[0]]
    return head + kept[1:] if head else kept[1:].lstrip(" ,")


# ---- many at once ----


def added(caption: str, text: str, at_start: bool, state: State) -> str:
    """``text`` behind the name, or at the end; where it is already, nothing changes."""
    if text.casefold() in (part.casefold() for part in _parts(caption)):
        return caption
    if not at_start:
        return _joined([caption, text])
    for head in (captions.draft(state.name, state.class_token), state.name):
        if captions.begins_with_name(caption, head):
            return _joined([head, text, caption[len(head):]])
    return _joined([text, caption])


def removed(caption: str, text: str) -> str:
    """Without ``text``: the parts between commas that are it, else wherever it stands as words."""
    parts = _parts(caption)
    kept = [part for part in parts if part.casefold() != text.casefold()]
    if len(kept) < len(parts):
        return ", ".join(kept)
    return _tidy(re.sub(_words(text), "", caption, flags=re.IGNORECASE))


def replaced(caption: str, text: str, by: str) -> str:
    return _tidy(caption.replace(text, by))


def _words(text: str) -> str:
    begin = r"(?<!\w)" if re.match(r"\w", text) else ""
    end = r"(?!\w)" if re.search(r"\w$", text) else ""
    return begin + re.escape(text) + end


def _parts(caption: str) -> list[str]:
    return [part.strip() for part in caption.split(",") if part.strip()]


def _joined(parts: list[str]) -> str:
    return ", ".join(part for part in (part.strip().strip(",").strip() for part in parts) if part)


def _tidy(text: str) -> str:
    """No doubled spaces, no commas without words between them."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s*,(?:\s*,)+", ",", text)
    return re.sub(r"\s+([,.;])", r"\1", text).strip().strip(",").strip()


def bulk(state: State, judged: Judged, action: str, text: str, by: str = "", *, at_start: bool = False) -> State:
    """``action`` on every photo that can be read; one step for undo. Raises `Invalid`."""
    text = " ".join(text.split()) if action != "replace" else text
    if action in ("add", "remove", "replace") and not text:
        raise Invalid([Problem("text", f"is empty, so there is nothing to {action}", "Write what.")])
    changed: dict[int, str | None] = {}
    for item in state.items:
        seen = judged.seen.get(item.id)
        if seen and seen.finding.photo is None:
            continue
        before = caption_of(item, state, judged)
        after = edited(before, state, action, text, by, at_start)
        if after != before:
            changed[item.id] = bound(one_line(after), state)
    return state.with_captions(changed)


def edited(caption: str, state: State, action: str, text: str, by: str, at_start: bool) -> str:
    """``caption`` after "add", "remove" or "replace"; ``state`` knows the names that it may begin with."""
    if action == "add":
        return added(caption, text, at_start, state)
    return removed(caption, text) if action == "remove" else replaced(caption, text, by)


def undrafted(state: State, judged: Judged) -> Mapping[int, str]:
    """The photos that can be used and have no words of their own yet, with what they say now."""
    bare = {"", state.name, captions.draft(state.name, state.class_token)}
    found = {}
    for item in state.items:
        seen = judged.seen.get(item.id)
        text = caption_of(item, state, judged)
        if text in bare and not (seen and seen.finding.photo is None):
            found[item.id] = text
    return found


def drafted(state: State, description: str) -> str:
    """The name, the class, and a description; what the description says of them itself is not doubled."""
    return bound(_joined([captions.draft(state.name, state.class_token), one_line(description)]), state)
