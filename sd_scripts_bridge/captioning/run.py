"""A run over photos: one after the other, each ends with a caption or with a reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..jobs.events import Event, Note, Phase, Progress
from ..messages import Message
from ..photos.printable import shown
from .beside import Beside
from .book import Book
from .said import CannotGoOn, Describer, Said, Stopped

MOST_NOTES = 20
"""Reasons that are told one by one; all of them are in the job's output/captions.jsonl."""

Tell = Callable[[Event], None]


@dataclass
class Outcome:
    """What became of the photos."""

    total: int
    captioned: int = 0
    kept: int = 0
    """Somebody wrote about them meanwhile."""
    reasons: dict[Path, Message] = field(default_factory=dict)
    stopped: bool = False
    cause: Message | None = None
    """Why it couldn't go on, where that was so."""

    @property
    def sentence(self) -> Message:
        text = "{count} of {total} {total:photo|photos} captioned"
        said = Message("caption.done", text, count=self.captioned, total=self.total)
        if self.kept:
            text = "{said}, {count} {count:keeps its own caption|keep their own captions}"
            said = Message("caption.done_kept", text, said=said, count=self.kept)
        if self.cause is not None:
            text = "{said}, then it couldn't go on: {cause}."
            return Message("caption.done_broken", text, said=said, cause=self.cause)
        if self.reasons:
            text = "{said}; {count} {count:has|have} a reason instead."
            return Message("caption.done_some", text, said=said, count=len(self.reasons))
        return Message("caption.done_all", "{said}.", said=said)


class CaptionRun:
    """One run. Captions go into ``book``, and where there is ``beside`` into files, too."""

    def __init__(
        self, book: Book, beside: Beside | None, tell: Tell, stopped: Stopped = bool
    ) -> None:
        self.book, self.beside, self.tell, self.stopped = book, beside, tell, stopped

    def run(self, describer: Callable[[], Describer], photos: Sequence[Path]) -> Outcome:
        """Describe those of ``photos`` that nothing is said of yet, and tell how far it is."""
        outcome = Outcome(len(photos))
        left = self._open(photos, outcome)
        self.tell(Progress(len(photos) - len(left), len(photos)))
        try:
            if left:
                self.tell(Phase(Message("caption.loading", "getting the captioner ready")))
                self._describe(describer(), left, outcome)
        except CannotGoOn as error:
            outcome.stopped = self.stopped()
            if not outcome.stopped:
                outcome.cause = error.message
        reason = outcome.cause or Message("caption.nothing_said", "the captioner returned nothing")
        for photo in () if outcome.stopped else [*left]:
            self._take(Said(photo, reason=reason), left, outcome)
        if self.beside:
            self.beside.close()
        return outcome

    def _open(self, photos: Sequence[Path], outcome: Outcome) -> dict[Path, None]:
        """The photos that are still to be described, in their order."""
        before = self.book.said()
        left: dict[Path, None] = {}
        for photo in photos:
            said = before.get(photo)
            if said is not None and said.reason is None:
                self._keep(said, outcome)
            elif self.beside is None or self.beside.wants(photo):
                left[photo] = None
            else:
                outcome.kept += 1
        return left

    def _describe(self, describer: Describer, left: dict[Path, None], outcome: Outcome) -> None:
        text = "describing the photos"
        self.tell(Phase(Message("caption.describing", text)))
        for said in describer.describe([*left]):
            self._take(said, left, outcome)
            if self.stopped():
                outcome.stopped = bool(left)
                return

    def _take(self, said: Said, left: dict[Path, None], outcome: Outcome) -> None:
        left.pop(said.file, None)
        self.book.add(said)
        if said.reason is None:
            self._keep(said, outcome)
        else:
            outcome.reasons[said.file] = said.reason
            if len(outcome.reasons) <= MOST_NOTES:
                self.tell(Note(_about(said.file, said.reason)))
        self.tell(Progress(outcome.total - len(left), outcome.total))

    def _keep(self, said: Said, outcome: Outcome) -> None:
        if self.beside is None or self.beside.take(said.file, said.text, self.book.by):
            outcome.captioned += 1
        else:
            outcome.kept += 1


def _about(photo: Path, reason: Message) -> Message:
    text = "{file}: {reason}."
    return Message("caption.reason", text, file=shown(photo.name), reason=reason)
