"""Changes of a caption's text that are made to many captions at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import Invalid, Problem
from .. import caption_text
from . import patterns, person

UNDO_LEVELS = 20


@dataclass(frozen=True)
class CaptionEdit:
    """One change: ``action`` "add", "remove", "replace", "front", "dedupe" or "person", of
    ``text``, ``by`` what, for "add" ``at_start`` (behind the name), for "replace" as a ``pattern``;
    ``words`` are what "person" takes out, None: all that belongs to the person.
    """

    action: str
    text: str = ""
    by: str = ""
    at_start: bool = False
    pattern: bool = False
    words: Sequence[person.PersonWord] | None = None

    def check(self) -> CaptionEdit:
        """Itself. Raises `Invalid` where there is nothing to do, or no such pattern."""
        problem = self._problem()
        if problem:
            raise Invalid([problem])
        return self

    def _problem(self) -> Problem | None:
        needs_text = self.action in ("add", "remove", "replace", "front")
        if needs_text and not (self.text if self.action == "replace" else self.text.strip()):
            return Problem(
                "captions.empty_nothing",
                "text",
                "is empty, so there is nothing to {action}",
                "Write what.",
                action=self.action,
            )
        return patterns.problem(self.text, self.by) if self.pattern else None

    def of(self, captions: Sequence[str], heads: Sequence[Sequence[str]]) -> list[str]:
        """The captions after it, a line each, empty where no words are left; each may begin with
        one of its ``heads`` (see `heads_of`). Raises `Invalid` where a pattern takes too long.
        """
        if self.pattern and self.action == "replace":
            edited = [*map(_tidy, patterns.substituted(self.text, self.by, captions))]
        else:
            edited = [*map(self._edited, captions, heads)]
        return [one_line(text) for text in edited]

    def _edited(self, caption: str, heads: Sequence[str]) -> str:
        text = " ".join(self.text.split())
        if self.action == "add":
            return added(caption, text, self.at_start, heads)
        if self.action == "remove":
            return removed(caption, text)
        if self.action == "front":
            return in_front(caption, text, heads)
        if self.action == "dedupe":
            return deduped(caption)
        if self.action == "person":
            return person.without(caption, self.words or ())
        return _tidy(caption.replace(self.text, self.by))


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
    if text.casefold() in (tag.casefold() for tag in tags(caption)):
        return caption
    if not at_start:
        return joined([caption, text])
    for head in heads:
        if caption_text.begins_with_name(caption, head):
            return joined([head, text, caption[len(head) :]])
    return joined([text, caption])


def removed(caption: str, text: str) -> str:
    """Without ``text``: the tags between commas that are it, else wherever it stands as words."""
    whole = tags(caption)
    kept = [tag for tag in whole if tag.casefold() != text.casefold()]
    if len(kept) < len(whole):
        return ", ".join(kept)
    return _tidy(re.sub(_words(text), "", caption, flags=re.IGNORECASE))


def in_front(caption: str, text: str, heads: Sequence[str]) -> str:
    """The tag ``text`` right behind the name; nothing changes where it is no tag of the caption."""
    if text.casefold() not in (tag.casefold() for tag in tags(caption)):
        return caption
    return added(removed(caption, text), text, True, heads)


def deduped(caption: str) -> str:
    """Each tag once, where it stands first."""
    kept: dict[str, str] = {}
    for tag in tags(caption):
        kept.setdefault(tag.casefold(), tag)
    return caption if len(kept) == len(tags(caption)) else ", ".join(kept.values())


def tags(caption: str) -> list[str]:
    """What stands between commas."""
    return [tag.strip() for tag in caption.split(",") if tag.strip()]


def joined(parts: list[str]) -> str:
    """The parts with commas between them; those without words are left out."""
    return ", ".join(part for part in (part.strip().strip(",").strip() for part in parts) if part)


def _words(text: str) -> str:
    begin = r"(?<!\w)" if re.match(r"\w", text) else ""
    end = r"(?!\w)" if re.search(r"\w$", text) else ""
    return begin + re.escape(text) + end


def _tidy(text: str) -> str:
    """No doubled spaces, no commas without words between them."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s*,(?:\s*,)+", ",", text)
    return re.sub(r"\s+([,.;])", r"\1", text).strip().strip(",").strip()
