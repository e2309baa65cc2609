"""Schedules of the learning rate: whether the installed libraries have the one that is wanted, and
what it still needs.
"""

from __future__ import annotations

import re
from pathlib import Path

from ....errors import Problem, short
from ....options.known.schedulers import SCHEDULERS, lacking
from ....options.params import TrainingParams
from ....system.environment import site_packages
from .installation import Installation
from .optimizers import has

_OWN = frozenset({"adafactor", "piecewise_constant"})
"""sd-scripts makes these without transformers' list."""
_NAME = re.compile(r'^    [A-Z_]+ = "(\w+)"', re.MULTILINE)


def names(found: Installation | None) -> tuple[str, ...]:
    """Every schedule that can be used, in our order: what sd-scripts makes, of that what the
    installed transformers has.
    """
    there = _installed(found)
    return tuple(name for name in SCHEDULERS if there is None or name in there | _OWN)


def problems(params: TrainingParams, found: Installation | None) -> list[Problem]:
    """Why sd-scripts would stop at this schedule, or nothing."""
    own = params.extra.get("lr_scheduler_type")
    if own:
        return _class_problems(str(own), found)
    name, known = params.lr_scheduler, names(found)
    if name not in known:
        return [
            Problem(
                "schedulers.unknown",
                "lr_scheduler",
                "{name} is not one of {known}",
                name=short(name),
                known=", ".join(known),
            ),
        ]
    args = params.extra.get("optimizer_args") or ()
    needs = lacking(name, params.extra, params.optimizer_type, map(str, args))
    if not needs:
        return []
    return [Problem("schedulers.lacking", "lr_scheduler", "{name} {needs}", name=name, needs=needs)]


def _class_problems(name: str, found: Installation | None) -> list[Problem]:
    full = name if "." in name else f"torch.optim.lr_scheduler.{name}"
    module, _, last = full.rpartition(".")
    if found is None or has(found.python, module, last):
        return []
    return [
        Problem(
            "schedulers.no_class",
            "lr_scheduler_type",
            "{module} has no {name}",
            "Leave it out, and choose with lr_scheduler.",
            module=module,
            name=last,
        )
    ]


def _installed(found: Installation | None) -> frozenset[str] | None:
    """The names in transformers' ``SchedulerType``, read from its text; None: it isn't found."""
    folders = site_packages(Path(found.python)) if found else None
    for folder in folders or ():
        file = Path(folder) / "transformers" / "trainer_utils.py"
        if file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            part = text.partition("class SchedulerType(")[2].partition("\nclass ")[0]
            return frozenset(_NAME.findall(part)) or None
    return None
