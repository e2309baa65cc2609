"""Optimizers that need a package of their own: whether the training environment has it.

The names are those of `get_optimizer` in sd-scripts' library/train_util.py, which imports these
packages by need: without a look beforehand a run ends after it has loaded the base model.
"""

from __future__ import annotations

import re

from ....errors import CommandFailed, Problem
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

_FOUND: set[tuple[str, str]] = set()
"""(Python, module) that were seen; what was not there is looked for again, for somebody may install
it.
"""


def problems(optimizer: str, found: Installation | None) -> list[Problem]:
    """Why sd-scripts would stop at this optimizer, or nothing."""
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


def has(python: str, module: str) -> bool:
    """Whether that Python can import it."""
    if (python, module) not in _FOUND:
        code = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"
        try:
            process.run([python, "-c", code, module], timeout=60)
        except CommandFailed:
            return False
        _FOUND.add((python, module))
    return True
