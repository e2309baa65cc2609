"""Captions for photos that have none: from the host's interrogator, one after another in a thread,
else from a template.
"""

from __future__ import annotations

import functools
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import Conflict, Invalid, Problem
from ...messages import Message
from .captions import drafted, undrafted
from .draft import Draft
from .state import State

CHUNK = 8
"""Pictures a call: the host brings its model into place for each, and the page sees what has come.
"""

Interrogator = Callable[[Sequence[Path]], Iterable[str]]


def start(draft: Draft, interrogator: Interrogator | None, text: str = "") -> None:
    """Draft a caption for each photo without words of its own; ``text`` goes into each. One step
    for undo.

    Raises `Invalid` where the name is missing, `Conflict` while the last call still works.
    """
    if not draft.state.name:
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
    todo = undrafted(draft.state, draft.check.judged)
    if interrogator is None:
        captions = {pid: drafted(draft.state, text) for pid in todo}
        draft.change(lambda state: state.with_captions(captions))
        return
    with draft.drafting_lock:
        if draft.drafting is not None:
            raise Conflict(
                "interrogation.captions_being_drafted_already",
                "Captions are being drafted already. Wait until that is done.",
            )
        if not todo:
            return
        draft.drafting, draft.failure = (0, len(todo)), None
    photos = {pid: draft.path(draft.item(pid)) for pid in todo}
    threading.Thread(
        target=_draft,
        args=(draft, interrogator, photos, text),
        name="lora-bridge captions",
        daemon=True,
    ).start()


def _draft(draft: Draft, interrogator: Interrogator, photos: dict[int, Path], text: str) -> None:
    """Each caption as it comes; a photo that the user has written about meanwhile keeps his words."""
    try:
        done, pids = 0, list(photos)
        for begin in range(0, len(pids), CHUNK):
            part = pids[begin : begin + CHUNK]
            for pid, said in zip(part, interrogator([photos[pid] for pid in part]), strict=False):
                if pid in undrafted(draft.state, draft.check.judged):
                    caption = drafted(draft.state, ", ".join(filter(None, (text, said))))
                    draft.change(
                        functools.partial(_with_one, pid=pid, caption=caption, is_first=done == 0)
                    )
                done += 1
                draft.drafting = (done, len(pids))
    except Exception as error:  # noqa: BLE001  # the edge of the thread, and the host's own code: the page must be able to say it
        traceback.print_exc()
        draft.failure = Message(
            "draft.draft_captions_broke_off",
            "The draft of the captions broke off: {error}.",
            error=repr(error),
        )
    finally:
        draft.drafting = None


def _with_one(state: State, pid: int, caption: str, is_first: bool) -> State:
    """One more caption, in the same step for undo as those before."""
    after = state.with_captions({pid: caption})
    if is_first or after is state or len(after.undo) < 2:
        return after
    *rest, one, other = after.undo
    return replace(after, undo=(*rest, {**other, **one}))
