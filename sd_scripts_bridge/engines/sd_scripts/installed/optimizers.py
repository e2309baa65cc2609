"""Optimizers that need a package of their own: whether the training environment has it.

The names are those of `get_optimizer` in sd-scripts' library/train_util.py, which imports these
packages by need: without a look beforehand a run ends after it has loaded the base model.
"""

from __future__ import annotations

import re
import time

from ....errors import CommandFailed, Problem, short
from ....messages import Message
from ....options.known import arguments, optimizers, schedulers
from ....options.params import TrainingParams
from ....system import process
from .installation import Installation

_PACKAGES = (
    (re.compile(r"bitsandbytes\.|\w*8bit$|pagedadamw"), "bitsandbytes", "bitsandbytes"),
    (re.compile(r"lion$|lion_pytorch\."), "lion_pytorch", "lion-pytorch"),
    (re.compile(r"dadapt"), "dadaptation", "dadaptation"),
    (re.compile(r"prodigyplus\."), "prodigyplus", "prodigy-plus-schedule-free"),
    (re.compile(r"prodigy$"), "prodigyopt", "prodigyopt"),
    (re.compile(r"\w*schedulefree$|schedulefree\."), "schedulefree", "schedulefree"),
    (re.compile(r"pytorch_optimizer\."), "pytorch_optimizer", "pytorch-optimizer"),
)
"""(an optimizer's name in small letters, the module that it needs, the package to install)"""

MISSING_SECONDS = 30.0
"""What was not there is looked for again after this long, for somebody may install it."""
_SEEN: dict[tuple[str, str, str], tuple[bool, float]] = {}
"""(Python, module, attribute) -> whether it is there, and when that was looked up."""


def problems(params: TrainingParams, found: Installation | None) -> list[Problem]:
    """Why sd-scripts would stop at this optimizer or its arguments, or nothing."""
    name = params.optimizer_type
    if optimizers.written(name) is None and not (found and has_in_torch(found.python, name)):
        near = optimizers.nearest(name)
        remedy = (
            Message("options.did_you_mean", "Did you mean {name}?", name=near)
            if near
            else Message("optimizers.set_adamw", "Set optimizer_type=AdamW.")
        )
        return [
            Problem(
                "optimizers.unknown",
                "optimizer_type",
                "sd-scripts has no optimizer {name}",
                remedy,
                name=short(name),
            )
        ]
    return [*_package_problems(name, found), *_argument_problems(params)]


def _argument_problems(params: TrainingParams) -> list[Problem]:
    known = optimizers.arguments(params.optimizer_type)
    found = []
    schedule = schedulers.arguments(params.lr_scheduler, params.extra)
    for option, names in (("optimizer_args", known), ("lr_scheduler_args", schedule)):
        words = params.extra.get(option) or []
        words = words if isinstance(words, (list, tuple)) else [words]
        found += [argument_problem(option, wrong) for wrong in arguments.of_optimizer(words, names)]
    return found


def argument_problem(option: str, wrong: arguments.Wrong) -> Problem:
    """One word of a list of arguments as a problem of that option."""
    return Problem(
        "arguments.wrong",
        option,
        "{word} {why}",
        wrong.remedy,
        word=short(wrong.word),
        why=wrong.why,
    )


def _package_problems(optimizer: str, found: Installation | None) -> list[Problem]:
    name = optimizer.lower()
    module, package = next(
        ((module, package) for pattern, module, package in _PACKAGES if pattern.match(name)),
        ("", ""),
    )
    if not module or found is None or has(found.python, module):
        return []
    return [
        Problem(
            "optimizers.needs_installed_training_environment",
            "optimizer_type",
            "{optimizer} needs {package}, which is not installed in the training environment",
            'Install it ("{python}" -m pip install {package}), or set optimizer_type=AdamW.',
            optimizer=optimizer,
            package=package,
            python=found.python,
        )
    ]


def has_in_torch(python: str, name: str) -> bool:
    """Whether that Python's torch.optim has the optimizer: a newer one than the package knows."""
    return name.isidentifier() and has(python, "torch.optim", name)


def has(python: str, module: str, attribute: str = "") -> bool:
    """Whether that Python can find the module; with ``attribute``,
    import it and find that there.
    """
    key = (python, module, attribute)
    answer, when = _SEEN.get(key, (False, 0.0))
    if answer or (when and time.monotonic() - when < MISSING_SECONDS):
        return answer
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"
    if attribute:
        code = (
            "import importlib, sys; "
            "sys.exit(not hasattr(importlib.import_module(sys.argv[1]), sys.argv[2]))"
        )
    try:
        process.run([python, "-c", code, module, attribute], timeout=60)
    except CommandFailed:
        answer = False
    else:
        answer = True
    _SEEN[key] = (answer, time.monotonic())
    return answer
