"""Which saved step a training publishes when it ends: the last one, unless somebody wants the
recommended one, for this training or from now on.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ..errors import Invalid, Problem, short
from ..evidence import measured
from ..evidence.curve import curve
from ..evidence.recommendation import recommend
from ..jobs.folder import JobFolder
from ..jobs.job import LAST, RECOMMENDED, TrainingJob
from ..messages import Message
from ..paths import Home
from ..system.files import merge_json
from . import job_card

STEPS = (LAST, RECOMMENDED)


@dataclass(frozen=True)
class Chosen:
    """The LoRA to publish, the step that it was saved at, and why that one, where it was chosen."""

    file: Path
    step: int
    why: Message | None = None


def choose(job: TrainingJob, folder: JobFolder, last: Path, steps: int) -> Chosen:
    """What ``job`` publishes now that it ended with the LoRA ``last``, after ``steps``."""
    if job.publish != RECOMMENDED:
        return Chosen(last, steps)
    points = curve(measured.read(folder.measured))
    if not points:
        text = "The last step is published: nothing was measured, so no step is recommended."
        return Chosen(last, steps, Message("choice.not_measured", text))
    said = recommend(points)
    if said.step is None:
        text = "The last step is published. {reason}"
        return Chosen(last, steps, Message("choice.cant_tell", text, reason=said.reason))
    found = job_card.checkpoint(job, folder, said.step) if said.step != steps else (last, steps)
    if found is None:
        text = "The last step is published: the recommended one, {step}, is not saved any more."
        return Chosen(last, steps, Message("choice.not_saved", text, step=said.step))
    text = "Step {step}, the recommended one, is published. {reason}"
    return Chosen(*found, Message("choice.recommended", text, step=said.step, reason=said.reason))


def rule(home: Home) -> str:
    """What holds in this home where a training says nothing: one of `STEPS`."""
    try:
        found = json.loads(home.settings.read_text(encoding="utf-8"))["publish"]
    except (OSError, ValueError, KeyError, TypeError):
        return LAST
    return found if found in STEPS else LAST


def set_rule(home: Home, wanted: str) -> None:
    """From now on. Raises `Invalid` for none of `STEPS`."""
    refuse_unknown(wanted)
    merge_json(home.settings, {"publish": wanted})


def refuse_unknown(wanted: str) -> None:
    """Raises `Invalid` for none of `STEPS`."""
    if wanted not in STEPS:
        text = "{wanted} is not a step that can be published"
        remedy = "Choose one of: {steps}."
        values = {"wanted": short(wanted), "steps": ", ".join(STEPS)}
        raise Invalid([Problem("choice.no_rule", "publish", text, remedy, **values)])
