"""Forgetting a job's photos in the page's draft, too."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from ...bridge import Bridge
from ...datasets import manifest
from ...datasets.looking.same import any_copy, measured
from ...jobs.job import TrainingJob
from ...messages import Message
from ...photos.measures import Measures
from ...running.forgetting.forget import Forgotten, copies_of, would
from ...running.forgetting.traces import freed
from ...system.files import mark
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
        found = _measured(path, mark(path))
        if found is None:
            return False
        return any_copy(found, self.shown) or manifest.sha256(path) in self.digests


def forget(bridge: Bridge, job_id: int, draft: Draft | None = None) -> Forgotten:
    """`Bridge.forget`, and the same photos in the draft: out of its list, and deleted where they
    were uploaded. Raises as that.
    """
    draft = draft or draft_of(bridge.home)
    known = _known(bridge, job_id)
    done = bridge.forget(job_id)
    gone = _in_draft(draft, known)
    if not gone:
        return done
    also = freed(_files(draft, gone))
    _leave_draft(draft, gone)
    text = "{count} {count:photo is|photos are} removed from the draft, too."
    note = Message("forgetting.draft", text, count=len(gone))
    return replace(done, notes=(*done.notes, note), bytes=done.bytes + also)


def look(bridge: Bridge, job_id: int, draft: Draft | None = None) -> Forgotten:
    """What `forget` would delete, in the draft too. Raises as that."""
    draft = draft or draft_of(bridge.home)
    found = bridge.forget(job_id, dry_run=True)
    own = [item.id for item in draft.state.items if item.uploaded]
    gone = _in_draft(draft, _known(bridge, job_id)) if own else {}
    total = found.bytes + freed(_files(draft, gone))
    return replace(found, sentence=would(job_id, total), bytes=total)


def _known(bridge: Bridge, job_id: int) -> TrainedPhotos:
    """Before they are gone."""
    job = bridge.job(job_id).job
    if not isinstance(job, TrainingJob) or not (copies := copies_of(bridge.home, job)):
        return TrainedPhotos((), frozenset())
    shown = [found for path in copies if (found := _measured(path, mark(path)))]
    return TrainedPhotos(shown, manifest.photos(Path(job.dataset).parent))


@functools.lru_cache(maxsize=4096)
def _measured(path: Path, _mark: str) -> Measures | None:
    """`measured` again only where the file has changed: a look shouldn't cost it each time."""
    return measured(path)


def _in_draft(draft: Draft, known: TrainedPhotos) -> dict[int, Path]:
    """The photos that are ``known``, by their numbers in the draft."""
    paths = draft.paths(draft.state) if known.shown else {}
    return {pid: path for pid, path in paths.items() if known.has(path)}


def _files(draft: Draft, gone: Mapping[int, Path]) -> list[Path]:
    """What the draft's folder holds of the photos ``gone``; small pictures of all of them, and what
    was found of them, which is written again for those that stay.
    """
    uploads = [path for path in gone.values() if path.parent == draft.photos_folder]
    beside = [file for path in uploads for file in _beside(path)]
    small = [draft.thumbs_folder] if gone else []
    found = [draft.check.cache] if _is_all(draft, gone) else []
    return [*beside, *_masks(draft, gone), *small, *found]


def _is_all(draft: Draft, gone: Mapping[int, Path]) -> bool:
    return gone.keys() == draft.paths(draft.state).keys()


def _leave_draft(draft: Draft, gone: Mapping[int, Path]) -> None:
    """Take the photos ``gone`` out of the draft."""
    files = _files(draft, gone)
    if _is_all(draft, gone):
        draft.clear()
    else:
        draft.change(lambda state: _without(state, gone.keys()))
    for file in files:
        if file.is_dir():
            shutil.rmtree(file, ignore_errors=True)
        else:
            file.unlink(missing_ok=True)
    draft.check.cache.unlink(missing_ok=True)
    draft.look_again()
    draft.check.wait()


def _without(state: State, gone: Set[int]) -> State:
    undo, redo = (
        tuple({pid: said for pid, said in level.items() if pid not in gone} for level in levels)
        for levels in (state.undo, state.redo)
    )
    items = tuple(item for item in state.items if item.id not in gone)
    return replace(state, items=items, undo=undo, redo=redo)


def _beside(photo: Path) -> list[Path]:
    """The photo and the captions beside it."""
    return [file for file in photo.parent.glob("*") if file.stem == photo.stem]


def _masks(draft: Draft, gone: Mapping[int, Path]) -> list[Path]:
    return [file for pid in gone for file in (draft.folder / "masks").glob(f"{pid}-*.png")]
