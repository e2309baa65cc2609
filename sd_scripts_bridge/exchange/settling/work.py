"""One import at work: the options of the file, where each came from, and what has been decided so
far.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

from ...datasets.kohya_folder import Subset
from ...engines.sd_scripts.installed import catalogue
from ...errors import Problem
from ...jobs.launch import Launch
from ...messages import Message
from ...options import slang
from ...options.kinds import LISTS, OTHER_DEFAULTS, PLACES, TEXTS, is_default, is_off
from ...options.params import fields_of_params
from ...paths import absolute
from . import values as option_values
from .imported import Ledger
from .values import Unusable

Options = Mapping[str, Mapping[str, Any]]
"""The catalogue of a script; empty where setup hasn't read it."""

KNOWN = tuple(spec.name for spec in fields_of_params())


class Unread(str):
    """A value as it stands in a script that takes it from elsewhere: ``$1``, ``{lr}``."""

    __slots__ = ()


def is_unread(value: Any) -> bool:
    """Whether a value, or one of a list, comes from outside the script."""
    values = value if isinstance(value, list) else [value]
    return any(isinstance(item, Unread) for item in values)


class Given(NamedTuple):
    """An option as the file asks for it, and the key there that says so."""

    option: str
    value: Any
    key: str


@dataclass(frozen=True)
class Here:
    """What this machine has to offer to an import."""

    options: Callable[[str | None], Options] = lambda _family: {}
    """The options of the script that trains a family; of every script for None."""
    folders: Sequence[Path] = ()
    """Where base models are looked for by their name."""
    looks: bool = True
    """False: paths in the file are never looked up on this machine, since a remote client sent it.
    """
    whole: bool = True
    """False: of a .safetensors file only the header has come."""

    def existing(self, name: Any, beside: Path) -> Path | None:
        """The file or folder ``name`` if it is here; a relative one counts from ``beside``."""
        return existing(name, beside) if self.looks else None

    def find_base(self, name: str, beside: Path) -> Path | None:
        """The base model called ``name``: at that very path, or under its file name in one of our
        folders.
        """
        path = self.existing(name, beside)
        if path is not None:
            return path
        stem = PureWindowsPath(name).name
        found = (
            file
            for folder in self.folders
            if stem
            for file in sorted(folder.rglob("*.safetensors"))
            if file.name == stem
        )
        return next(found, None)


def existing(name: Any, beside: Path) -> Path | None:
    """The file or folder ``name`` if it is here; a relative one counts from ``beside``, and may be
    written as Windows does.
    """
    if not isinstance(name, str) or not name.strip():
        return None
    for written in dict.fromkeys((name, name.replace("\\", "/"))):
        try:
            path = absolute(written, beside)
            if path.exists():
                return path
        except (OSError, ValueError):  # a name that no file system takes
            return None
    return None


@dataclass
class Settling:
    """The work of one import."""

    path: Path
    kind: str
    here: Here
    defaults: Mapping[str, Any]
    """What an option is that the file doesn't name."""
    textual: bool = False
    """The file holds text where a number or a switch is meant."""
    ledger: Ledger = field(default_factory=Ledger)
    family: str | None = None
    notes: list[str] = field(default_factory=list)
    base: Path | None = None
    base_name: str = ""
    dataset: Path | None = None
    subsets: tuple[Subset, ...] = ()
    regularisation: tuple[Subset, ...] = ()
    dataset_config: Mapping[str, Any] | None = None
    """What sd-scripts is to read itself, since one folder of ours can't say it, and why not."""
    beyond: tuple[Problem, ...] = ()
    captions: str = ".caption"
    """The ending of captions in ``dataset_config`` where that names none: the script's own."""
    name: str | None = None
    trigger: str | None = None
    epochs: int | None = None
    save_every_epochs: int | None = None
    warmup: float | None = None
    launch: Launch | None = None
    v_parameterization: bool = False
    meant_for: str | None = None
    """The family that the file itself is for, where its base model has another."""
    values: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    keys: dict[str, Given] = field(default_factory=dict)

    # ---- one option ----

    def known(self, item: Given) -> None:
        try:
            reading = option_values.read(item.option, item.value)
        except Unusable as error:
            default = self.defaults.get(item.option)
            self.ledger.ignored(
                item.key,
                item.value,
                Message(
                    "work.stays",
                    "{error} It stays {default}.",
                    error=error.args[0],
                    default=repr(default),
                ),
            )
            return
        self.values[item.option] = reading.value
        self.taken(item, f"{item.option}={reading.value}", reading.why)

    def taken(self, item: Given, to: str, why: str = "") -> None:
        """A row: changed where there is a reason, else used, under its other name if it has one."""
        if why:
            self.ledger.changed(item.key, item.value, to, why)
        else:
            self.ledger.used(item.key, item.value, "" if item.key.endswith(item.option) else to)

    def other(self, item: Given) -> None:
        option, value, key = item
        if option in PLACES:
            value = self._place(item)
            if value is None:
                return
        options = self.here.options(self.family)
        if options and option not in options and not is_off(value):
            near = slang.meant(option, options)
            hint = Message("work.mean", "; did you mean {near}?", near=near) if near else ""
            self.ledger.ignored(
                key,
                item.value,
                Message(
                    "work.sd_scripts_such_option",
                    "sd-scripts has no such option for this family{hint}",
                    hint=hint,
                ),
            )
            return
        try:
            value = self._typed(option, value, options.get(option))
        except ValueError as error:
            self.ledger.ignored(key, item.value, error.args[0])
            return
        if not is_default(option, value) and (
            option in OTHER_DEFAULTS or not _is_parsers_default(value, options.get(option))
        ):
            self.extra[option] = value
        self.taken(item, f"{option}={value}")

    def _place(self, item: Given) -> str | None:
        found = self.here.existing(item.value, self.path.parent)
        if found is not None:
            return str(found)
        if is_off(item.value):
            self.ledger.used(item.key, item.value)
        else:
            self.ledger.ignored(
                item.key,
                item.value,
                Message(
                    "work.path_authors_machine_nothing",
                    "a path on the author's machine; there is nothing of that name here",
                ),
            )
        return None

    def _typed(self, option: str, value: Any, spec: Mapping[str, Any] | None) -> Any:
        """``value`` as the script's parser would have it. Raises ValueError with a sentence."""
        if option in LISTS and isinstance(value, str):
            value = value.split()
        if option in LISTS and not isinstance(value, (list, tuple)) and value is not None:
            value = [value]
        if spec is None or is_off(value):
            return _guessed(value) if self.textual and option not in TEXTS else value
        value = catalogue.typed(value, spec)
        if spec["type"] == "int" and isinstance(value, float) and value == int(value):
            value = int(value)
        if (
            spec["type"] == "str"
            and isinstance(value, (int, float))
            and not isinstance(value, bool)
        ):
            value = str(value)
        if spec["flag"] and value in (0, 1):
            value = bool(value)
        problems = catalogue.problems({option: value}, {option: spec}, "")
        if problems:
            raise ValueError(problems[0].what)
        return value

    def gave_way(self, option: str, value: Any, why: str) -> None:
        self.values[option] = value
        if option in self.keys:
            item = self.keys[option]
            self.ledger.changed(item.key, item.value, f"{option}={value}", why)
        else:
            self.notes.append(f"{option}={value}: {why}.")


def number(value: Any) -> int | float | None:
    """``value`` as a number, whole where it is; None where it is none."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(found):
        return None
    return int(found) if found == int(found) else found


def _guessed(value: Any) -> Any:
    """Text of a command line as what it looks like, where no catalogue says more."""
    if not isinstance(value, str):
        return value
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    for kind in (int, float):
        try:
            return kind(value)
        except ValueError:
            continue
    return value


def _is_parsers_default(value: Any, spec: Mapping[str, Any] | None) -> bool:
    return (
        spec is not None
        and spec.get("default") == value
        and type(spec.get("default")) is type(value)
    )
