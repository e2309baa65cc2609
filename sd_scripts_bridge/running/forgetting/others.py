"""Other jobs that hold something of a training's photos: they stand in the way, go too, or are
named.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from ...datasets import manifest
from ...errors import BridgeError, Conflict
from ...jobs import facts
from ...jobs.folder import JobFolder
from ...jobs.job import TrainingJob
from ...jobs.store import JobRow, Store
from ...messages import Message
from ...paths import Home


def concerned(home: Home, store: Store, row: JobRow, job: TrainingJob) -> list[JobRow]:
    """Other jobs with the same copies, and tools' that worked on this one or its photos."""
    places = [json.dumps(place)[1:-1] for place in _places(home, job)]
    called = set() if job.is_forgotten else manifest.stems(Path(job.dataset).parent)
    return [
        other
        for other in store.jobs()
        if other.id != row.id
        and (
            _needs(other, row.id, job)
            or (other.kind == "tool" and (_names(other, places) or _gave(home, other, called)))
        )
    ]


def _places(home: Home, job: TrainingJob) -> list[str]:
    """Where the photos lie, or came from: a captioner's job names one of these."""
    root = Path(job.dataset).parent
    if job.is_forgotten:
        return []
    source = manifest.read(root).get("source")
    if isinstance(source, dict):
        return [str(root), *(str(folder) for folder in source.get("folders", ()))]
    uploaded = [str(home.root / "draft" / "photos")] if root.parent == home.datasets else []
    return [str(root), *uploaded]


def _names(other: JobRow, places: list[str]) -> bool:
    return any(place in other.spec for place in places)


def _gave(home: Home, other: JobRow, called: set[str]) -> bool:
    """Whether it took any of the photos, by their names, from a video."""
    frames = facts.read(JobFolder.of(home, other.id).result).get("frames")
    told = [frame.get("file", "") for frame in frames or () if isinstance(frame, dict)]
    return any(Path(file).stem in called for file in told)


def _needs(other: JobRow, job_id: int, job: TrainingJob) -> bool:
    try:
        theirs = other.job
    except BridgeError:  # another version's: whether it needs them is in its text
        return not job.is_forgotten and job.dataset in other.spec
    if isinstance(theirs, TrainingJob):
        return not job.is_forgotten and _root(theirs) == _root(job)
    return getattr(theirs, "about", None) == job_id


def _root(job: TrainingJob) -> str:
    return os.path.realpath(Path(job.dataset).parent)


def refuse_active(row: JobRow, others: list[JobRow]) -> None:
    """Raises `Conflict` while the job or any of the ``others`` runs or waits."""
    if not row.status.is_over:
        raise running(row)
    active = next((other for other in others if not other.status.is_over), None)
    if active is not None:
        raise Conflict(
            "forget.other_runs",
            "Job {other} ({title}) is {status}, and needs the same photos. Stop it first, or wait.",
            other=active.id,
            title=active.title,
            status=active.status,
        )


def running(row: JobRow) -> Conflict:
    """What is said of a job that isn't over."""
    text = "Job {job_id} is {status}. Stop it first."
    return Conflict("queue.job_stop_first", text, job_id=row.id, status=row.status)


def sharing(store: Store, row: JobRow, job: TrainingJob) -> list[JobRow]:
    """Other trainings on any of the same photos: on these copies, which they lose, or on others.
    What they wrote themselves they keep.
    """
    photos = set() if job.is_forgotten else manifest.photos(Path(job.dataset).parent)

    def shares(other: JobRow) -> bool:
        if other.id == row.id or other.kind != "train":
            return False
        root = _dataset_of(other)
        return _needs(other, row.id, job) or bool(root and photos & manifest.photos(root))

    return [other for other in store.jobs() if shares(other)]


def _dataset_of(row: JobRow) -> Path | None:
    try:
        job = row.job
    except BridgeError:  # another version's
        return None
    return Path(job.dataset).parent if isinstance(job, TrainingJob) else None


def too(other: JobRow) -> Message:
    """What is said of a training that keeps something of the photos."""
    text = "Job {other} ({title}) trained on the same photos: `forget {other}` too."
    return Message("forget.other_too", text, other=other.id, title=other.title)
