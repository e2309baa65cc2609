"""Jobs as the page gets them: docs/rest.md's `Job` and `status`, folded from the events once and
then kept up to date.
"""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..bridge import Bridge
from ..errors import NotFound
from ..jobs import facts as job_facts
from ..jobs.events import Note, Phase, Progress, Proof, Published, Result, Sample, Started
from ..jobs.folder import JobFolder
from ..jobs.job import Status, TrainingJob
from ..jobs.meter import Meter, Pace
from ..jobs.store import Entry, JobRow
from ..jobs.wanted import Wanted
from ..messages import Message
from ..running import silence
from ..system.files import mark
from .shape import plain
from .strip import Sampled, StripView, sampled, strip

CURVE_POINTS = 2000
CURVE_KEPT = 20_000
"""Of a run of days the older half gets thinner each time that there are more."""
FOLDS = 8
RECONCILE_SECONDS = 5.0

Point = tuple[int, float, int]


@dataclass
class Fold:
    """What a job's events add up to."""

    seq: int = 0
    attempt: int = 0
    meter: Meter = field(default_factory=Meter)
    reading: Pace | None = None
    curve: list[tuple[int, Point]] = field(default_factory=list)
    phase: str = ""
    notes: list[str] = field(default_factory=list)
    samples: dict[str, Sample] = field(default_factory=dict)
    """By the file's name."""
    proof: Proof | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    published: Published | None = None
    first: tuple[float, int] | None = None
    """Time and step of the attempt's first progress."""
    last: tuple[float, int] | None = None

    def add(self, entry: Entry) -> None:
        self.seq, event = entry.seq, entry.event
        if isinstance(event, Started):
            self._begin(entry.attempt)
        elif isinstance(event, Progress):
            self._progress(entry, event)
        elif isinstance(event, Phase):
            self.phase = event.text
        elif isinstance(event, Note):
            self.notes.append(event.text)
        elif isinstance(event, Sample):
            self.samples[Path(event.path).name] = event
        elif isinstance(event, Proof):
            self.proof = event
        elif isinstance(event, Result):
            self.facts.update(event.facts)
        elif isinstance(event, Published):
            self.published = event

    def _begin(self, attempt: int) -> None:
        """The curve stays, so that an attempt that goes on continues its line."""
        self.attempt, self.meter, self.phase = attempt, Meter(), ""
        self.notes, self.proof, self.first, self.reading = [], None, None, None

    def _progress(self, entry: Entry, event: Progress) -> None:
        self.reading = self.meter.add(entry.time, event)
        self.phase = ""
        self.first = self.first or (entry.time, event.step)
        self.last = (entry.time, event.step)
        if event.loss is not None:
            self.curve.append((entry.seq, (event.step, event.loss, entry.attempt)))
            if len(self.curve) > CURVE_KEPT:
                del self.curve[1 : CURVE_KEPT // 2 : 2]

    @property
    def seconds_a_step(self) -> float | None:
        """Over the whole of the last attempt; None where it is too short to tell."""
        if not self.first or not self.last or self.last[1] - self.first[1] < 5:
            return None
        return (self.last[0] - self.first[0]) / (self.last[1] - self.first[1])


class JobViews:
    """The folds of this process; each event is read once, as long as somebody looks at its job."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self._folds: OrderedDict[int, Fold] = OrderedDict()
        self._lock = threading.Lock()
        self._reconciled = 0.0

    def fold(self, job_id: int) -> Fold:
        with self._lock:
            fold = self._folds.pop(job_id, None) or Fold()
            for entry in self.bridge.events(job_id, fold.seq):
                fold.add(entry)
            self._folds[job_id] = fold
            while len(self._folds) > FOLDS:
                self._folds.popitem(last=False)
            return fold

    def forget(self, job_id: int) -> None:
        with self._lock:
            self._folds.pop(job_id, None)

    def active(self) -> list[JobRow]:
        """The jobs that run, stop or wait, oldest first.

        Whether their supervisor still lives is looked up every few seconds.
        """
        rows = self.bridge.active(reconcile=False)
        if rows and time.monotonic() - self._reconciled > RECONCILE_SECONDS:
            self._reconciled = time.monotonic()
            rows = self.bridge.active()
        return rows

    def history(self, count: int, below: int | None, wanted: Wanted) -> dict[str, Any]:
        """docs/rest.md's `GET jobs`: one page, newest first."""
        self.active()
        rows = self.bridge.newest(count + 1, below=below, wanted=wanted)
        return {
            "jobs": [self.job_dict(row) for row in rows[:count]],
            "more": len(rows) > count,
            "found": self.bridge.count(wanted),
            "total": self.bridge.count(),
        }

    def row(self, job_id: int) -> JobRow:
        """Raises `NotFound`."""
        return _by_id(self.active(), job_id) or self.bridge.job(job_id)

    def job_dict(self, row: JobRow) -> dict[str, Any]:
        job, spec_error = _spec(row)
        reading = self._reading(row)
        is_running = row.status in (Status.RUNNING, Status.STOPPING)
        return {
            "id": row.id,
            "kind": row.kind,
            "title": row.title,
            "status": str(row.status),
            "attempt": row.attempt,
            "created": row.created,
            "started": row.started,
            "finished": row.finished,
            "sentence": row.sentence or spec_error,
            "engine": job.get("engine"),
            "base": Path(job["base"]).stem if job.get("base") else None,
            "family": job.get("family"),
            "step": reading.step if reading else 0,
            "total": reading.total if reading else (job.get("params") or {}).get("max_train_steps"),
            "rate": reading.rate if reading and is_running else None,
            "left": reading.left if reading and is_running else None,
            "loss": reading.loss if reading else None,
            "saved": self._saved(row, job),
            "silent": silence.seconds(
                row, self.bridge.folder(row.id).log, reading.rate if reading else None
            ),
        }

    def _saved(self, row: JobRow, job: Mapping[str, Any]) -> int | None:
        """The step of the newest checkpoint of a training that came to no end."""
        if row.kind != "train" or not row.status.is_over or row.status is Status.SUCCEEDED:
            return None
        found = self.bridge.folder(row.id).checkpoints(str(job.get("name")))
        return found[-1][1] if found else None

    def _reading(self, row: JobRow) -> Pace | None:
        """Where it stands; of a job that is over its report knows, and thousands of events needn't
        be read for a list.
        """
        if row.status.is_over and row.id not in self._folds:
            done = read_report(self.bridge.folder(row.id))
            if done.get("attempt") == row.attempt and done.get("planned_steps"):
                return Pace(done["steps"], done["planned_steps"], done.get("loss"), None, None)
        return self.fold(row.id).reading

    def status(self, job_id: int | None, since: int) -> dict[str, Any]:
        """docs/rest.md's `status`, without "boot".

        Raises `NotFound` for a job that was named and isn't there.
        """
        rows = self.active()
        running = next((row for row in rows if row.status is not Status.QUEUED), None)
        waiting = [row for row in rows if row.status is Status.QUEUED]
        pauses = self.bridge.pauses() if waiting else {}
        paused = next((row for row in waiting if row.device in pauses), None)
        if job_id is None:
            shown = running or paused or next(iter(self.bridge.newest(1)), None)
        else:  # of the same look where it is active, so that it agrees with `running`
            shown = _by_id(rows, job_id) or self.bridge.job(job_id)
        answer = {
            "running": self.job_dict(running) if running else None,
            "waiting": len(waiting),
            "paused": {"job": self.job_dict(paused), "until": pauses[paused.device]}
            if paused
            else None,
        }
        if shown is None:
            return {
                "seq": 0,
                **answer,
                "job": None,
                "curve": [],
                "phase": "",
                "notes": [],
                "samples": [],
                "strip": None,
            }
        fold = self.fold(shown.id)
        points = [point for seq, point in fold.curve if seq > since]
        return {
            "seq": fold.seq,
            **answer,
            "job": self.job_dict(shown),
            "curve": thinned(points),
            "phase": "paused" if shown == paused else _phase(self.bridge, shown, fold, waiting),
            "notes": list(fold.notes),
            "samples": sample_dicts(self.bridge.folder(shown.id), shown.id, fold),
            "strip": self.strip(shown),
        }

    def strip(self, row: JobRow) -> dict[str, Any] | None:
        """The sample pictures by step and prompt, as `StripView` describes them; None before the
        first.
        """
        fold, folder = self.fold(row.id), self.bridge.folder(row.id)
        found = strip_of(folder, row.id, fold, str(_spec(row)[0].get("subject") or ""))
        return plain(found) if found.steps else None


def _by_id(rows: Sequence[JobRow], job_id: int) -> JobRow | None:
    return next((row for row in rows if row.id == job_id), None)


def _spec(row: JobRow) -> tuple[dict[str, Any], str]:
    try:
        data = json.loads(row.spec)
    except ValueError:
        return {}, Message("phase.job_cant_read", "What this job was to do can't be read.")
    return (data, "") if isinstance(data, dict) else ({}, "")


def _phase(bridge: Bridge, row: JobRow, fold: Fold, waiting: Sequence[JobRow]) -> str:
    if row.status is Status.QUEUED:
        before = [other.id for other in waiting].index(row.id) if row in waiting else 0
        return (
            Message("phase.waiting_before", "waiting, {before} before it", before=before)
            if before
            else Message("phase.waiting_turn", "waiting for its turn")
        )
    if row.status is Status.STOPPING:
        words = {
            "now": Message("phase.stopping_now", "stopping now"),
            "pause": Message("phase.pausing_next_save", "pausing at the next save"),
        }.get(
            row.stop or "",
            Message("phase.stopping_after_next_save", "stopping after the next save"),
        )
        step = _next_save(bridge, row, fold) if row.stop != "now" else None
        if not step:
            return words
        return Message("phase.at_step", "{words}, step {step}", words=words, step=step)
    return fold.phase if row.status is Status.RUNNING else ""


def _next_save(bridge: Bridge, row: JobRow, fold: Fold) -> int | None:
    """The step that the next save comes at; None where the engine saves on request, or nothing is
    known yet.
    """
    job = row.job
    if not isinstance(job, TrainingJob) or fold.reading is None:
        return None
    return bridge.engine_of(job).next_save(job, fold.reading.step)


def thinned(points: Sequence[Point], most: int = CURVE_POINTS) -> list[Point]:
    """At most ``most`` of the points, evenly, the first and the last among them."""
    if len(points) <= most:
        return list(points)
    gap = (len(points) - 1) / (most - 1)
    return [points[round(number * gap)] for number in range(most)]


def read_report(folder: JobFolder) -> dict[str, Any]:
    """report.json; empty where there is none that can be read."""
    return job_facts.read(folder.report)


# ---- samples ----


def samples(folder: JobFolder, fold: Fold) -> list[Sampled]:
    """See `strip.sampled`."""
    return sampled(folder, fold.samples)


def sample_dicts(folder: JobFolder, job_id: int, fold: Fold) -> list[dict[str, Any]]:
    return [
        {"url": _sample_url(job_id, number, one.path), "step": one.step}
        for number, one in enumerate(samples(folder, fold))
    ]


def strip_of(folder: JobFolder, job_id: int, fold: Fold, subject: str) -> StripView:
    """The job's sample pictures by step and prompt, as addresses below the prefix."""
    return strip(
        samples(folder, fold),
        fold.samples,
        folder,
        subject,
        lambda number, path: _sample_url(job_id, number, path),
    )


def _sample_url(job_id: int, number: int, path: Path) -> str:
    return f"jobs/{job_id}/samples/{number}?v={mark(path)}"


def sample(bridge: Bridge, job_id: int, number: int, fold: Fold) -> Path:
    """Raises `NotFound`."""
    found = samples(bridge.folder(job_id), fold)
    if not 0 <= number < len(found):
        raise NotFound(
            "jobs.job_sample",
            "Job {job_id} has no sample {number}; it has {count}.",
            job_id=job_id,
            number=number,
            count=len(found),
        )
    return found[number].path
