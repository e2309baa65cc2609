"""Forgetting a training: no photo, caption or picture of it stays in the home; its LoRA does, and
its place in the list with what it was set to.

In an order in which a crash leaves nothing that a second `forget` wouldn't finish: the database,
which knows where the rest lies, comes last.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from ...datasets import manifest
from ...errors import BridgeError, Conflict, Invalid
from ...jobs import facts
from ...jobs.events import without_text
from ...jobs.folder import JobFolder
from ...jobs.job import FORGOTTEN, TrainingJob
from ...jobs.store import JobRow, Store
from ...messages import Message
from ...models import lora
from ...options.params import TrainingParams
from ...paths import Home
from ...publishing import private
from ...publishing.record import Record, sha256
from ...system.files import write_json

KEPT_TEXTS = frozenset({"network_args", "optimizer_args", "lr_scheduler_args", "loss_type"})
"""Options of sd-scripts that are texts and name nothing of the user's."""


@dataclass(frozen=True)
class Forgotten:
    """``sentence`` says what is gone; ``notes`` what stays, and why."""

    sentence: str
    notes: tuple[str, ...] = ()


def forget(home: Home, store: Store, row: JobRow) -> Forgotten:
    """Delete what the home holds of the photos of ``row``. Raises `Conflict` while the job or
    another with the same copies runs or waits.
    """
    job = row.job
    if not isinstance(job, TrainingJob):
        raise Conflict("bridge.job_training", "Job {job_id} is not a training.", job_id=row.id)
    copies, others = _copies(home, job), _others(home, store, row, job)
    _refuse_active(row, others)
    folder = JobFolder.of(home, row.id)
    loras = (_lora(record, copies) for record in _records(folder))
    sharing = _sharing(store, row, job)
    notes = [*chain.from_iterable(loras), *map(_too, sharing)]
    for other in others:
        if other.kind != "train" and store.remove(other.id):
            _remove(JobFolder.of(home, other.id).root)
    _empty(folder, job, _sentence(row))
    caches = (home.looked, home.headers, home.faces, home.kept)
    for place in (*caches, *filter(None, [copies])):
        _remove(place)
    blank, sentence = _blank(home, job), _sentence(row)
    write_json(folder.job, blank.as_dict())
    if not store.forget(row.id, blank, sentence):
        raise _running(store.get(row.id))
    return Forgotten(_said(home, row.id, copies, sharing), tuple(notes))


def copies_of(home: Home, job: TrainingJob) -> list[Path]:
    """The clean copies of the job's photos in this home."""
    root = _copies(home, job)
    return sorted(root.rglob("*.png")) if root else []


# ---- what may not be ----


def _others(home: Home, store: Store, row: JobRow, job: TrainingJob) -> list[JobRow]:
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


def _refuse_active(row: JobRow, others: list[JobRow]) -> None:
    if not row.status.is_over:
        raise _running(row)
    active = next((other for other in others if not other.status.is_over), None)
    if active is not None:
        raise Conflict(
            "forget.other_runs",
            "Job {other} ({title}) is {status}, and needs the same photos. Stop it first, or wait.",
            other=active.id,
            title=active.title,
            status=active.status,
        )


def _running(row: JobRow) -> Conflict:
    text = "Job {job_id} is {status}. Stop it first."
    return Conflict("queue.job_stop_first", text, job_id=row.id, status=row.status)


def _sharing(store: Store, row: JobRow, job: TrainingJob) -> list[JobRow]:
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


def _too(other: JobRow) -> Message:
    text = "Job {other} ({title}) trained on the same photos: `forget {other}` too."
    return Message("forget.other_too", text, other=other.id, title=other.title)


# ---- what goes ----


def _copies(home: Home, job: TrainingJob) -> Path | None:
    """The folder of the job's copies, where it is one of ours;
    a user's own folder is left alone.
    """
    root = Path(job.dataset).parent
    return root if root.parent == home.datasets and root.is_dir() else None


def _records(folder: JobFolder) -> list[Record]:
    """What was published: the last step, and saved steps besides."""
    return [Record.load(file) for file in (folder.published, *folder.published_steps().values())]


def _lora(record: Record, copies: Path | None) -> list[str]:
    """Take the captions out of a published LoRA, and a photo out of its card."""
    file = Path(record.lora_dir) / f"{record.stem}.safetensors"
    if not record.stem or not file.is_file():
        return []
    notes: list[str] = []
    with contextlib.suppress(Invalid):  # not a LoRA any more
        _scrub(file)
        text = "{name} stays; the captions are taken out of it."
        notes = [Message("forget.lora_stays", text, name=file.name)]
    picture = file.with_name(f"{record.stem}.png")
    if copies and _is_our(picture, record) and _shows_a_photo(picture, copies):
        picture.unlink()
        text = "Its card's picture was one of the photos: it is gone, too."
        notes.append(Message("forget.picture", text))
    return notes


def _scrub(file: Path) -> None:
    try:
        private.scrub(file)
    except OSError as error:
        text = (
            "{file} can't be changed ({error}): close the program that has it open, and forget "
            "again."
        )
        why = error.strerror or str(error)
        raise Conflict("forget.held", text, file=str(file), error=why) from error


def _is_our(picture: Path, record: Record) -> bool:
    return picture.is_file() and sha256(picture.read_bytes()) == record.placed.get(".png")


def _shows_a_photo(picture: Path, copies: Path) -> bool:
    from ...datasets.looking.same import any_copy, measured

    shown = measured(picture)
    return shown is not None and any_copy(shown, map(measured, copies.rglob("*.png")))


def _empty(folder: JobFolder, job: TrainingJob, sentence: str) -> None:
    """Keep the LoRAs, without words, and the numbers of the report."""
    records, report = _records(folder), facts.read(folder.report)
    loras = {folder.final_lora(job.name), *(path for path, _ in folder.checkpoints(job.name))}
    kept = {path.name for path in loras if path.is_file() and not lora.problems(path)}
    for name in kept:
        _scrub(folder.output / name)
    spared = {folder.output, *(folder.output / name for name in kept)}
    there = [*folder.root.iterdir(), *folder.output.glob("*")] if folder.root.is_dir() else []
    for path in there:
        if path not in spared:
            _remove(path)
    folder.create()
    if report:
        said = {"status": report.get("status"), "sentence": sentence}
        write_json(folder.report, {**without_text(report), **said})
    for record in records:
        if record.stem:
            record.notes = []
            record.save()


def _remove(path: Path) -> None:
    """A link goes, what it leads to stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    elif path.is_symlink() or path.exists():
        path.unlink()


# ---- what is said ----


def _blank(home: Home, job: TrainingJob) -> TrainingJob:
    """The job without its photos' folder, and without texts of the user's in its options."""
    extra = {
        key: value
        for key, value in job.params.extra.items()
        if key in KEPT_TEXTS or without_text(value) not in ("", [], {})
    }
    params: TrainingParams = replace(job.params, training_comment=None, extra=extra)
    return job.evolve(dataset=str(home.datasets / FORGOTTEN), params=params, healed=())


def _sentence(row: JobRow) -> str:
    if row.status.value == "succeeded":
        return row.sentence
    return Message("forget.job", "Its photos are forgotten.")


def _said(home: Home, job_id: int, copies: Path | None, sharing: list[JobRow]) -> Message:
    if copies is not None and copies.exists():
        text = "Job {job} is forgotten, except for part of {folder}: a program has it open."
        return Message("forget.partly", text, job=job_id, folder=str(copies))
    if sharing:
        text = "Job {job} is forgotten. What other trainings hold of its photos stays: {others}."
        others = ", ".join(str(other.id) for other in sharing)
        return Message("forget.but_others", text, job=job_id, others=others)
    text = "Job {job} is forgotten: no photo, caption or picture of it is left in {home}."
    return Message("forget.done", text, job=job_id, home=str(home.root))
