"""The draft's captions by a captioner's job: its lines are read as they come, by a thread, also
after the WebUI was restarted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...captioning.book import NAME, read
from ...captioning.captioner import Captioner
from ...captioning.request import problems_of
from ...captioning.said import Said
from ...captioning.settings import Settings
from ...captioning.template import told
from ...errors import BridgeError, Conflict, Invalid, NotFound, Problem
from ...jobs.job import Status
from ..draft.captions import drafted, undrafted
from ..draft.draft import Draft
from ..draft.state import State, Words
from ..draft.view import is_used
from .coming import with_some
from .interrogation import begin

if TYPE_CHECKING:
    from ...bridge import Bridge

LOOK_SECONDS = 0.3


def todo(draft: Draft, photos: Sequence[int] | None, *, again: bool) -> list[int]:
    """The photos that a captioner is to describe: of ``photos``, of those that will be used where
    None. Raises `Invalid` where the name is missing, or all have words.
    """
    state, judged = draft.state, draft.check.judged
    wanted = set(photos or (item.id for item in state.items if is_used(item, judged)))
    found = undrafted(state, judged, wanted, again=again)
    shown = [state.item(pid) for pid in found] or [None]
    if not all(state.of(item).name for item in shown):
        raise Invalid(
            [
                Problem(
                    "interrogation.missing_captions_begin",
                    "name",
                    "is missing, and captions begin with it",
                    "Give the name first.",
                )
            ]
        )
    if not found:
        text = "All of these photos have a caption already, and existing captions stay."
        raise Conflict("drafting.nothing_to_do", text)
    return found


def say(draft: Draft, captioner: Captioner, wanted: Sequence[int]) -> None:
    """The template's words for each, at once. Raises `Invalid` where it says nothing."""
    if problems := problems_of(captioner):
        raise Invalid(problems)
    text = told(captioner.aspects)

    def edit(state: State) -> State:
        by = captioner.name
        return state.with_captions(
            {pid: drafted(state, state.item(pid), text, by) for pid in wanted}
        )

    draft.change(edit)


def queue(
    draft: Draft,
    bridge: Bridge,
    captioner: Captioner,
    key: str,
    wanted: Sequence[int],
    *,
    again: bool,
) -> int:
    """Queue the captioner's job for these photos, and read along; returns its number.

    Raises `Invalid` or `Conflict`.
    """
    if problems := problems_of(captioner):
        raise Invalid(problems)
    begin(draft, len(wanted))
    try:
        state = draft.state
        items = {str(draft.path(item)): item for item in map(draft.item, wanted)}
        names = {
            path: (own.name, own.class_token)
            for path, item in items.items()
            if (own := state.of(item)) is not state
        }
        settings = Settings(
            captioner, [*items], state.name, state.class_token, names, beside=False, again=again
        )
        number = bridge.run_captioner(settings, key)
        draft.change(lambda state: replace(state, caption_job=number, coming=False))
    except BaseException:
        draft.drafting = None
        raise
    _start(draft, bridge, number)
    return number


def follow(draft: Draft, bridge: Bridge, number: int) -> None:
    """Go on reading a job's captions, after a restart."""
    with draft.drafting_lock:
        if draft.drafting is not None:
            return
        draft.drafting = (0, 0)
    _start(draft, bridge, number)


def _start(draft: Draft, bridge: Bridge, number: int) -> None:
    threading.Thread(
        target=_Following(draft, bridge, number).run, name="lora-bridge captions", daemon=True
    ).start()


class _Following:
    """Reads one job's captions into the draft until it is over."""

    def __init__(self, draft: Draft, bridge: Bridge, number: int) -> None:
        self.draft, self.bridge, self.number = draft, bridge, number
        self.book = bridge.folder(number).output / NAME
        self.at, self.done = 0, 0

    def run(self) -> None:
        try:
            self._follow()
        except BridgeError as error:
            self.draft.failure = error.message
        finally:
            self.draft.drafting = None
            self.draft.change(lambda state: replace(state, caption_job=0))

    def _follow(self) -> None:
        try:
            settings = self._settings()
        except NotFound:  # the job was removed while nobody looked
            return
        again, total = bool(settings.get("again")), len(settings.get("photos", ()))
        while True:
            row = self.bridge.job(self.number)
            self._take(again)
            self.draft.drafting = (self.done, total)
            if row.status.is_over:
                break
            time.sleep(LOOK_SECONDS)
        if row.status is Status.FAILED:
            self.draft.failure = row.sentence

    def _settings(self) -> Mapping[str, Any]:
        job = self.bridge.job(self.number).job
        return getattr(job, "settings", {})

    def _take(self, again: bool) -> None:
        """What has been written since the last look: one change of the draft."""
        found = list(read(self.book, self.at))
        if not found:
            return
        new, self.at = [said for said, _ in found], found[-1][1]
        self.done += len(new)
        by = self._by()
        self.draft.change(lambda state: self._with(state, new, by, again))

    def _by(self) -> str:
        return Captioner.from_dict(self._settings()["captioner"]).name

    def _with(self, state: State, new: Sequence[Said], by: str, again: bool) -> State:
        ids = {self.draft.path(item): item.id for item in state.items}
        wanted = undrafted(state, self.draft.check.judged, again=again)
        words: dict[int, Words] = {}
        reasons = {}
        for said in new:
            pid = ids.get(said.file)
            if pid in wanted and pid is not None:
                if said.reason is None:
                    words[pid] = drafted(state, state.item(pid), said.text, by)
                else:
                    reasons[pid] = said.reason.as_dict()
        state = with_some(state, words)
        silent = {i.id: replace(i, reason=reasons[i.id]) for i in state.items if i.id in reasons}
        return state.with_items(silent) if silent else state
