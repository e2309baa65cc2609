"""Which saved step a training publishes when it ends: the last one, unless somebody wants the
recommended one, for this training or from now on.
"""

from __future__ import annotations

from ..errors import Invalid, Problem, short
from ..jobs.job import LAST, STEPS
from ..paths import Home
from ..system.files import chosen, merge_json


def rule(home: Home) -> str:
    """What holds in this home where a training says nothing: one of `STEPS`."""
    return chosen(home.settings, "publish", STEPS, LAST)


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
