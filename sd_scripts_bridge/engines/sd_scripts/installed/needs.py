"""Options that need something of the machine, or of each other,
without which sd-scripts ends late.
"""

from __future__ import annotations

from ....errors import Problem
from ....options.params import TrainingParams
from ...base import Machine
from .installation import Installation
from .optimizers import has

_PRECISIONS = (
    ("full_bf16", ("bf16",)),
    ("full_fp16", ("fp16",)),
    ("fp8_base", ("fp16", "bf16")),
    ("fp8_base_unet", ("fp16", "bf16")),
)
"""(option, what mixed_precision may be with it): the asserts of train_network.py."""
_PACKAGES = ("xformers", "deepspeed")
"""Options that are called like the package that they need."""


def problems(params: TrainingParams, found: Installation | None, machine: Machine) -> list[Problem]:
    """Why sd-scripts would stop at one of these options, or nothing."""
    return [*_precisions(params), *_packages(params, found, machine)]


def _precisions(params: TrainingParams) -> list[Problem]:
    return [
        Problem(
            "needs.precision",
            option,
            "needs mixed_precision={wanted}, and it is {now}",
            "Set both.",
            wanted=" or ".join(fitting),
            now=params.mixed_precision,
        )
        for option, fitting in _PRECISIONS
        if params.extra.get(option) and params.mixed_precision not in fitting
    ]


def _packages(
    params: TrainingParams, found: Installation | None, machine: Machine
) -> list[Problem]:
    if found is None:
        return []
    problems = []
    wanted = [(option, option) for option in _PACKAGES if params.extra.get(option)]
    if params.extra.get("log_with") == "tensorboard":
        wanted.append(("log_with", "tensorboard"))
    for option, package in wanted:
        if option == "xformers" and machine.device == "cpu":
            problems.append(
                Problem(
                    "needs.gpu",
                    option,
                    "needs a GPU, and there is none here",
                    "Leave it out: sdpa is on.",
                )
            )
        elif not has(found.python, package):
            problems.append(
                Problem(
                    "needs.package",
                    option,
                    "{package} is not installed in the training environment",
                    'Install it ("{python}" -m pip install {package}), or leave the option out.',
                    python=found.python,
                    package=package,
                )
            )
    return problems
