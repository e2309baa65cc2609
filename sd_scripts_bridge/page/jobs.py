"""Jobs as the page gets them: docs/rest.md's `Job`, `Jobs` and `Status`, folded from the events
once and then kept up to date.
"""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from ..bridge import Bridge
from ..jobs import facts as job_facts
from ..jobs.folder import JobFolder
from ..jobs.job import FORGOTTEN, Status, ToolJob, TrainingJob
from ..jobs.meter import Pace
from ..jobs.store import JobRow
from ..jobs.wanted import Wanted
from ..messages import Message, code_of
from ..outcome.fold import Fold, Point, thinned
from ..running import silence
from ..shapes.marks import Example, OneOf
from .progress.best import BestView, best_of
from .progress.samples import SampleView, sample_views, strip_of
from .progress.strip import StripView

FOLDS = 8
RECONCILE_SECONDS = 5.0
OF_A_PAUSE = ("note.paused_step_goes_itself", "note.paused_tool")

Seconds = Annotated[float | None, "seconds since 1970", Example(1764028800.0)]
Text = Annotated[str | None, Example(None)]


@dataclass(frozen=True)
class JobView:
    """One job: a training, or the set-up of the training environment."""

    id: Annotated[int, Example(12)]
    kind: Annotated[str, OneOf(("train", "setup", "tool")), "tool: a program that trains nothing"]
    title: Annotated[str, Example("AlvaroBadia")]
    status: Annotated[str, OneOf(tuple(map(str, Status))), Example("running")]
    attempt: Annotated[int, "counts resumes and retries", Example(1)]
    created: Annotated[float, "seconds since 1970", Example(1764028800.0)]
    started: Seconds
    finished: Annotated[float | None, "seconds since 1970", Example(None)]
    sentence: Annotated[str, "how it ended, or why"]
    engine: Annotated[str | None, Example("sd-scripts")]
    base: Annotated[str | None, "the base model's file, without its ending", Example("sd15")]
    family: Annotated[str | None, Example("sd1")]
    step: Annotated[int, Example(640)]
    total: Annotated[int | None, "steps that are planned", Example(1500)]
    rate: Annotated[
        float | None, "steps a second; null until it is known, and when it is over", Example(1.8)
    ]
    left: Annotated[float | None, "seconds; null as `rate` is", Example(478.0)]
    loss: Annotated[float | None, Example(0.0921)]
    saved: Annotated[
        int | None,
        "the step of the newest checkpoint, of a training that did not finish",
        Example(None),
    ]
    begins: Annotated[
        float | None,
        "seconds since 1970: a time that it waits for; null where it waits for none",
        Example(None),
    ]
    forgotten: Annotated[bool, "its photos are deleted: it can't be trained again"]
    silent: Annotated[
        float | None,
        "seconds since the trainer last wrote anything; null below three minutes",
        Example(None),
    ]


@dataclass(frozen=True)
class JobsView:
    """A page of the queue and its history, newest first."""

    jobs: Sequence[JobView]
    more: Annotated[bool, "ask again with `below`: the last job's number"]
    found: Annotated[int, "jobs that the search and the filter let through", Example(1)]
    total: Annotated[int, "all jobs", Example(1)]


@dataclass(frozen=True)
class PausedView:
    """A job that waits until a pause is over."""

    job: JobView
    until: Annotated[float, "seconds since 1970", Example(1764029400.0)]


@dataclass(frozen=True)
class ProgressView:
    """Where the queue stands, and how far one of its jobs is."""

    seq: Annotated[int, "of the newest event of `job`: ask again with it as `since`", Example(2211)]
    running: JobView | None
    waiting: Annotated[int, "how many jobs wait for their turn", Example(0)]
    paused: Annotated[PausedView | None, Example(None)]
    job: Annotated[JobView | None, "the named one, else the running one, else the newest"]
    curve: Annotated[
        Sequence[Point],
        "step, loss, attempt of what came after `since`: at most 2,000 points, whole runs thinned "
        "evenly; where a later attempt went back, its points repeat those steps",
        Example([[639, 0.0934, 1], [640, 0.0921, 1]]),
    ]
    phase: Annotated[str, "what it does besides training steps"]
    notes: Sequence[str]
    samples: Sequence[SampleView]
    strip: Annotated[StripView | None, "the samples by step and prompt; null before the first"]
    best: Annotated[BestView | None, "null where no photo is held out"]


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
            new = self.bridge.events(job_id, fold.seq) if fold.seq else self.bridge.outline(job_id)
            for entry in new:
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

    def history(self, count: int, below: int | None, wanted: Wanted) -> JobsView:
        """One page of the jobs that are ``wanted``, newest first."""
        self.active()
        rows = self.bridge.newest(count + 1, below=below, wanted=wanted)
        return JobsView(
            jobs=[self.view(row) for row in rows[:count]],
            more=len(rows) > count,
            found=self.bridge.count(wanted),
            total=self.bridge.count(),
        )

    def row(self, job_id: int) -> JobRow:
        """Raises `NotFound`."""
        return _by_id(self.active(), job_id) or self.bridge.job(job_id)

    def view(self, row: JobRow) -> JobView:
        """One job as the page gets it."""
        job, spec_error = _spec(row)
        pace = self._pace(row)
        now = pace if row.status in (Status.RUNNING, Status.STOPPING) else None
        log = self.bridge.folder(row.id).log
        return JobView(
            id=row.id,
            kind=row.kind,
            title=row.title,
            status=str(row.status),
            attempt=row.attempt,
            created=row.created,
            started=row.started,
            finished=row.finished,
            sentence=row.sentence or spec_error,
            engine=job.get("engine"),
            base=Path(job["base"]).stem if job.get("base") else None,
            family=job.get("family"),
            step=pace.step if pace else 0,
            total=pace.total if pace else (job.get("params") or {}).get("max_train_steps"),
            rate=now.rate if now else None,
            left=now.left if now else None,
            loss=pace.loss if pace else None,
            saved=self._saved(row, job),
            begins=row.not_before if row.waits_for_its_time else None,
            forgotten=str(job.get("dataset")).endswith(FORGOTTEN),
            silent=silence.seconds(row, log, pace.rate if pace else None),
        )

    def _saved(self, row: JobRow, job: Mapping[str, Any]) -> int | None:
        """The step of the newest checkpoint of a training that did not finish."""
        if row.kind != "train" or not row.status.is_over or row.status is Status.SUCCEEDED:
            return None
        found = self.bridge.folder(row.id).checkpoints(str(job.get("name")))
        return found[-1][1] if found else None

    def _pace(self, row: JobRow) -> Pace | None:
        """Where it stands; of a job that is over its report knows, and thousands of events needn't
        be read for a list.
        """
        if row.status.is_over and row.id not in self._folds:
            done = read_report(self.bridge.folder(row.id))
            if done.get("attempt") == row.attempt and done.get("planned_steps"):
                return Pace(done["steps"], done["planned_steps"], done.get("loss"), None, None)
        return self.fold(row.id).reading

    def status(self, job_id: int | None, since: int) -> ProgressView:
        """The running job, else one that is paused, else the newest; or the one named.

        Raises `NotFound` for a job that was named and isn't there.
        """
        rows = self.active()
        running = next((row for row in rows if row.status is not Status.QUEUED), None)
        waiting = [row for row in rows if row.status is Status.QUEUED]
        pauses = self.bridge.pauses() if waiting else {}
        paused = next((row for row in waiting if row.device in pauses), None)
        shown = self._shown(job_id, rows, running or paused)
        fold = self.fold(shown.id) if shown else Fold()
        return ProgressView(
            seq=fold.seq,
            running=self.view(running) if running else None,
            waiting=len(waiting),
            paused=PausedView(self.view(paused), pauses[paused.device]) if paused else None,
            job=self.view(shown) if shown else None,
            curve=thinned([point for seq, point in fold.curve if seq > since]),
            phase=self._phase(shown, paused, fold, waiting),
            notes=_notes(shown, fold),
            samples=sample_views(self.bridge.folder(shown.id), shown.id, fold) if shown else [],
            strip=self.strip(shown) if shown else None,
            best=best_of(self.bridge.folder(shown.id)) if shown else None,
        )

    def strip(self, row: JobRow) -> StripView | None:
        """The sample pictures by step and prompt; None before the first."""
        fold, folder = self.fold(row.id), self.bridge.folder(row.id)
        found = strip_of(folder, row.id, fold, str(_spec(row)[0].get("subject") or ""))
        return found if found.steps else None

    def _shown(
        self, job_id: int | None, rows: Sequence[JobRow], active: JobRow | None
    ) -> JobRow | None:
        if job_id is None:
            found = active or next(iter(self.bridge.newest(1)), None)
            return found and self._training_of(found)
        # of the same look where it is active, so that it agrees with `running`
        return _by_id(rows, job_id) or self.bridge.job(job_id)

    def _training_of(self, row: JobRow) -> JobRow:
        """What a tool is about: a training is looked at also while its pictures are drawn."""
        about = _spec(row)[0].get("about") if row.kind == ToolJob.kind else None
        return (self.bridge.job_or_none(about) if isinstance(about, int) else None) or row

    def _phase(
        self, shown: JobRow | None, paused: JobRow | None, fold: Fold, waiting: Sequence[JobRow]
    ) -> str:
        if shown is None or shown == paused:
            return "paused" if shown else ""
        return _phase(self.bridge, shown, fold, waiting)


def _by_id(rows: Sequence[JobRow], job_id: int) -> JobRow | None:
    return next((row for row in rows if row.id == job_id), None)


def _notes(row: JobRow | None, fold: Fold) -> list[str]:
    """What it says of itself: of a pause only as long as it waits."""
    waits = row is not None and row.status is Status.QUEUED
    return [note for note in fold.notes if waits or code_of(note) not in OF_A_PAUSE]


def _spec(row: JobRow) -> tuple[dict[str, Any], str]:
    try:
        data = json.loads(row.spec)
    except ValueError:
        return {}, Message("phase.job_cant_read", "What this job was to do can't be read.")
    return (data, "") if isinstance(data, dict) else ({}, "")


def _phase(bridge: Bridge, row: JobRow, fold: Fold, waiting: Sequence[JobRow]) -> str:
    if row.waits_for_its_time:
        return row.sentence
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


def read_report(folder: JobFolder) -> dict[str, Any]:
    """report.json; empty where there is none that can be read."""
    return job_facts.read(folder.report)
