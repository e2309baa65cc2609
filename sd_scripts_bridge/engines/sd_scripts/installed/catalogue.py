"""Every option of the installed scripts, read from their own parsers at setup; and the check of
options against it.

The TOML file that a script reads takes any key in silence, so a misspelt one has to be refused
before.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ....errors import Invalid, Problem, mistyped, short
from ....messages import Message
from ....options.families import FAMILIES
from ....options.kinds import HARMLESS, SECRETS, SENDING
from ....options.known import parsers
from ....options.known.ranges import RANGES
from ....options.slang import did_you_mean
from ....paths import Home
from ....system import process
from ....system.files import write_json

_READ = """
import importlib, json, sys
sys.path.insert(0, sys.argv[1])
names, sys.argv = sys.argv[2:], sys.argv[:1]
for name in names:
    try:
        parser = importlib.import_module(name).setup_parser()
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}")
        continue
    rows = [
        {
            "name": action.dest,
            "type": getattr(action.type, "__name__", None),
            "flag": action.nargs == 0,
            "nargs": action.nargs,
            "default": action.default
            if isinstance(action.default, (str, int, float, bool, list))
            else None,
            "choices": list(action.choices) if action.choices else None,
            "help": action.help,
        }
        for action in parser._actions
        if action.dest != "help"
    ]
    print("OPTIONS" + json.dumps([name, rows]))
"""

OWNED = frozenset(
    {
        "config_file",
        "dataset_config",
        "pretrained_model_name_or_path",
        "train_data_dir",
        "reg_data_dir",
        "output_dir",
        "output_name",
        "output_config",
        "resume",
        "skip_until_initial_step",
        "initial_step",
        "initial_epoch",
        "save_model_as",
        "tokenizer_cache_dir",
        "console_log_simple",
        "console_log_file",
        "caption_extension",
        "caption_extention",
        "v2",
        "v_parameterization",
    }
)
"""What the bridge itself decides; nobody else may."""

NOT_ALLOWED: Mapping[str, str] = {
    **dict.fromkeys(
        SENDING,
        Message(
            "option.send_something_run_stays",
            "would send something out, and a run stays on this machine",
        ),
    ),
    **dict.fromkeys(
        SECRETS, Message("option.put_secret_jobs_files", "would put a secret into the job's files")
    ),
    "logging_dir": Message(
        "option.write_outside_jobs_folder", "would write outside the job's folder"
    ),
}
"""Options that nobody may set, and why."""

WEIGHTS = frozenset({"vae", "network_weights", "base_weights"})
"""Options that name files of weights; the scripts open anything but .safetensors with a loader that
can run programs.
"""

NETWORK_MODULES = frozenset(
    name for family in FAMILIES.values() for name in (family.network, *family.other_networks)
)
"""The scripts import whatever this option names; so only these."""

_IMPORTS_BY_NAME = ("dataset_class", "lr_scheduler_type", "optimizer_type")
_NAME = re.compile(
    r"(?:(?:bitsandbytes\.optim|lion_pytorch|prodigyplus|pytorch_optimizer|schedulefree"
    r"|torch\.optim)\.)?[A-Za-z0-9_]+"
)
"""A plain name, or one from the optimizer packages that sd-scripts' documentation names."""

_TYPES: Mapping[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,)}


def write(home: Home, python: Path, scripts: Path) -> list[str]:
    """Read the parser of every ``*train_network.py``; returns the scripts' names.

    One that can't be imported is left out.
    """
    modules = sorted(script.stem for script in scripts.glob("*train_network.py"))
    argv: list[str | Path] = [python, "-c", _READ, scripts, *modules]
    output = process.run(argv, cwd=scripts, env={"HF_HUB_OFFLINE": "1"}, check=False)
    names = []
    for line in output.splitlines():
        if line.startswith("OPTIONS"):
            name, rows = json.loads(line[7:])
            _file(home, f"{name}.py").parent.mkdir(parents=True, exist_ok=True)
            write_json(_file(home, f"{name}.py"), rows)
            names.append(f"{name}.py")
    return names


def read(home: Home, script: str) -> dict[str, dict[str, Any]]:
    """The options of ``script`` by name: of the installed one, or before `setup` of the version
    that it would install.
    """
    try:
        rows = json.loads(_file(home, script).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {name: dict(row) for name, row in parsers.options(script).items()}
    return {row["name"]: row for row in rows}


def _file(home: Home, script: str) -> Path:
    return home.engines / "catalogue" / f"{script}.json"


def typed(text: Any, spec: Mapping[str, Any]) -> Any:
    """``text`` (from a command line) as the option's type. Raises ValueError with a sentence."""
    if not isinstance(text, str):
        return text
    if spec["flag"]:
        if text.lower() not in ("true", "false"):
            raise ValueError(
                Message(
                    "params.not_bool", "{value} is neither true nor false", value=mistyped(text)
                )
            )
        return text.lower() == "true"
    if spec["nargs"] in ("*", "+"):
        return text.split()
    try:
        return {"int": int, "float": float}.get(str(spec["type"]), str)(text)
    except ValueError:
        raise ValueError(
            Message("params.not_a_number", "{value} is not a number", value=mistyped(text))
        ) from None


def typed_all(
    values: Mapping[str, Any], options: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """``values`` as the options' types; one that isn't among ``options`` stays as it is.

    Raises `Invalid` with all that can't be read.
    """
    found: dict[str, Any] = {}
    problems = []
    for name, value in values.items():
        try:
            found[name] = typed(value, options[name]) if name in options else value
        except ValueError as error:
            problems.append(Problem("catalogue.said", name, str(error)))
    if problems:
        raise Invalid(problems)
    return found


def problems(
    extra: Mapping[str, Any], options: Mapping[str, Mapping[str, Any]], script: str
) -> list[Problem]:
    """What of ``extra`` the script would misread, swallow or must not be given."""
    found = []
    for name, value in extra.items():
        if refused := _refused(name, value) or _unknown(name, options, script):
            found.append(refused)
        elif name in _IMPORTS_BY_NAME:
            found += name_problems(name, value)
        elif name in WEIGHTS:
            found += _weights_problems(name, value if isinstance(value, list) else [value])
        elif name in options:
            found += _value_problems(name, value, options[name])
    return found


def _refused(name: str, value: Any) -> Problem | None:
    """Whatever the scripts know: these aren't handed over."""
    if name in OWNED:
        what = "is set by LoRA Bridge itself"
        return Problem("catalogue.set_lora_bridge_itself", name, what, "Leave it out.")
    if name in NOT_ALLOWED and (name, str(value)) not in HARMLESS:
        what = "is not allowed: it {not_allowed}"
        return Problem(
            "catalogue.allowed", name, what, "Leave it out.", not_allowed=NOT_ALLOWED[name]
        )
    return None


def _unknown(name: str, options: Mapping[str, Mapping[str, Any]], script: str) -> Problem | None:
    if not options or name in options:
        return None
    return Problem(
        "catalogue.such_option",
        name,
        "{script} has no such option",
        did_you_mean(name, options),
        script=script,
    )


def name_problems(option: str, value: Any) -> list[Problem]:
    """For an option whose value the scripts import: only names that are known to be harmless."""
    if _NAME.fullmatch(str(value)):
        return []
    return [
        Problem(
            "catalogue.import_program_name",
            option,
            "{value} would import a program by its name",
            "Give a plain name, such as AdamW8bit.",
            value=short(value),
        )
    ]


def _weights_problems(name: str, values: list[Any]) -> list[Problem]:
    return [
        Problem(
            "catalogue.safetensors_file_others_can",
            name,
            "{file} is not a .safetensors file, and others can run programs when they are opened",
            "Choose the .safetensors version.",
            file=short(file),
        )
        for file in values
        if Path(str(file)).suffix.lower() != ".safetensors"
    ]


def _value_problems(name: str, value: Any, spec: Mapping[str, Any]) -> list[Problem]:
    problem = _unlike(name, value, spec) or _out_of_range(name, value)
    return [problem] if problem else []


def _unlike(name: str, value: Any, spec: Mapping[str, Any]) -> Problem | None:
    """What is not of the option's type, or none of its choices."""
    if spec["flag"]:
        what = "{value} is neither true nor false"
        wrong = Problem("catalogue.neither_true_nor_false", name, what, value=mistyped(value))
        return None if isinstance(value, bool) else wrong
    if spec["choices"] and value not in spec["choices"]:
        return Problem(
            "catalogue.is_not_one",
            name,
            "{value} is not one of {map}",
            value=short(value),
            map=", ".join(map(str, spec["choices"])),
        )
    wanted = _TYPES.get(str(spec["type"]))
    values = value if isinstance(value, list) else [value]
    if wanted and any(isinstance(item, bool) or not isinstance(item, wanted) for item in values):
        what = "{value} is not of type {spec}"
        return Problem("catalogue.type", name, what, value=mistyped(value), spec=spec["type"])
    return None


def _out_of_range(name: str, value: Any) -> Problem | None:
    values = value if isinstance(value, list) else [value]
    numbers = [item for item in values if isinstance(item, (int, float))]
    low, high = RANGES.get(name, (-math.inf, math.inf))
    if any(not low <= item <= high for item in numbers):
        return Problem(
            "catalogue.outside",
            name,
            "{value} is outside {low} to {high}",
            value=short(value),
            low=f"{low:g}",
            high=f"{high:g}",
        )
    if any(not abs(item) < 2**63 for item in numbers):
        what = "{value} is not a number that the scripts can use"
        return Problem("catalogue.number_scripts_can_use", name, what, value=short(value))
    return None
