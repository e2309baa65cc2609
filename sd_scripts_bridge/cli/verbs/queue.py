"""Verbs for the queue and what came of its jobs."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...bridge import Bridge
from ...errors import BridgeError, Invalid, Problem
from ...jobs.facts import lines as report_lines
from ...jobs.facts import read
from ...jobs.folder import KEEP
from ...jobs.job import Status, TrainingJob
from ...jobs.store import JobRow
from ...outcome.fold import Fold
from ...planning.preflight import size
from .. import summary
from ..output import OK, PROBLEM, USAGE, counted, error_dict, refuse, show
from ..tables import job_table, loss_table
from ..terminal import Terminal

if TYPE_CHECKING:
    from ...page.progress.best import BestView
    from ...page.progress.strip import StripView
    from ...page.result import ResultView
    from ...running.asked.repeat import Repeated


def jobs(bridge: Bridge, options: argparse.Namespace) -> int:
    from ...page.progress.best import best_of

    terminal = Terminal.of(sys.stdout)
    if options.job is None:
        rows = bridge.jobs()
        show(options, [_job_dict(row) for row in rows], job_table.lines(rows, terminal))
        return OK
    row = bridge.job(options.job)
    done = read(bridge.folder(row.id).report)
    told = [*job_table.lines([row], terminal), *_settings(row), *report_lines(done)]
    if row.status is Status.SUCCEEDED:
        told.insert(2, f"  {row.sentence}")
    strip = _strip(bridge, row)
    told += _strip_lines(strip)
    best = best_of(bridge.folder(row.id))
    told += [f"  {'best step':<10} {best.reason}"] if best else []
    data = {**_job_dict(row), "report": done or None, "strip": strip, "best": best}
    show(options, data, told)
    return OK


def log(bridge: Bridge, options: argparse.Namespace) -> int:
    if options.csv:
        bridge.job(options.job)
        text = loss_table.text(bridge.events(options.job))
        show(options, {"job": options.job, "csv": text}, text.splitlines())
        return OK
    lines = bridge.log(options.job, options.lines)
    show(options, {"job": options.job, "lines": lines}, lines)
    return OK


def report(bridge: Bridge, options: argparse.Namespace) -> int:
    text = bridge.report(options.job)
    show(options, {"job": options.job, "text": text}, [text.rstrip()])
    return OK


def result(bridge: Bridge, options: argparse.Namespace) -> int:
    from ...page.jobs import JobViews
    from ...page.result import result_of

    found = result_of(JobViews(bridge), options.job, [])
    how = "For txt2img: paste this into the prompt, then press the arrow below Generate."
    like = f"Likeness: {found.likeness.sentence}" if found.likeness else ""
    named = [found.sentence, found.file, *_best(found.best), *_average(found), like]
    show(options, found, [*named, "", how, "", found.infotext_512 or found.infotext])
    return OK


def _best(best: BestView | None) -> list[str]:
    """Which step to use, its usable range and how sure that is; nothing where none was measured."""
    if best is None:
        return []
    if best.step is None:
        return [f"Best step: {best.reason}"]
    usable = f", usable {best.range_[0]} to {best.range_[1]}" if best.range_ else ""
    return [f"Best step: {best.step}{usable}, {'sure' if best.sure else 'not sure'}. {best.reason}"]


def _average(found: ResultView) -> list[str]:
    """What is better than the best step, and how to have it."""
    if found.average is None:
        return []
    return [f"{found.average.sentence} publish {found.job} --step {found.average.step} --average"]


def stop(bridge: Bridge, options: argparse.Namespace) -> int:
    return _say(options, bridge.stop(options.job, now=options.now))


def pause(bridge: Bridge, options: argparse.Namespace) -> int:
    return _say(options, bridge.pause(options.job, options.minutes))


def resume(bridge: Bridge, options: argparse.Namespace) -> int:
    return _say(options, bridge.resume(options.job, options.step))


def retry(bridge: Bridge, options: argparse.Namespace) -> int:
    if options.all_photos:
        return _show_repeated(options, bridge.retry_on_all(options.job, options.steps))
    if options.steps is not None:
        sentence = "--steps goes with --all-photos: without it the job starts over as it was."
        return refuse(sentence, as_json=options.json, code=USAGE)
    return _say(options, bridge.retry(options.job))


def repeat(bridge: Bridge, options: argparse.Namespace) -> int:
    return _show_repeated(options, bridge.repeat(options.job))


def remove(bridge: Bridge, options: argparse.Namespace) -> int:
    """Each job by itself: one that can't be removed keeps none of the others."""
    removed: list[dict[str, Any]] = []
    refused: list[Problem] = []
    for job in options.job:
        try:
            removed.append({"job": job, "sentence": bridge.remove(job)})
        except BridgeError as error:
            refused.append(Problem("job.not_removed", "", error.message))
    failure = Invalid(refused)
    data = {"removed": removed, **(error_dict(failure) if refused else {})}
    show(options, data, [row["sentence"] for row in removed])
    if refused and not options.json:
        refuse(failure, as_json=False)
    return PROBLEM if refused else OK


def clean(bridge: Bridge, options: argparse.Namespace) -> int:
    from ...page import tidying

    found = tidying.clean(bridge, options.keep, dry_run=options.dry_run)
    lines = [
        f"Job {one.job}: {size(one.bytes)} in {counted(one.files, 'file')}" for one in found.freed
    ]
    lines += [*found.copies.lines, found.sentence]
    lines.append(f"Kept of a finished training: {KEEP[found.keep]}.")
    show(options, found, lines)
    return OK


# ---- showing ----


def _say(options: argparse.Namespace, sentence: str) -> int:
    show(options, {"job": options.job, "sentence": sentence}, [sentence])
    return OK


def _show_repeated(options: argparse.Namespace, done: Repeated) -> int:
    show(options, asdict(done), [done.sentence, *done.notes])
    return OK


def _settings(row: JobRow) -> list[str]:
    """What a training was asked for; nothing where another version wrote it."""
    try:
        job = row.job
    except BridgeError:
        return []
    return summary.lines(job) if isinstance(job, TrainingJob) else []


def _strip(bridge: Bridge, row: JobRow) -> StripView | None:
    """The sample pictures by step and prompt, as files."""
    from ...page.progress.strip import sampled, strip

    folder, fold = bridge.folder(row.id), Fold.of(bridge.outline(row.id))
    subject = str(json.loads(row.spec).get("subject") or "")
    pictures = sampled(folder, fold.samples)
    found = strip(pictures, fold.samples, folder, subject, lambda _, path: str(path))
    return found if found.steps else None


def _strip_lines(strip: StripView | None) -> list[str]:
    if strip is None:
        return []
    steps = ", ".join(str(step) if step else "before" for step in strip.steps)
    where = next(path for row in strip.pictures for path in row if path)
    return [
        f"  {'samples':<10} {steps}; in {Path(where).parent}",
        *(f"  {'':<10} {text}" for text in strip.prompts if text),
    ]


def _job_dict(row: JobRow) -> dict[str, Any]:
    names = ("id", "kind", "title", "attempt", "created", "started", "finished", "sentence")
    return {
        "status": str(row.status),
        **{name: getattr(row, name) for name in names},
        "job": json.loads(row.spec),
    }
