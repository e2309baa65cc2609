"""The draft as the page gets it: all of it once, then only what has changed since."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from ...datasets.looking.coverage import Facet
from ...messages import Message
from ...shapes.marks import Example
from .check import Seen, Verdicts
from .draft import Draft
from .intake import VideoView
from .looks.held_out import held_out
from .state import DraftPhoto, DraftSubject, State, TrainingChoices
from .view import PhotoView, caption_advice_of, naming_problems, photo_of, set_advice_of, shown_of

NO_PHOTOS = Message("draft.photos_yet", "There are no photos yet.")
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


@dataclass(frozen=True)
class _Told:
    """A photo's row, what it was made from, and the revision at which it became so."""

    seen: Seen | None
    made_from: tuple[Any, ...]
    row: PhotoView
    since: int


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
        self._ids: tuple[int, ...] = ()
        self._listed = 0
        self._set_advice: list[str] = []
        self._advice: tuple[list[str], list[str]] = ([], [])
        self._coverage: list[Facet] = []

    @property
    def revision(self) -> int:
        return self.draft.revision

    def view(
        self, since: int = 0, start: int = 0, count: int | None = None, notes: Sequence[str] = ()
    ) -> DraftView:
        """What changed after ``since`` (0: all); at most ``count`` photos, from ``start`` on."""
        with self._lock:
            state, revision = self._look()
            since = since if since <= revision else 0
            told = [self._told[pid] for pid in self._ids]
            photos, more = _part([one.row for one in told if one.since > since], start, count)
            about_set, about_captions = self._advised()
            return DraftView(
                revision=revision,
                since=since,
                ids=self._ids if self._listed > since else None,
                photos=photos,
                more=more,
                used=(used := sum(one.row.used for one in told)),
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
                notes=notes,
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
        held = held_out(state, judged)
        self._told = {
            item.id: self._tell(item, state, judged, revision, held) for item in state.items
        }
        ids = tuple(item.id for item in state.items)
        if ids != self._ids or not self._listed:
            self._ids, self._listed = ids, revision
        if not self._looked or _is_another_set(*self._looked, state, judged):
            self._set_advice = set_advice_of(self.draft, state, judged)
            self._coverage = shown_of(state, judged)
        rows = [self._told[pid].row for pid in ids]
        self._advice = self._set_advice, caption_advice_of(state, rows)
        self._looked = (state, judged)
        return state, revision

    def _tell(
        self,
        item: DraftPhoto,
        state: State,
        judged: Verdicts,
        revision: int,
        held: frozenset[int],
    ) -> _Told:
        seen = judged.seen.get(item.id)
        verdict = judged.verdicts.get(item.id)
        own = state.of(item)
        masked = state.training.masks
        made_from = (item, verdict, own.name, own.class_token, item.id in held, masked)
        before = self._told.get(item.id)
        if before and before.seen is seen and before.made_from == made_from:
            return before
        row = photo_of(item, state, judged, held)
        same = before is not None and before.row == row
        return _Told(seen, made_from, row, before.since if before and same else revision)


def _is_another_set(before: State, then: Verdicts, state: State, judged: Verdicts) -> bool:
    """Whether more than captions has changed, on which what is said of the set depends."""

    def said(state: State) -> object:
        items = [(item.id, item.used, item.subject) for item in state.items]
        return items, state.subjects

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


def _part(rows: list[PhotoView], start: int, count: int | None) -> tuple[list[PhotoView], bool]:
    """``count`` of the rows from ``start`` on, and whether more follow."""
    end = len(rows) if count is None else start + count
    return rows[start:end], len(rows) > end
