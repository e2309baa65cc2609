"""The draft as the page gets it: all of it once, then only what has changed since."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Generic, TypeVar

from ...datasets.looking.coverage import Facet
from ...messages import Message
from ...shapes.marks import Example
from .check import Verdicts
from .draft import Draft
from .intake import VideoView
from .looks.held_out import held_out
from .state import DraftPhoto, DraftSubject, State, TrainingChoices
from .view import (
    DraftCaptionView,
    LookView,
    PhotoView,
    caption_advice_of,
    caption_view,
    joined,
    look_view,
    naming_problems,
    set_advice_of,
    shown_of,
)

NO_PHOTOS = Message("draft.photos_yet", "There are no photos yet.")
T = TypeVar("T")
MOST_ROWS = 500
"""Photos in the answer to a change; the page asks for others by itself."""


@dataclass(frozen=True)
class Count:
    """How far something is."""

    done: Annotated[int, Example(3)]
    total: Annotated[int, Example(12)]


@dataclass(frozen=True)
class DraftView:
    """What the user is preparing, as far as it has changed after the revision ``since``."""

    revision: Annotated[int, "grows whenever anything is different, verdicts too", Example(40)]
    since: Annotated[int, "the revision that the changes start from; 0: this is all of it"]
    ids: Annotated[
        Sequence[int] | None,
        "all photos in their order; null: the list is the same",
        Example([1, 2]),
    ]
    photos: Annotated[Sequence[PhotoView], "those that have changed"]
    captions: Annotated[
        Sequence[DraftCaptionView],
        "with brief: of the photos of which nothing else has changed, which aren't in photos then",
    ]
    more: Annotated[bool, "whether more have changed than were asked for"]
    used: Annotated[int, "photos that will be trained", Example(10)]
    total: Annotated[int, Example(12)]
    sentence: Annotated[str, Example("10 of 12 photos will be used.")]
    name: Annotated[str, "of the subject", Example("AlvaroBadia")]
    class_token: Annotated[str, Example("man")]
    source: Annotated[str | None, "the folder whose photos these are"]
    subjects: Annotated[Sequence[DraftSubject], "all of them; the first one is told above, too"]
    advice: Annotated[Sequence[str], "what to mind about the set"]
    coverage: Annotated[Sequence[Facet], "what the set shows of its subject"]
    caption_advice: Sequence[str]
    checking: Annotated[Count | None, "photos are being looked at"]
    comparing: Annotated[Count | None, "their faces are being compared"]
    drafting: Annotated[Count | None, "a captioner is describing them"]
    caption_job: Annotated[int | None, "its job; null: it is the host's, or there is none"]
    writing: Annotated[Count | None, "they are being copied for a start"]
    videos: Annotated[Sequence[VideoView], "those whose frames are chosen, or came in"]
    training: TrainingChoices
    undo: Annotated[int, "how many changes of captions can be taken back"]
    redo: Annotated[int, "how many of them can be done again"]
    photo_undo: Annotated[int, "how many changes of use, turn or frame"]
    imported: Annotated[bool, "whether an import can be"]
    problems: Sequence[str]
    notes: Annotated[Sequence[str], "what to say of this change"] = ()


@dataclass(frozen=True, slots=True)
class _Part(Generic[T]):
    """A part of what is told of a photo, what it was made from, and the revision at which it became
    so.
    """

    made_from: tuple[object, ...]
    value: T
    since: int


@dataclass(frozen=True, slots=True)
class _Told:
    """What is told of a photo."""

    look: _Part[LookView]
    said: _Part[DraftCaptionView]

    def has_changed(self, since: int) -> bool:
        return max(self.look.since, self.said.since) > since


class DraftChanges:
    """What has been told of each photo of one draft, and since when it is so.

    Each row is made once as long as the photo, its verdict, the name and the class are the same:
    5,000 of them cost nothing at the next look. Safe for threads.
    """

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self._lock = threading.Lock()
        self._looked: tuple[State, Verdicts] | None = None
        self._told: dict[int, _Told] = {}
        self._held: frozenset[int] = frozenset()
        self._ids: tuple[int, ...] = ()
        self._listed = 0
        self._set_advice: list[str] = []
        self._advice: tuple[list[str], list[str]] = ([], [])
        self._coverage: list[Facet] = []

    @property
    def revision(self) -> int:
        return self.draft.revision

    def view(
        self,
        since: int = 0,
        start: int = 0,
        count: int | None = None,
        notes: Sequence[str] = (),
        *,
        brief: bool = False,
    ) -> DraftView:
        """What changed after ``since`` (0: all); at most ``count`` photos, from ``start`` on.

        ``brief``: of photos of which nothing else has changed only the captions, all of them where
        ``start`` is 0.
        """
        with self._lock:
            state, revision = self._look()
            since = since if since <= revision else 0
            told = [self._told[pid] for pid in self._ids]
            changed = [one for one in told if one.has_changed(since)]
            whole = [one for one in changed if not brief or one.look.since > since]
            photos, more = _part(whole, start, count)
            said = [one.said.value for one in changed if brief and one.look.since <= since]
            return replace(
                self._standing(state, told),
                revision=revision,
                since=since,
                ids=self._ids if self._listed > since else None,
                photos=photos,
                captions=() if start else said,
                more=more,
                notes=notes,
            )

    def photo(self, pid: int) -> PhotoView:
        """One photo as it is now; whoever is told of it is told, too, where it changes back.

        Raises `NotFound`.
        """
        with self._lock:
            self._look()
            told = self._told[self.draft.item(pid).id]
            return joined(told.look.value, told.said.value)

    def _standing(self, state: State, told: list[_Told]) -> DraftView:
        """What is told with each answer, without a photo."""
        about_set, about_captions = self._advised()
        return DraftView(
            revision=0,
            since=0,
            ids=None,
            photos=(),
            captions=(),
            more=False,
            used=(used := sum(one.look.value.used for one in told)),
            total=len(told),
            sentence=_sentence(used, len(told)),
            name=state.name,
            class_token=state.class_token,
            source=state.source,
            subjects=state.subjects,
            advice=about_set,
            coverage=self._coverage,
            caption_advice=about_captions,
            checking=_count(self.draft.check.progress),
            comparing=_count(self.draft.check.comparing),
            drafting=_count(self.draft.drafting),
            caption_job=state.caption_job or None,
            writing=_count(self.draft.writing),
            videos=[*self.draft.videos.values()],
            training=state.training,
            undo=len(state.undo),
            redo=len(state.redo),
            photo_undo=len(state.photo_undo),
            imported=state.before is not None,
            problems=[one.sentence for one in naming_problems(state)],
        )

    def _advised(self) -> tuple[list[str], list[str]]:
        """What to mind of the set and of its captions, and what went wrong meanwhile."""
        about_set, about_captions = self._advice
        check, failure = self.draft.check.failure, self.draft.failure
        return [*about_set, *filter(None, [check, failure])], [
            *about_captions,
            *filter(None, [failure]),
        ]

    def _look(self) -> tuple[State, int]:
        """The draft as it is now and its revision, the rows made or kept. One after the other, so
        that a revision means one content.
        """
        state, judged = self.draft.state, self.draft.check.judged
        revision = state.revision + judged.version
        if self._looked and state is self._looked[0] and judged is self._looked[1]:
            return state, revision
        is_another = not self._looked or _is_another_set(*self._looked, state, judged)
        if is_another:
            self._held = held_out(state, judged)
        self._told = {item.id: self._tell(item, state, judged, revision) for item in state.items}
        ids = tuple(item.id for item in state.items)
        if ids != self._ids or not self._listed:
            self._ids, self._listed = ids, revision
        if is_another:
            self._set_advice = set_advice_of(self.draft, state, judged)
            self._coverage = shown_of(state, judged)
        self._advice = self._set_advice, self._about_captions(state)
        self._looked = (state, judged)
        return state, revision

    def _about_captions(self, state: State) -> list[str]:
        used = [one for pid in self._ids if (one := self._told[pid]).look.value.used]
        looked_at = [one.said.value for one in used if one.look.value.verdict is not None]
        return caption_advice_of(state, [one.said.value for one in used], looked_at)

    def _tell(self, item: DraftPhoto, state: State, judged: Verdicts, revision: int) -> _Told:
        before = self._told.get(item.id)
        seen, own, masked = judged.seen.get(item.id), state.of(item), state.training.masks
        look = _renewed(
            before.look if before else None,
            (seen, judged.verdicts.get(item.id), item.id in self._held, masked, *_looks_of(item)),
            lambda: look_view(item, state, judged, self._held),
            revision,
        )
        said = _renewed(
            before.said if before else None,
            (seen, own.name, own.class_token, item.caption, item.by, item.edited, item.reason),
            lambda: caption_view(item, state, judged),
            revision,
        )
        if before and look is before.look and said is before.said:
            return before
        return _Told(look, said)


def _renewed(
    before: _Part[T] | None, made_from: tuple[object, ...], make: Callable[[], T], revision: int
) -> _Part[T]:
    """The part as it is now; the same where it is made from the same."""
    if before and before.made_from == made_from:
        return before
    value = make()
    same = before is not None and before.value == value
    return _Part(made_from, value, before.since if before and same else revision)


def _looks_of(item: DraftPhoto) -> tuple[object, ...]:
    """What of a photo is shown, but for its caption."""
    shown_as = (item.turn, item.mask, item.used)
    return (item.file, item.uploaded, item.mark, *shown_as, item.subject, item.repeats)


def _is_another_set(before: State, then: Verdicts, state: State, judged: Verdicts) -> bool:
    """Whether more than captions has changed, on which what is said of the set depends."""

    def said(state: State) -> object:
        items = [(i.id, i.used, i.subject, i.held_out) for i in state.items]
        return items, state.subjects, state.training.held_out

    return then is not judged or said(before) != said(state)


def _sentence(used: int, total: int) -> Message:
    if not total:
        return NO_PHOTOS
    return Message(
        "draft.photos_used",
        "{used} of {count} {count:photo|photos} will be used.",
        used=used,
        count=total,
    )


def _count(progress: tuple[int, int] | None) -> Count | None:
    return Count(*progress) if progress else None


def _part(told: list[_Told], start: int, count: int | None) -> tuple[list[PhotoView], bool]:
    """The rows of ``count`` photos from ``start`` on, and whether more follow."""
    end = len(told) if count is None else start + count
    return [joined(one.look.value, one.said.value) for one in told[start:end]], len(told) > end
