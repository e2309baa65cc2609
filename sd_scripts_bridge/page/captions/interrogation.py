"""Captions from the host's own interrogator, which works in the host's process: one after another
in a thread.
"""

from __future__ import annotations

import functools
import threading
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import Conflict
from ...messages import Message
from ..draft.captions import drafted, undrafted
from ..draft.draft import Draft
from .coming import with_some

CHUNK = 8
"""Pictures a call: the host brings its model into place for each, and the page sees what has come.
"""
BY = "host"
Interrogator = Callable[[Sequence[Path]], Iterable[str]]


def start(
    draft: Draft,
    interrogator: Interrogator,
    todo: Sequence[int],
    text: str = "",
    *,
    again: bool = False,
) -> None:
    """Draft a caption for each of these photos; ``text`` goes into each. One step for undo.

    Raises `Conflict` while the last call still works.
    """
    begin(draft, len(todo))
    photos = {pid: draft.path(draft.item(pid)) for pid in todo}
    threading.Thread(
        target=_draft,
        args=(draft, interrogator, photos, text, again),
        name="lora-bridge captions",
        daemon=True,
    ).start()


def begin(draft: Draft, count: int) -> None:
    """Say that captions are being drafted. Raises `Conflict` where they are already."""
    with draft.drafting_lock:
        if draft.drafting is not None:
            raise Conflict(
                "interrogation.captions_being_drafted_already",
                "Captions are being drafted already. Wait until that is done.",
            )
        draft.drafting, draft.failure = (0, count), None


def _draft(
    draft: Draft, interrogator: Interrogator, photos: dict[int, Path], text: str, again: bool
) -> None:
    """Each caption as it comes; a photo that the user has written about meanwhile
    keeps his words.
    """
    try:
        draft.change(lambda state: replace(state, coming=False))
        done, pids = 0, list(photos)
        for start in range(0, len(pids), CHUNK):
            part = pids[start : start + CHUNK]
            for pid, said in zip(part, interrogator([photos[pid] for pid in part]), strict=False):
                if undrafted(draft.state, draft.check.judged, [pid], again=again):
                    whole = ", ".join(filter(None, (text, said)))
                    state = draft.state
                    words = {pid: drafted(state, state.item(pid), whole, BY)}
                    draft.change(functools.partial(with_some, some=words))
                done += 1
                draft.drafting = (done, len(pids))
    except Exception as error:  # noqa: BLE001  # the edge of the thread, and the host's own code: the page must be able to say it
        traceback.print_exc()
        draft.failure = Message(
            "draft.draft_captions_broke_off",
            "Drafting the captions failed: {error}.",
            error=repr(error),
        )
    finally:
        draft.drafting = None
