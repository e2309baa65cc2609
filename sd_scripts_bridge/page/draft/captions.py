"""Captions of a draft: what each photo's is now, and the changes that are made to many at once."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...datasets import caption_text, caption_tokens
from ...datasets.captions.edits import edited, heads_of, joined, one_line
from ...errors import Invalid, Problem

if TYPE_CHECKING:
    from .check import Verdicts
    from .state import DraftPhoto, State

_NAME_AND_CLASS, _NAME = "\x01", "\x02"
"""What a kept caption begins with instead of the name; no caption can hold such a character."""


def caption_of(item: DraftPhoto, state: State, judged: Verdicts) -> str:
    """What this photo will be trained with: the user's words, else those beside it, else the name
    and the class.
    """
    if item.caption is not None:
        return _spoken(item.caption, state) or caption_text.draft(state.name, state.class_token)
    seen = judged.seen.get(item.id)
    return _beside(
        seen.finding.caption if seen else None,
        state.name,
        caption_text.draft(state.name, state.class_token),
    )


@functools.lru_cache(maxsize=20_000)
def _beside(raw: bytes | None, name: str, fallback: str) -> str:
    return fallback if raw is None else caption_text.repair(raw, name, fallback).text


@functools.lru_cache(maxsize=20_000)
def counted(text: str) -> tuple[int, int | None]:
    """(words, CLIP tokens, None where they can't be counted)."""
    return caption_text.words(text), caption_tokens.count_tokens(text)


def bound(text: str, state: State) -> str:
    """``text`` as it is kept: a beginning that is the name stays the name's, so that it follows
    when that is changed.
    """
    head = caption_text.draft(state.name, state.class_token)
    for mark, begin in ((_NAME_AND_CLASS, head), (_NAME, state.name)):
        if caption_text.begins_with_name(text, begin):
            return mark + text[len(begin) :]
    return text


def _spoken(kept: str, state: State) -> str:
    heads = {_NAME_AND_CLASS: caption_text.draft(state.name, state.class_token), _NAME: state.name}
    if kept[:1] not in heads:
        return kept
    head = heads[kept[0]]
    return head + kept[1:] if head else kept[1:].lstrip(" ,")


def bulk(
    state: State, judged: Verdicts, action: str, text: str, by: str = "", *, at_start: bool = False
) -> State:
    """``action`` on every photo that can be read; one step for undo. Raises `Invalid`."""
    text = " ".join(text.split()) if action != "replace" else text
    if action in ("add", "remove", "replace") and not text:
        raise Invalid(
            [
                Problem(
                    "captions.empty_nothing",
                    "text",
                    "is empty, so there is nothing to {action}",
                    "Write what.",
                    action=action,
                )
            ]
        )
    changed: dict[int, str | None] = {}
    for item in state.items:
        seen = judged.seen.get(item.id)
        if seen and seen.finding.photo is None:
            continue
        before = caption_of(item, state, judged)
        after = edited(before, heads_of(state.name, state.class_token), action, text, by, at_start)
        if after != before:
            changed[item.id] = bound(one_line(after), state)
    return state.with_captions(changed)


def undrafted(state: State, judged: Verdicts) -> Mapping[int, str]:
    """The photos that can be used and have no words of their own yet, with what they say now."""
    bare = {"", state.name, caption_text.draft(state.name, state.class_token)}
    found = {}
    for item in state.items:
        seen = judged.seen.get(item.id)
        text = caption_of(item, state, judged)
        if text in bare and not (seen and seen.finding.photo is None):
            found[item.id] = text
    return found


def drafted(state: State, description: str) -> str:
    """The name, the class, and a description; what the description says of them itself is not
    doubled.
    """
    return bound(
        joined([caption_text.draft(state.name, state.class_token), one_line(description)]), state
    )
