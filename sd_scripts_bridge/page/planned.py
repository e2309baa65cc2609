"""The plan as the page gets it: docs/rest.md's `Plan`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from ..messages import Message
from ..options import presets
from ..options.families import COMPANION_OPTIONS
from ..options.presets import Preset, PresetView
from ..outcome.estimate import HISTORY, Estimate, RunKind, estimate
from ..shapes.marks import Example
from .advice import advice, caption_advice
from .bases import BaseView, base_view
from .context import Context
from .plan import gpu_gigabytes
from .regularization import sets
from .regularization.sets import ClassSetView
from .training_plan import Plan


@dataclass(frozen=True)
class MemoryView:
    """The GPU's memory."""

    free: Annotated[int, "bytes", Example(11_200_000_000)]
    total: Annotated[int, "bytes", Example(12_800_000_000)]


@dataclass(frozen=True)
class PlannedBaseView(BaseView):
    """The base model that is chosen."""

    lacks: Annotated[Sequence[str], "problems of the files beside it"]


@dataclass(frozen=True)
class PlanView:
    """What Start would do."""

    sentence: Annotated[str, Example("10 photos x 150 repeats / batch 1 = 1500 steps")]
    photos: Annotated[int, Example(10)]
    repeats: Annotated[int, Example(150)]
    batch: Annotated[int, Example(1)]
    steps: Annotated[int, Example(1500)]
    seconds: Annotated[
        float | None,
        "as long as this home's newest run of the same family, resolution, engine and batch",
    ]
    seconds_from: Annotated[str, "which run that was, or why it isn't known"]
    memory: MemoryView | None
    gpu: Annotated[str | None, "its name", Example("NVIDIA GeForce RTX 3060")]
    base: PlannedBaseView | None
    preset: PresetView
    presets: Annotated[
        Sequence[str], "those that fit the base, by memory", Example(["person_sdxl"])
    ]
    gigabytes: Annotated[float | None, "the GPU's", Example(12.4)]
    lora_stem: Annotated[str | None, "what the LoRA will be called", Example("AlvaroBadia")]
    engine: Annotated[str, Example("sd-scripts")]
    problems: Annotated[Sequence[str], "everything in the way"]
    advice: Sequence[str]
    caption_advice: Sequence[str]
    changed: Annotated[int, "options that differ from the preset's"]
    regularization: Annotated[Sequence[ClassSetView], "pictures of each class word, as drawn"]


def view(context: Context, plan: Plan) -> PlanView:
    """The plan as the page gets it."""
    time, base = _time(context, plan), plan.base_path if plan.base else None
    memory = context.memory() if context.memory else None
    return PlanView(
        sentence=plan.sentence,
        photos=plan.images,
        repeats=plan.repeats,
        batch=plan.batch,
        steps=plan.steps,
        seconds=time.seconds,
        seconds_from=time.reason,
        memory=MemoryView(memory.free, memory.total) if memory else None,
        gpu=memory.name if memory else None,
        base=_base_view(context.draft.state.training.base, plan),
        preset=plan.preset.view(),
        presets=[preset.name for preset in _offered(plan)],
        gigabytes=gpu_gigabytes(context),
        lora_stem=plan.stem,
        engine=plan.engine,
        problems=list(dict.fromkeys(problem.sentence for problem in plan.problems)),
        advice=[*plan.notes, *advice(context, plan)],
        caption_advice=caption_advice(plan),
        changed=plan.changed,
        regularization=sets.views(context.the_bridge, base, plan.data, context.paint_trouble),
    )


def _time(context: Context, plan: Plan) -> Estimate:
    if plan.base is None or not plan.images:
        return Estimate(
            None,
            Message("plan.known_once_base_model", "Known once base model and photos are chosen."),
        )
    kind = RunKind.of(plan.base.family, plan.engine, plan.params, plan.launch)
    views = context.views
    return estimate(
        kind, plan.steps, views.bridge.newest(HISTORY), lambda job: views.fold(job).seconds_a_step
    )


def _base_view(title: str | None, plan: Plan) -> PlannedBaseView | None:
    if not title or not plan.base_path:
        return None
    return PlannedBaseView(**vars(base_view(title, plan.base_path)), lacks=_lacking(plan))


def _offered(plan: Plan) -> list[Preset]:
    base = plan.base
    return presets.offered(base.family, base.full_size) if base else presets.offered("sd1")


def _lacking(plan: Plan) -> list[str]:
    """The problems that are about the files beside the base."""
    return list(
        dict.fromkeys(
            problem.sentence for problem in plan.problems if problem.where in COMPANION_OPTIONS
        )
    )
