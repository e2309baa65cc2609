"""Forgetting a job's photos in the page's draft, too."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...bridge import Bridge
from ...datasets.looking.same import any_copy, measured
from ...jobs.job import TrainingJob
from ...messages import Message
from ...photos.measures import Measures
from ...running.asked.forget import Forgotten, copies_of
from ..draft.draft import Draft, draft_of
from ..draft.state import State


def forget(bridge: Bridge, job_id: int, draft: Draft | None = None) -> Forgotten:
    """`Bridge.forget`, and the same photos in the draft: out of its list, and deleted where they
    were uploaded. Raises as that.
    """
    job = bridge.job(job_id).job
    copies = copies_of(bridge.home, job) if isinstance(job, TrainingJob) else []
    shown = [found for path in copies if (found := measured(path))]
    done = bridge.forget(job_id)
    gone = _leave_draft(draft or draft_of(bridge.home), shown)
    if not gone:
        return done
    text = "{count} {count:photo is|photos are} removed from the draft, too."
    return replace(done, notes=(*done.notes, Message("forgetting.draft", text, count=gone)))


def _leave_draft(draft: Draft, shown: Sequence[Measures]) -> int:
    """Take the photos that are ``shown`` out of the draft; returns how many."""
    paths = draft.paths(draft.state) if shown else {}
    gone = {pid for pid, path in paths.items() if _is_one(path, shown)}
    if not gone:
        return 0
    if gone == paths.keys():
        draft.clear()
    else:
        draft.change(lambda state: _without(state, gone))
    for pid in gone:
        if paths[pid].parent == draft.photos_folder:
            _delete(paths[pid])
        for mask in (draft.folder / "masks").glob(f"{pid}-*.png"):
            mask.unlink()
    shutil.rmtree(draft.thumbs_folder, ignore_errors=True)
    draft.check.cache.unlink(missing_ok=True)
    draft.look_again()
    draft.check.wait()
    return len(gone)


def _is_one(path: Path, shown: Sequence[Measures]) -> bool:
    found = measured(path)
    return found is not None and any_copy(found, shown)


def _without(state: State, gone: set[int]) -> State:
    undo, redo = (
        tuple({pid: said for pid, said in level.items() if pid not in gone} for level in levels)
        for levels in (state.undo, state.redo)
    )
    items = tuple(item for item in state.items if item.id not in gone)
    return replace(state, items=items, undo=undo, redo=redo)


def _delete(photo: Path) -> None:
    """The photo and the captions beside it."""
    for file in photo.parent.glob("*"):
        if file.stem == photo.stem:
            file.unlink(missing_ok=True)
