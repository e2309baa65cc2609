"""Verbs for jobs that are over: compare them, forget their photos."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from ...bridge import Bridge
from ...page.finished import forgetting
from ...page.finished.comparison import compare as compared
from ...page.jobs import JobViews
from ..output import OK, show
from ..tables import comparison


def compare(bridge: Bridge, options: argparse.Namespace) -> int:
    told = compared(JobViews(bridge), options.job)
    show(options, asdict(told), comparison.lines(told))
    return OK


def forget(bridge: Bridge, options: argparse.Namespace) -> int:
    deed = forgetting.look if options.dry_run else forgetting.forget
    done = deed(bridge, options.job)
    show(options, {"job": options.job, **asdict(done)}, [done.sentence, *done.notes])
    return OK
