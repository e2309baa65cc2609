"""Whether a subject's photos all show the same person, as a face's network tells it."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field

from ...messages import Message


@dataclass(frozen=True)
class Stranger:
    """A photo whose face is less like the others than they are among themselves: mean cosines."""

    own: float
    low: float
    high: float

    @property
    def reason(self) -> Message:
        text = "looks like someone else: {own} beside {low} to {high} among the others"
        values = {name: f"{getattr(self, name):.2f}" for name in ("own", "low", "high")}
        return Message("photo.someone_else", text, **values)


@dataclass(frozen=True)
class SamePerson:
    """``compared``: the SHA-256 of each photo with a face; ``strangers``: by the same."""

    why: str = ""
    """Why nothing was compared; empty: it was."""
    by: str = ""
    name: str = ""
    """The subject's, where there are several."""
    compared: frozenset[str] = frozenset()
    strangers: Mapping[str, Stranger] = field(default_factory=dict)
    are_alike: bool = True
    """False: the faces differ as those of different people do."""

    def said(self, used: Set[str]) -> Message:
        """How many of the ``used`` photos show the same person."""
        seen = self.compared & used
        values = {"count": len(seen - self.strangers.keys()), "of": len(seen), "by": self.by}
        told = Message("coverage.alike", "{count} of {of} alike, by {by}", **values)
        if not self.are_alike:
            text = "no, {of} faces are as different as those of different people, by {by}"
            told = Message("coverage.different_people", text, **values)
        if not self.name:
            return told
        return Message("coverage.alike_of", "{name}: {told}", name=self.name, told=told)


NOT_ASKED = SamePerson(Message("people.not_asked", "`check` compares the faces"))


def too_few(count: int, least: int) -> SamePerson:
    """Of ``count`` photos with a face."""
    text = "{count} {count:photo|photos} with a face, and {least} are needed"
    return SamePerson(Message("people.too_few", text, count=count, least=least))
