"""How long a training will take, from one of its kind that was measured here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import BridgeError
from ..jobs.job import TrainingJob
from ..jobs.launch import Launch, processes_of
from ..messages import Message
from ..options.params import TrainingParams
from .jobs import JobViews

if TYPE_CHECKING:
    from .training_plan import Plan

HISTORY = 50


UNKNOWN = Message(
    "plan.no_estimate",
    "No estimate yet: nothing comparable has been trained on this machine. One appears after the "
    "first steps.",
)


def estimate(views: JobViews, plan: Plan) -> tuple[float | None, str]:
    """(seconds, from where that is known) from the newest run of this kind here; (None, why not)."""
    if plan.base is None or not plan.images:
        return None, Message(
            "plan.known_once_base_model", "Known once base model and photos are chosen."
        )
    found = pace(views, plan.base.family, plan.engine, plan.params, plan.launch)
    return (found[0] * plan.steps, found[1]) if found else (None, UNKNOWN)


def pace(
    views: JobViews, family: str, engine: str, params: TrainingParams, launch: Launch | None
) -> tuple[float, str] | None:
    """(seconds a step, from where that is known) of the newest run of this kind here."""
    wanted = _kind(family, engine, params, launch)
    for row in views.bridge.newest(HISTORY):
        try:
            job = row.job
        except BridgeError:
            continue
        if (
            isinstance(job, TrainingJob)
            and _kind(job.family, job.engine, job.params, job.launch) == wanted
        ):
            seconds = views.fold(row.id).seconds_a_step
            if seconds:
                return (
                    seconds,
                    Message(
                        "plan.fast_job_step",
                        "As fast as job {id} ({title}) was: {seconds} s a step.",
                        id=row.id,
                        title=row.title,
                        seconds=f"{seconds:.2g}",
                    ),
                )
    return None


def _kind(
    family: str, engine: str, params: TrainingParams, launch: Launch | None
) -> tuple[Any, ...]:
    """What makes two runs take equally long a step, roughly."""
    return (
        family,
        engine,
        processes_of(launch),
        params.area,
        params.train_batch_size,
        params.gradient_accumulation_steps,
        params.gradient_checkpointing,
    )
