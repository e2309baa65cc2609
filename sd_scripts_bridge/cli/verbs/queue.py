"""Verbs for the queue and what came of its jobs."""

from __future__ import annotations

import argparse
import json
from typing import Any

from ...bridge import Bridge
from ...errors import BridgeError, Invalid, Problem
from ...jobs.facts import lines as report_lines
from ...jobs.facts import read
from ...jobs.meter import duration
from ...jobs.store import JobRow
from ..output import OK, PROBLEM, error_dict, refuse, show


def jobs(bridge: Bridge, options: argparse.Namespace) -> int:
    if options.job is not None:
        row = bridge.job(options.job)
        done = read(bridge.folder(row.id).report)
        show(
            options,
            {**_job_dict(row), "report": done or None},
            [_job_line(row), *report_lines(done)],
        )
        return OK
    rows = bridge.jobs()
    lines = [_job_line(row) for row in rows] or ["There are no jobs."]
    show(options, [_job_dict(row) for row in rows], lines)
    return OK


def log(bridge: Bridge, options: argparse.Namespace) -> int:
    lines = bridge.log(options.job, options.lines)
    show(options, {"job": options.job, "lines": lines}, lines)
    return OK


def report(bridge: Bridge, options: argparse.Namespace) -> int:
    text = bridge.report(options.job)
    show(options, {"job": options.job, "text": text}, [text.rstrip()])
    return OK


def result(bridge: Bridge, options: argparse.Namespace) -> int:
    from ...page.jobs import JobViews
    from ...page.result import result_dict

    found = result_dict(JobViews(bridge), options.job, [])
    how = "For txt2img: paste this into the prompt, then press the arrow below Generate."
    show(
        options,
        found,
        [found["sentence"], found["file"], "", how, "", found["infotext_512"] or found["infotext"]],
    )
    return OK


def stop(bridge: Bridge, options: argparse.Namespace) -> int:
    return _say(options, bridge.stop(options.job, now=options.now))


def pause(bridge: Bridge, options: argparse.Namespace) -> int:
    return _say(options, bridge.pause(options.job, options.minutes))


def resume(bridge: Bridge, options: argparse.Namespace) -> int:
    return _say(options, bridge.resume(options.job))


def retry(bridge: Bridge, options: argparse.Namespace) -> int:
    return _say(options, bridge.retry(options.job))


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


# ---- showing ----


def _say(options: argparse.Namespace, sentence: str) -> int:
    show(options, {"job": options.job, "sentence": sentence}, [sentence])
    return OK


def _job_line(row: JobRow) -> str:
    took = (
        f", {duration(max(0.0, row.finished - row.started))}"
        if row.finished and row.started
        else ""
    )
    return f"{row.id:>4}  {row.status.value:<9}  {row.title}{took}" + (
        f"  {row.sentence}" if row.sentence else ""
    )


def _job_dict(row: JobRow) -> dict[str, Any]:
    names = ("id", "kind", "title", "attempt", "created", "started", "finished", "sentence")
    return {
        "status": str(row.status),
        **{name: getattr(row, name) for name in names},
        "job": json.loads(row.spec),
    }
