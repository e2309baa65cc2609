"""Trainings that are over: side by side, and once more."""

from __future__ import annotations

from pathlib import Path

from ...errors import Invalid, Problem, short
from ...page.context import started
from ...page.finished import comparison
from ...page.finished.comparison import CompareView
from ...running.asked.repeat import Repeated
from ..bodies.jobs import FindStepBody, LikenessBody
from ..bodies.loras import EvaluateBody
from ..doors import Call
from ..queries import CompareQuery
from ..views import QueuedView, RepeatedView


def compare(call: Call, query: CompareQuery) -> CompareView:
    """Two to eight trainings side by side: of settings and data what differs, and what came of
    each.
    """
    return comparison.compare(call.context.views, _numbers(query.jobs))


def _numbers(text: str) -> list[int]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if all(word.isdecimal() and len(word) < 18 for word in words):
        return [int(word) for word in words]
    what = "{given} is not a list of jobs' numbers"
    raise Invalid([Problem("compare.numbers", "jobs", what, "Write 1,2.", given=short(text))])


def likeness(call: Call, job: int, body: LikenessBody) -> QueuedView:
    """Measure how like its photos a training's last samples are, as a job; `Result` has the
    figures then.
    """
    number = call.context.the_bridge.measure_likeness(job, body.with_)
    return QueuedView(number, [])


def evaluate(call: Call, job: int) -> QueuedView:
    """Measure the saved steps of a training on its held-out photos, as a job; `best` of `Result`
    and `Status` says then which step to use.
    """
    bridge = call.context.the_bridge
    bridge.job(job)  # before anything is freed for it

    def start() -> tuple[int, int]:
        number = bridge.evaluate(job)
        return number, number

    notes, number = started(call.context, start)
    return QueuedView(number, notes)


def find_step(call: Call, job: int, body: FindStepBody) -> QueuedView:
    """Find the step for all photos of a training by short trainings, as a job; `best` of that job,
    and `best_of_all` of the training's `Result`, say then which step. `POST jobs/ID/retry` with
    `all_photos` and `steps` trains all photos for it.
    """
    bridge = call.context.the_bridge
    bridge.job(job)  # before anything is freed for it

    def start() -> tuple[int, int]:
        number = bridge.find_step(job, body.folds)
        return number, number

    notes, number = started(call.context, start)
    return QueuedView(number, notes)


def evaluate_file(call: Call, body: EvaluateBody) -> QueuedView:
    """Measure any LoRA for SD 1.5, SD 2 or SDXL on photos, as a job. `best` of `GET jobs/ID` has
    the losses then: step 0 is the base alone, the other the LoRA (its steps, or 1).
    """
    known = [Path(base.path) for base in call.context.models()]

    def start() -> tuple[int, int]:
        number = call.context.the_bridge.evaluate_file(body.file, body.on, body.base, known)
        return number, number

    notes, number = started(call.context, start)
    return QueuedView(number, notes)


def repeat(call: Call, job: int) -> RepeatedView:
    """Queue the same training once more, as a new job; says what has changed since."""
    bridge = call.context.the_bridge
    bridge.job(job)  # before anything is freed for it

    def start() -> tuple[int, Repeated]:
        done = bridge.repeat(job)
        return done.job, done

    notes, done = started(call.context, start)
    return RepeatedView(done.sentence, done.job, done.of, [*done.notes, *notes])
