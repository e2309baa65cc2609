"""What the captions of a set hold: tags with counts, words of the person, captions that say the
same; and the filters by these. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from ...shapes.marks import Example
from ..caption_text import begins_with_name
from ..caption_tokens import count_tokens
from . import person
from .edits import tags


@dataclass(frozen=True)
class TagView:
    """What stands between commas in captions."""

    text: Annotated[str, Example("sunny park")]
    count: Annotated[int, "in how many captions", Example(4)]
    person: Annotated[bool, "whether it belongs to the person"] = False


@dataclass(frozen=True)
class PersonWordView:
    """Words that belong to the person."""

    kind: Annotated[str, "eyes, hair, beard, skin, face, body, age, glasses or looks"]
    text: Annotated[str, Example("brown eyes")]
    count: Annotated[int, "in how many captions", Example(5)]


@dataclass(frozen=True)
class TallyView:
    """The captions of a set, counted."""

    captions: int
    tags: Annotated[Sequence[TagView], "the most frequent first"]
    person: Annotated[Sequence[PersonWordView], "what belongs to the person, and can be removed"]
    asked_for: Annotated[
        Mapping[str, int], "place, light, clothes, pose: how many captions say nothing of it"
    ]
    alike: Annotated[int, "how many captions say the same as another one"]


def tally(captions: Sequence[str], heads: Sequence[str], most: int = 500) -> TallyView:
    """The ``captions`` of a set counted, whatever they begin with of ``heads`` left out."""
    counted: Counter[str] = Counter()
    spelled: dict[str, str] = {}
    for caption in captions:
        own = {tag.casefold(): tag for tag in tags(_without_head(caption, heads))}
        counted.update(own.keys())
        for key, tag in own.items():
            spelled.setdefault(key, tag)
    words = person.words(captions)
    rows = sorted(counted.items(), key=lambda row: (-row[1], row[0]))[:most]
    told = [(spelled[key], count) for key, count in rows]
    return TallyView(
        len(captions),
        [TagView(tag, count, not person.without(tag, words)) for tag, count in told],
        [PersonWordView(word.kind, word.text, word.count) for word in words],
        person.asked_for(captions),
        len(alike(captions)),
    )


def alike(captions: Sequence[str]) -> list[int]:
    """The places of those that hold the same words as another one."""
    groups: dict[frozenset[str], list[int]] = {}
    for place, caption in enumerate(captions):
        groups.setdefault(frozenset(re.findall(r"\w+", caption.casefold())), []).append(place)
    return sorted(place for group in groups.values() if len(group) > 1 for place in group)


@dataclass(frozen=True)
class CaptionFilter:
    """Which captions are meant: each of these that is set holds for them."""

    search: str = ""
    tag: str = ""
    without_words: bool = False
    """None but the name and the class."""
    over: int | None = None
    """More CLIP tokens than this."""
    alike: bool = False

    def places(self, captions: Sequence[str], heads: Sequence[str]) -> list[int]:
        """The places of those that are meant, in order."""
        same = set(alike(captions)) if self.alike else set()
        wanted = [word.casefold() for word in self.search.split()]
        found = []
        for place, caption in enumerate(captions):
            plain = caption.casefold()
            if (
                all(word in plain for word in wanted)
                and (not self.tag or self.tag.casefold() in map(str.casefold, tags(caption)))
                and (not self.without_words or caption in ("", *heads))
                and (self.over is None or (count_tokens(caption) or 0) > self.over)
                and (not self.alike or place in same)
            ):
                found.append(place)
        return found


def _without_head(caption: str, heads: Sequence[str]) -> str:
    for head in heads:
        if begins_with_name(caption, head):
            return caption[len(head) :]
    return caption
