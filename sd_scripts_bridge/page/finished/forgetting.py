"""Forgetting a job's photos in the page's draft, too."""

from __future__ import annotations

import shutil
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from ...bridge import Bridge
from ...datasets import manifest
from ...datasets.looking.same import any_copy, measured
from ...jobs.job import TrainingJob
from ...messages import Message
from ...photos.measures import Measures
from ...running.asked.forget import Forgotten, copies_of
from ..draft.draft import Draft, draft_of
from ..draft.state import State


@dataclass(frozen=True)
class TrainedPhotos:
    """A training's photos: how its copies look, and digests for those that look otherwise (masked,
    framed anew).
    """

    shown: Sequence[Measures]
    digests: Set[str]

    def has(self, path: Path) -> bool:
        """Whether the photo at ``path`` is one of them."""
        found = measured(path)
        if found is None:
            return False
        return any_copy(found, self.shown) or manifest.sha256(path) in self.digests


def forget(bridge: Bridge, job_id: int, draft: Draft | None = None) -> Forgotten:
    """`Bridge.forget`, and the same photos in the draft: out of its list, and deleted where they
    were uploaded. Raises as that.
    """
    known = _known(bridge, job_id)
    done = bridge.forget(job_id)
    gone = _leave_draft(draft or draft_of(bridge.home), known)
    if not gone:
        return done
    text = "{count} {count:photo is|photos are} removed from the draft, too."
    return replace(done, notes=(*done.notes, Message("forgetting.draft", text, count=gone)))


def _known(bridge: Bridge, job_id: int) -> TrainedPhotos:
    """Before they are gone."""
    job = bridge.job(job_id).job
    if not isinstance(job, TrainingJob) or not (copies := copies_of(bridge.home, job)):
        return TrainedPhotos((), frozenset())
    shown = [found for path in copies if (found := measured(path))]
    return TrainedPhotos(shown, manifest.photos(Path(job.dataset).parent))


def _leave_draft(draft: Draft, known: TrainedPhotos) -> int:
    """Take the photos that are ``known`` out of the draft; returns how many."""
    paths = draft.paths(draft.state) if known.shown else {}
    gone = {pid for pid, path in paths.items() if known.has(path)}
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
