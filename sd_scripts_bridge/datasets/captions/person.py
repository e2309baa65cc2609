"""What captions say of the person: found, counted over a set, and taken out. Pure.

What the captions leave out, the name learns; what they say, a prompt has to say again each time.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .owners import is_of_another, tells_of_others
from .person_words import (
    ALONE,
    ASPECTS,
    ATTRIBUTES,
    BEFORE_COMMA,
    CHANGEABLE,
    EYES_GO_ON,
    GOES_ON,
    HINTS,
    LASTING,
    PATTERNS,
    WHEN_IN_ALL,
)

LOOKS = "looks"
"""The kind of what stands before a person's noun: young, bearded, tall."""


@dataclass(frozen=True)
class PersonPhrase:
    """A piece of a caption that belongs to the person: ``caption[start:end]``."""

    kind: str
    text: str
    start: int
    end: int
    before_noun: bool = False
    """Words before a noun that stays, not a noun with its words."""


@dataclass(frozen=True)
class PersonWord:
    """A phrase over a whole set: in how many captions it stands."""

    kind: str
    text: str
    count: int


@functools.lru_cache(maxsize=20_000)
def phrases(caption: str) -> tuple[PersonPhrase, ...]:
    """Those in ``caption`` that belong to its subject, in order; of two that overlap the longer
    one.
    """
    found = (
        replace(one, start=begin + one.start, end=begin + one.end)
        for begin, piece in _pieces(caption)
        for one in _in_piece(piece)
    )
    if not any(map(tells_of_others, caption.split(","))):
        return tuple(found)
    return tuple(one for one in found if not _is_of_another(one, caption))


def _is_of_another(one: PersonPhrase, caption: str) -> bool:
    is_before_person = one.kind == LOOKS and one.before_noun
    return is_of_another(caption, one.start, one.end, is_before_person=is_before_person)


def _pieces(caption: str) -> Iterator[tuple[int, str]]:
    """Where each piece begins that no phrase reaches over, and the piece: what stands between
    commas, where these don't part the words before a noun ("long, brown hair").
    """
    begin = end = 0
    for piece in caption.split(","):
        end += len(piece) + 1
        last = piece.rstrip().rpartition(" ")[2].rpartition("-")[2]
        if last.casefold() not in BEFORE_COMMA:
            yield begin, caption[begin : end - 1]
            begin = end
    if begin < len(caption):
        yield begin, caption[begin:]


@functools.lru_cache(maxsize=20_000)
def _in_piece(caption: str) -> tuple[PersonPhrase, ...]:
    """The captions of a set share many of their pieces, and looking takes long."""
    found = [
        one
        for kind, patterns in PATTERNS.items()
        if HINTS[kind].search(caption)
        for pattern in patterns
        for match in pattern.finditer(caption)
        for one in _phrases_of(kind, match, caption)
    ]
    for pattern in (ATTRIBUTES, ALONE):
        for match in pattern.finditer(caption):
            said = match[0].strip(" ,")
            found.append(PersonPhrase(LOOKS, said, *match.span(), pattern is ATTRIBUTES))
    return tuple(_without_overlaps([one for one in found if one.text]))


def _phrases_of(kind: str, match: re.Match[str], caption: str) -> list[PersonPhrase]:
    """The phrase; of one that says how something is on this photo ("messy brown hair") only what
    belongs to the person ("brown").
    """
    if not _is_changeable(match[0]):
        return [_phrase(kind, match, caption)]
    *words, _ = re.finditer(r"([\w'-]+)\s*", match[0])
    lasting, start = _LASTING.get(kind), match.start()
    return [
        PersonPhrase(kind, word[1], start + word.start(), start + word.end(), before_noun=True)
        for word in words
        if lasting and lasting.fullmatch(word[1])
    ]


def _phrase(kind: str, match: re.Match[str], caption: str) -> PersonPhrase:
    """The whole phrase; only its adjectives where the caption goes on about the noun."""
    start, end = match.span()
    goes_on = GOES_ON.match(caption, end) or (kind == "eyes" and EYES_GO_ON.match(caption, end))
    if not goes_on:
        return PersonPhrase(kind, match[0].strip(" ,"), start, end)
    adjectives = re.sub(r"\S+\Z", "", match[0])
    said = adjectives.strip(" ,")
    return PersonPhrase(kind, said, start, start + len(adjectives), before_noun=True)


def words(captions: Iterable[str]) -> list[PersonWord]:
    """What belongs to the person over all ``captions``, the most frequent first. Glasses belong to
    him where each of several captions has them.
    """
    texts = list(captions)
    found: Counter[tuple[str, str]] = Counter()
    kinds: Counter[str] = Counter()
    for text in texts:
        here = phrases(text)
        found.update({(one.kind, one.text.casefold()) for one in here})
        kinds.update({one.kind for one in here})
    rare = {kind for kind in WHEN_IN_ALL if len(texts) < 2 or kinds[kind] < len(texts)}
    rows = [PersonWord(kind, text, n) for (kind, text), n in found.items() if kind not in rare]
    return sorted(rows, key=lambda row: (-row.count, row.text))


def without(caption: str, wanted: Iterable[PersonWord]) -> str:
    """``caption`` without these words, the sentence around them put in order."""
    names = {(word.kind, word.text.casefold()) for word in wanted}
    here = [one for one in phrases(caption) if (one.kind, one.text.casefold()) in names]
    if not here:
        return caption
    marked = caption
    for one in reversed(here):
        before, after = marked[: one.start], marked[one.end :]
        if one.before_noun:
            marked = before + _ATTRIBUTE + after
        elif before.endswith(", ") and after[:1] in ("", ","):
            marked = before[:-2] + after  # a tag of its own: nothing around it changes
        else:
            marked = before + _PHRASE + after
    return _in_order(marked)


def missing(caption: str) -> list[str]:
    """Of place, light, clothes and pose those of which the caption says nothing."""
    said = {name for piece in caption.split(",") for name in _aspects_of(piece)}
    return [name for name in ASPECTS if name not in said]


@functools.lru_cache(maxsize=20_000)
def _aspects_of(piece: str) -> list[str]:
    return [name for name, pattern in ASPECTS.items() if pattern.search(piece)]


def asked_for(captions: Sequence[str]) -> Mapping[str, int]:
    """What should stay changeable -> how many captions say nothing of it."""
    found = Counter(name for caption in captions for name in missing(caption))
    return {name: found[name] for name in ASPECTS if found[name]}


# ---- finding ----


_LASTING = {
    kind: re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
    for kind, words in LASTING.items()
}
_CHANGEABLE = re.compile(r"\b(?:" + "|".join(map(re.escape, CHANGEABLE)) + r")\b", re.IGNORECASE)


def _is_changeable(text: str) -> bool:
    """Whether a phrase says how it is on this photo: closed eyes, wet hair."""
    return _CHANGEABLE.search(text) is not None


def _without_overlaps(found: list[PersonPhrase]) -> list[PersonPhrase]:
    kept: list[PersonPhrase] = []
    for one in sorted(found, key=lambda one: (one.start - one.end, one.start)):
        if all(one.end <= other.start or one.start >= other.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


# ---- taking out ----

_PHRASE, _ATTRIBUTE = "\x01", "\x02"
"""Where a noun with its words was, and where words before a noun were."""
_ARTICLE = r"(?:\b(?:an?|the|his|her|their|some)\s+)?"
_LEADS = r"(?:with|has|having|have|sporting|featuring|wearing|shows?|showing|and has|who has|of)"

_AT_PHRASES: Sequence[tuple[str, str]] = (
    (rf",\s*who\s+{_LEADS}\s+{_ARTICLE}\x01\s*,?", ""),
    (rf"{_ARTICLE}\x01", "\x01"),
    (r"\x01(?:(?:\s*,\s*|\s+)(?:and\s+)?(?:an?\s+|his\s+|her\s+|their\s+)?\x01)+", "\x01"),
    (rf"\b({_LEADS})\s+\x01\s*(?:,\s*and|and|,\s*plus)\s+(?=(?:an?|the|his|her|\w+ing)\b)", r"\1 "),
    (rf"\b(?:he|she|they|who)\s+{_LEADS}\s+\x01", "\x01"),
    (rf"(?:,\s*)?\b(?:and\s+)?{_LEADS}\s+\x01", "\x01"),
    (r"\s*(?:,\s*)?\band\s+\x01", "\x01"),
    (r"\x01\s+and\s+", " "),
    (r"(?:^|(?<=[.!?]))\s*\x01\s*[,.]?\s*", " "),
    (r"\s*,?\s*\x01", ""),
)
_AT_ATTRIBUTES = (
    (r"\b(a)n?\s+\x02(?=[^aeiou\W])", r"\1 "),
    (r"\b(a)n?\s+\x02(?=[aeiou])", r"\1n "),
    (r"\x02", ""),
)
_ALWAYS = (
    (r"\s+", " "),
    (r"\s+([,.;])", r"\1"),
    (r",(?:\s*,)+", ","),
    (r",\s*\.", "."),
    (r"\.(?:\s*\.)+", "."),
)
_STEPS = [
    (mark, re.compile(pattern, re.IGNORECASE), by)
    for mark, steps in ((_PHRASE, _AT_PHRASES), (_ATTRIBUTE, _AT_ATTRIBUTES), ("", _ALWAYS))
    for pattern, by in steps
]
"""One after the other, where the text has the mark: what is left of a sentence when something in
it goes.
"""


def _in_order(marked: str) -> str:
    for mark, pattern, by in _STEPS:
        if mark in marked:
            marked = pattern.sub(by, marked)
    text = marked.strip(" ,")
    return re.sub(r"(?<=[.!?] )([a-z])", lambda found: found[1].upper(), text)
