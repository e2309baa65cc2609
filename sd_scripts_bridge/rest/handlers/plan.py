"""From the draft to a job: the plan, and Start."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ...bridge import Submitted
from ...errors import Conflict, EngineNotReady, Invalid
from ...page import plan
from ...page.context import Context, started
from ...page.draft import dataset, windows
from ..doors import Call


def show(call: Call) -> Any:
    """What Start would do: steps, time, memory, and everything in the way."""
    return plan.as_dict(call.context, plan.make(call.context))


def train(call: Call) -> Any:
    """Write the photos, free the card, queue the job.

    Raises `Invalid` with everything that is in the way.
    """
    context = call.context
    windows.refuse_unseen(context.draft.state, call.body.get("seen"))
    context.draft.look_again()
    if not context.draft.check.wait(5):
        done, total = context.draft.check.progress or (0, 0)
        raise Conflict(
            "plan.photos_looked_start_all",
            "{done} of {total} photos have been looked at. Start when all are.",
            done=done,
            total=total,
        )
    made = plan.make(context)
    _refuse(context, made)
    folder = dataset.write(context.draft)
    try:
        notes, submitted = started(context, lambda: _submit(context, made, folder))
    except BaseException:  # a dataset that nothing trains is of no use
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return {"job": submitted.id, "notes": [*notes, *submitted.notes]}


def _refuse(context: Context, made: plan.Plan) -> None:
    from ... import engines

    missing = engines.get(made.engine, context.the_bridge.home).check()
    if missing and set(made.problems) <= set(missing):
        raise EngineNotReady(missing)
    if made.problems:
        raise Invalid(list(dict.fromkeys(made.problems)))


def _submit(context: Context, made: plan.Plan, folder: Path) -> tuple[int, Submitted]:
    submitted = context.the_bridge.submit(plan.request(context, made, folder))
    return submitted.id, submitted
