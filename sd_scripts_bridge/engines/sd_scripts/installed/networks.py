"""Kinds of network: whether the installed sd-scripts has the one that is wanted, and whether its
arguments can be read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ....errors import CommandFailed, Problem
from ....messages import Message
from ....options.families import FAMILIES
from ....options.known import arguments, network_args
from ....options.params import TrainingParams
from ....system import process
from .catalogue import NETWORK_MODULES
from .installation import Installation
from .optimizers import argument_problem, has

LYCORIS = "lycoris.kohya"
LYCORIS_PACKAGE = "lycoris-lora==3.2.0.post2"
"""The version that kohya_ss pins; 4.1.3 stops at sd-scripts 0.10.1's SD 1.5 ("duplicated lora
name").
"""


def problems(
    params: TrainingParams, found: Installation | None, family: str = "sd1"
) -> list[Problem]:
    """Why sd-scripts would stop at this network, or nothing."""
    module = params.network_module
    if module not in NETWORK_MODULES:
        return [
            Problem(
                "networks.is_not_one",
                "network_module",
                "{module} is not one of {network_modules}",
                module=repr(module),
                network_modules=", ".join(sorted(NETWORK_MODULES)),
            )
        ]
    wanted = FAMILIES[family]
    if module not in (wanted.network, *wanted.other_networks):
        return [
            Problem(
                "networks.doesnt_fit",
                "network_module",
                "{module} doesn't fit {title}",
                "Leave it out: {network} does.",
                module=module,
                title=wanted.title,
                network=wanted.network,
            )
        ]
    problems = _argument_problems(module, params.extra.get("network_args", []), found)
    if found is not None and not problems:
        problems = (
            _lycoris_problems(found)
            if module == LYCORIS
            else _file_problems(module, Path(found.scripts))
        )
    return problems or _dylora_problems(params)


def _argument_problems(module: str, args: Any, found: Installation | None) -> list[Problem]:
    if not isinstance(args, Sequence) or isinstance(args, str):
        return [
            Problem(
                "networks.list_name_value",
                "network_args",
                "{args} is not a list of name=value",
                args=repr(args),
            )
        ]
    wrong = list(arguments.of_network(module, args))
    if wrong and found is not None:  # another version may know more
        wrong = list(arguments.of_network(module, args, _read_by(module, found)))
    return [argument_problem("network_args", word) for word in wrong]


def _read_by(module: str, found: Installation) -> frozenset[str] | None:
    """The arguments that the installed network reads; None where its code isn't found."""
    if module == LYCORIS:
        code = _lycoris_code(found.python)
    else:
        file = Path(found.scripts) / "networks" / f"{module.rpartition('.')[2]}.py"
        code = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
    names = frozenset(re.findall(r"kwargs\.get\(\s*[\"'](\w+)", code))
    known = network_args.arguments(module) or frozenset()
    return names | known if names else None


def _lycoris_code(python: str) -> str:
    code = (
        "import importlib.util, pathlib; found = importlib.util.find_spec('lycoris');"
        " place = pathlib.Path(found.origin).with_name('kohya.py') if found else None;"
        " print(place.read_text('utf-8') if place and place.is_file() else '')"
    )
    try:
        return process.run([python, "-c", code], timeout=60)
    except CommandFailed:
        return ""


def _file_problems(module: str, scripts: Path) -> list[Problem]:
    name = module.rpartition(".")[2]
    folder = scripts / "networks"
    if not folder.is_dir() or (folder / f"{name}.py").is_file():
        return []
    remedy = Message("network.set_newer_sd_scripts", "Set up a newer sd-scripts.")
    if name in ("loha", "lokr"):
        remedy = Message(
            "network.set_newer_sd_scripts_2",
            "Set up a newer sd-scripts, or use LyCORIS: network_module={lycoris} "
            "network_args=algo={name}.",
            lycoris=LYCORIS,
            name=name,
        )
    return [
        Problem(
            "networks.installed_sd_scripts_networks",
            "network_module",
            "the installed sd-scripts has no networks/{name}.py",
            remedy,
            name=name,
        )
    ]


def _lycoris_problems(found: Installation) -> list[Problem]:
    if has(found.python, "lycoris"):
        return []
    return [
        Problem(
            "networks.lycoris_installed_training_environment",
            "network_module",
            "LyCORIS is not installed in the training environment",
            'Install it: "{python}" -m pip install --no-deps {lycoris_package}',
            python=found.python,
            lycoris_package=LYCORIS_PACKAGE,
        )
    ]


def _dylora_problems(params: TrainingParams) -> list[Problem]:
    """What networks/dylora.py asserts."""
    if params.network_module != "networks.dylora":
        return []
    args = dict(str(arg).partition("=")[::2] for arg in params.extra.get("network_args", []))
    found = []
    if "conv_dim" in args and args["conv_dim"] != str(params.network_dim):
        found.append(
            Problem(
                "networks.conv_dim_differs_network",
                "network_args",
                "conv_dim={args} differs from network_dim={network_dim}",
                "For DyLoRA they have to be the same.",
                args=args["conv_dim"],
                network_dim=params.network_dim,
            )
        )
    unit = args.get("unit", "1")
    if not unit.isdigit() or int(unit) < 1 or params.network_dim % int(unit):
        found.append(
            Problem(
                "networks.unit_doesnt_divide_network",
                "network_args",
                "unit={unit} doesn't divide network_dim={network_dim}",
                "Choose a whole number that does.",
                unit=unit,
                network_dim=params.network_dim,
            )
        )
    return found
