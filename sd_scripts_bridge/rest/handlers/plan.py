"""From the draft to a job: the plan, and Start."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from ...bridge import Submitted
from ...datasets.framing.buckets import Buckets
from ...engines.judging.grid import WEBUI
from ...engines.regularizing.class_pictures import ClassPictures
from ...errors import Conflict, EngineNotReady, Invalid
from ...messages import code_of
from ...page import plan, planned
from ...page.context import Context, started
from ...page.draft import dataset, view, windows
from ...page.draft.choices import DraftChange, TrainingChange
from ...page.draft.draft import Draft
from ...page.draft.state import DraftPhoto
from ...page.planned import PlanView
from ...page.regularization import sets
from ...page.training_plan import Plan
from ...photos.printable import shown
from ..bodies.photos import DrawRegularizationBody
from ..bodies.trainings import StartBody
from ..doors import Call
from ..views import QueuedView


def show(call: Call) -> PlanView:
    """What Start would do: steps, time, memory, and everything in the way."""
    return planned.view(call.context, plan.make(call.context))


def train(call: Call, body: StartBody) -> QueuedView:
    """Write the photos, free the GPU, queue the job; `at` a time the GPU is freed then.

    Raises `Invalid` with everything that is in the way.
    """
    context = call.context
    wanted = view.used(context.draft)
    context.draft.look_again()
    if not context.draft.check.wait(5):
        done, total = context.draft.check.progress or (0, 0)
        raise Conflict(
            "plan.photos_looked_start_all",
            "{done} of {total} {total:photo has|photos have} been looked at. Start when all are.",
            done=done,
            total=total,
        )
    _refuse_gone(context.draft, wanted)
    made = plan.make(context)
    windows.refuse_unseen(made.state, body.seen)
    _refuse(context, made)
    reg = made.data.regularisation
    folder = dataset.write(context.draft, Buckets(made.params), reg)
    try:
        notes, submitted = started(
            context, lambda: _submit(context, made, folder, body.at), later=bool(body.at)
        )
    except BaseException:  # a dataset that nothing trains is of no use
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return QueuedView(submitted.id, [*notes, *filter(_is_news, submitted.notes)])


def draw_regularization(call: Call, body: DrawRegularizationBody) -> PlanView:
    """Draw pictures of the draft's class words with its base model, and train them beside the
    photos; 0: train without. What is drawn is not drawn again.
    """
    context = call.context
    if body.by == WEBUI and context.paint is None:
        raise Conflict("grid.no_webui", "There is no WebUI here that could draw.")
    training = TrainingChange(regularization=body.count)
    context.draft.describe(DraftChange(training=training))
    if not body.count:
        return stop_regularization(call)
    made = plan.make(context)
    if any(p.code == "regularization.missing" for p in made.problems):
        _draw(context, made, body)
    return show(call)


def stop_regularization(call: Call) -> PlanView:
    """Draw no more regularization pictures for the draft; those that are drawn stay."""
    made = plan.make(call.context)
    sets.stop(call.context.the_bridge, _base(made), made.data)
    return show(call)


def _draw(context: Context, made: Plan, body: DrawRegularizationBody) -> None:
    """As a job, for which the GPU is freed, or by the WebUI, which needs it."""
    bridge, base = context.the_bridge, _base(made)

    def begin() -> tuple[int, list[ClassPictures]]:
        drawn = sets.draw(bridge, base, made.data, body.count, body.by)
        return max((one.job or 0 for one in drawn), default=0), drawn

    if body.by != WEBUI:
        started(context, begin)
    elif context.paint is not None:
        for one in begin()[1]:
            context.paint(one.plan_file)


def _base(made: Plan) -> Path | None:
    return made.base_path if made.base else None


def _is_news(note: str) -> bool:
    """Whether the plan doesn't say it: what is held out stands there, in the page's own words."""
    return code_of(note) != "request.held_out"


def _refuse_gone(draft: Draft, wanted: Sequence[DraftPhoto]) -> None:
    """Raises `Conflict` naming the photos that were to be trained and can't be any more."""
    left = {item.id for item in view.used(draft)}
    gone = [shown(Path(item.file).name) for item in wanted if item.id not in left]
    if gone:
        raise Conflict(
            "train.photos_gone",
            "Gone, or not usable: {photos}. {count} {count:photo is|photos are} left "
            "and the steps are counted again; look at them, and start again.",
            photos=", ".join(gone[:5]) + (", ..." if len(gone) > 5 else ""),
            count=len(left),
        )


def _refuse(context: Context, made: Plan) -> None:
    missing = context.the_bridge.engine(made.engine).check()
    if missing and set(made.problems) <= set(missing):
        raise EngineNotReady(missing)
    if made.problems:
        raise Invalid(list(dict.fromkeys(made.problems)))


def _submit(context: Context, made: Plan, folder: Path, at: str | None) -> tuple[int, Submitted]:
    submitted = context.the_bridge.submit(plan.request(context, made, folder), at)
    return submitted.id, submitted
