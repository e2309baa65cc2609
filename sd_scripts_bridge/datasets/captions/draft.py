"""From a description to a caption: the name first, one line, not longer than advised. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .. import caption_text
from ..caption_text import ADVICE
from .edits import joined, one_line
from .person_words import ATTRIBUTES

_ANYBODY = ("person", "subject", "individual", "figure")
_SAME: Mapping[str, tuple[str, ...]] = {
    "man": ("male", "guy", "gentleman", "boy"),
    "woman": ("female", "lady", "girl"),
    "boy": ("child", "kid", "man"),
    "girl": ("child", "kid", "woman"),
}
"""Other words that a model calls the class by."""
_PICTURE = re.compile(
    r"\A(?:(?:this|the) (?:is )?)?(?:an? )?(?:photo(?:graph)?|picture|image|shot)"
    r"(?: (?:of|shows?|showing|depicts?|features?))\b[\s:,]*",
    re.IGNORECASE,
)
_ARTICLE = r"(?:(?:an?|the|one|this|there is an?) )?"
_JOINS = re.compile(
    r"\b(?:with|in|of|and|on|at|by|for|to|from|near|beside|behind|before|under|over|without|next"
    r"|is|are|has|holds|holding|wearing)\b",
    re.IGNORECASE,
)
"""Words that join: before the subject's noun they mean that something else is told of first."""
_IS = re.compile(r"\A[\s,]*(?:is|are|who is|that is)\s+", re.IGNORECASE)


def composed(name: str, class_token: str, description: str) -> str:
    """The caption that begins with the name and the class; a description that names its subject
    ("a photo of a man in ...") has it replaced, and what is beyond 75 words goes.
    """
    head = caption_text.draft(name, class_token)
    text = _PICTURE.sub("", one_line(description))
    for begin in filter(None, (head, name)):
        if text.casefold().startswith(begin.casefold()) and not text[len(begin) :][:1].isalnum():
            return _shortened(_after(head, text[len(begin) :]))
    before, found, rest = _subject(text, class_token)
    if not found:
        return _shortened(joined([head, _within(text)]) if head else text)
    if not head:
        return _shortened(text)
    return _shortened(_after(head, f", {before}{rest}" if before else rest))


def _after(head: str, rest: str) -> str:
    """``rest`` goes on behind ``head`` with a comma, unless it goes on as a sentence does."""
    rest = _IS.sub(", ", rest).strip()
    goes_on = re.match(r"(?:with|in|on|at|wearing|and|by|near|from|sits|stands|looks)\b", rest)
    if not rest or goes_on or rest[0] in ",.;":
        return f"{head}{'' if rest[:1] in ('', ',', '.', ';') else ' '}{rest}".rstrip(" ,")
    return joined([head, rest])


def _within(text: str) -> str:
    """A sentence's beginning as it is written in the middle: "A park" is "a park"."""
    return re.sub(r"\A(?:An?|The|In|On|At|With)\b", lambda found: found[0].lower(), text)


def _subject(text: str, class_token: str) -> tuple[str, bool, str]:
    """(words before the subject's noun that aren't of the person, whether it begins with it, what
    follows).
    """
    own = class_token.casefold()
    nouns = "|".join(map(re.escape, filter(None, (own, *_SAME.get(own, ()), *_ANYBODY))))
    match = re.match(rf"{_ARTICLE}((?:[\w-]+ ){{0,3}}?)(?:{nouns})\b", text, re.IGNORECASE)
    if not match or _JOINS.search(match[1]):
        return "", False, text
    own_words = ATTRIBUTES.sub("", f"{match[1]} person").removesuffix("person")
    return own_words.strip(), True, text[match.end() :]


def _shortened(caption: str) -> str:
    """At most as many words as advised, ended where a part ends."""
    _, most = ADVICE
    if caption_text.words(caption) <= most:
        return caption
    ends = [match.start() for match in re.finditer(r"[.,;](?=\s)", caption)]
    fitting = [end for end in ends if caption_text.words(caption[:end]) <= most]
    if fitting and caption_text.words(caption[: fitting[-1]]) * 2 > most:
        return caption[: fitting[-1]].rstrip(" ,;")
    return " ".join(caption.split()[:most]).rstrip(" ,;")
