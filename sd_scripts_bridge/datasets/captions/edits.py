"""Changes of a caption's text that are made to many captions at once. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .. import caption_text

ACTIONS = ("draft", "add", "remove", "replace", "undo")
UNDO_LEVELS = 20


def heads_of(name: str, class_token: str) -> tuple[str, str]:
    """What a caption of this subject may begin with, the longer one first."""
    return caption_text.draft(name, class_token), name


def one_line(text: str) -> str:
    """``text`` as a caption can be: one line without invisible characters; empty where there are no
    words.
    """
    return caption_text.repair(text, "", "").text


def added(caption: str, text: str, at_start: bool, heads: Sequence[str]) -> str:
    """``text`` behind the name, or at the end; where it is already, nothing changes."""
    if text.casefold() in (part.casefold() for part in _parts(caption)):
        return caption
    if not at_start:
        return joined([caption, text])
    for head in heads:
        if caption_text.begins_with_name(caption, head):
            return joined([head, text, caption[len(head) :]])
    return joined([text, caption])


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


def joined(parts: list[str]) -> str:
    """The parts with commas between them; those without words are left out."""
    return ", ".join(part for part in (part.strip().strip(",").strip() for part in parts) if part)


def _tidy(text: str) -> str:
    """No doubled spaces, no commas without words between them."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s*,(?:\s*,)+", ",", text)
    return re.sub(r"\s+([,.;])", r"\1", text).strip().strip(",").strip()


def edited(
    caption: str, heads: Sequence[str], action: str, text: str, by: str, at_start: bool
) -> str:
    """``caption`` after "add", "remove" or "replace"; it may begin with one of ``heads`` (see
    `heads_of`).
    """
    if action == "add":
        return added(caption, text, at_start, heads)
    return removed(caption, text) if action == "remove" else replaced(caption, text, by)
