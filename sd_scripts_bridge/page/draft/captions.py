"""Captions of a draft: what each photo's is now, and the changes that are made to many at once."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ...datasets import caption_text, caption_tokens
from ...datasets.captions import person
from ...datasets.captions.authors import HAND
from ...datasets.captions.draft import composed
from ...datasets.captions.edits import CaptionEdit, heads_of
from .state import DraftPhoto, State, Words

if TYPE_CHECKING:
    from .check import Verdicts

_NAME_AND_CLASS, _NAME = "\x01", "\x02"
"""What a kept caption begins with instead of the name; no caption can hold such a character."""


def caption_of(item: DraftPhoto, state: State, judged: Verdicts) -> str:
    """What this photo will be trained with: the user's words, else those beside it, else the name
    and the class.
    """
    state = state.of(item)
    if item.caption is not None:
        return _spoken(item.caption, state) or caption_text.draft(state.name, state.class_token)
    seen = judged.seen.get(item.id)
    return _beside(
        seen.finding.caption if seen else None,
        state.name,
        caption_text.draft(state.name, state.class_token),
    )


def by_of(item: DraftPhoto, judged: Verdicts) -> str:
    """Who wrote the photo's caption: a captioner's name, "hand", "file" (it lay beside the photo),
    or "" where it has none of its own.
    """
    seen = judged.seen.get(item.id)
    beside = bool(seen and seen.finding.caption)
    return item.by or (HAND if item.caption is not None else "file" if beside else "")


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


def changes(
    state: State, judged: Verdicts, edit: CaptionEdit, photos: Collection[int] | None = None
) -> dict[int, tuple[str, str]]:
    """What ``edit`` makes of the captions of these photos, all where None: number -> (before,
    after) of those that differ. Raises `Invalid` where there is nothing to do.
    """
    readable = {i.id: caption_of(i, state, judged) for i in state.items if _reads(i, judged)}
    if edit.action == "person" and edit.words is None:
        edit = replace(edit, words=person.words(readable.values()))
    edit.check()
    items = {item.id: item for item in state.items}
    wanted = [pid for pid in readable if photos is None or pid in photos]
    subjects = [state.of(items[pid]) for pid in wanted]
    heads = [heads_of(own.name, own.class_token) for own in subjects]
    edited = edit.of([readable[pid] for pid in wanted], heads)
    return {
        pid: (readable[pid], after or own[0])
        for pid, after, own in zip(wanted, edited, heads, strict=True)
        if (after or own[0]) != readable[pid]
    }


def bulk(
    state: State, judged: Verdicts, edit: CaptionEdit, photos: Collection[int] | None = None
) -> State:
    """The state after `changes`; one step for undo. Raises `Invalid`."""
    found = changes(state, judged, edit, photos)
    return by_hand(state, {pid: after for pid, (_, after) in found.items()})


def by_hand(state: State, captions: Mapping[int, str | None]) -> State:
    """Captions that the user has written, or has made of others."""
    kept = {
        item.id: None if (text := captions[item.id]) is None else bound(text, state.of(item))
        for item in state.items
        if item.id in captions
    }
    return state.with_captions({i.id: i.by_hand(kept[i.id]) for i in state.items if i.id in kept})


def _reads(item: DraftPhoto, judged: Verdicts) -> bool:
    """Whether it can be read as a photo, as far as it was looked at."""
    seen = judged.seen.get(item.id)
    return not (seen and seen.finding.photo is None)


def undrafted(
    state: State,
    judged: Verdicts,
    photos: Collection[int] | None = None,
    *,
    again: bool = False,
) -> list[int]:
    """Of these photos, all where None, those that can be used and have no words of their own yet;
    ``again``: also those that a captioner described, and nobody has changed since.
    """
    return [
        item.id
        for item in state.items
        if (photos is None or item.id in photos)
        and _reads(item, judged)
        and (_is_bare(item, state, judged) or (again and _is_captioners(item)))
    ]


def _is_bare(item: DraftPhoto, state: State, judged: Verdicts) -> bool:
    own = state.of(item)
    bare = ("", own.name, caption_text.draft(own.name, own.class_token))
    return caption_of(item, state, judged) in bare


def drafted(state: State, item: DraftPhoto | None, description: str, by: str) -> Words:
    """The name and the class of whom the photo shows, and a description, as it is kept; see
    `composed`.
    """
    state = state.of(item)
    return Words(bound(composed(state.name, state.class_token, description), state), by)


def _is_captioners(item: DraftPhoto) -> bool:
    return item.caption is not None and item.by not in ("", HAND) and not item.edited
