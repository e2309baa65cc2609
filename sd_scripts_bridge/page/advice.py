"""What to mind about a plan that can start all the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..datasets.caption_tokens import CHUNK, LENGTHS, limit_for
from ..messages import Message
from ..options.families import FAMILIES
from .context import Context
from .draft.captions import counted

if TYPE_CHECKING:
    from .training_plan import Plan


def caption_advice(plan: Plan) -> list[str]:
    found: list[str] = []
    reads_clip = (
        plan.base is None or FAMILIES[plan.base.family].is_ldm
    )  # others read longer captions with T5 and the like
    longest = max((counted(text)[1] or 0 for text in plan.captions), default=0) if reads_clip else 0
    if longest > LENGTHS[-1]:
        found.append(
            Message(
                "plan.caption_tokens_comes_after",
                "A caption has {longest} tokens; what comes after {longest2} is not read.",
                longest=longest,
                longest2=LENGTHS[-1],
            )
        )
    if longest > CHUNK:
        found.append(
            Message(
                "plan.caption_tokens_limit_goes",
                "A caption has {longest} of {chunk} tokens: the limit is raised to {limit} "
                "automatically.",
                longest=longest,
                chunk=CHUNK,
                limit=limit_for(longest),
            )
        )
    return found


def advice(context: Context, plan: Plan) -> Sequence[str]:
    state, found = context.draft.state, []
    wanted, real = state.training.steps, plan.images * plan.repeats
    if len(plan.data.subsets) == 1 and abs(real - wanted) > 0.1 * wanted:
        found.append(
            Message(
                "plan.each_photo_shown_times",
                "Each photo is shown {repeats} {repeats:time|times}: {real} instead of {wanted}, "
                "the nearest "
                "whole number.",
                repeats=plan.repeats,
                real=real,
                wanted=wanted,
            )
        )
    if not state.class_token:
        found.append(
            Message(
                "plan.without_class_word_man",
                "Without a class word (man, woman, dog, ...) the LoRA learns more slowly what "
                "your subject is.",
            )
        )
    return found
