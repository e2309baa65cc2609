"""A shell, batch or PowerShell script, or a notebook, that calls a training script of sd-scripts,
as the settings that it passes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ...errors import Invalid, Problem
from ...messages import Message
from ...options.kinds import SCRIPT_DEFAULTS
from ...options.known import parsers
from ..settling import rules
from ..settling.imported import Imported
from ..settling.work import Given, Here, Settling, Unread, is_unread
from ..toml import reader as toml_reader
from . import bash, batch, calls, command_words, notebook, powershell
from .writer import MARK

KIND = Message("scripts.script_calls_sd_scripts", "a script that calls sd-scripts")
NOTEBOOK, NOTEBOOK_KIND = (
    ".ipynb",
    Message("scripts.notebook_calls_sd_scripts", "a notebook that calls sd-scripts"),
)
SHELLS: Mapping[str, Callable[[str], list[list[str]]]] = {
    ".sh": bash.commands,
    ".bash": bash.commands,
    ".bat": batch.commands,
    ".cmd": batch.commands,
    ".ps1": powershell.commands,
}
Tables = Mapping[str, Mapping[str, Any]]


def read(path: Path, text: str, here: Here) -> Imported:
    """The training that the script starts. Raises `Invalid` where it starts none."""
    is_notebook = path.suffix.lower() == NOTEBOOK
    commands, written = _followed(path, text) if is_notebook else (_commands(path, text), {})
    found = calls.find(commands)
    if not found:
        raise Invalid([_no_call(path)])
    work = Settling(
        path, NOTEBOOK_KIND if is_notebook else KIND, here, SCRIPT_DEFAULTS, textual=True
    )
    work.family = found[0].family
    rules.take_launch(work, command_words.read(found[0].launcher, "launcher ")[0])
    given = _given(work, found[0].options, written)
    if len(found) > 1:
        work.notes.append(
            Message(
                "scripts.starts_trainings_first",
                "It starts {count} trainings; this is the first.",
                count=len(found),
            )
        )
    return rules.settle(work, [*given, *_unsaid(text, given)])


def _commands(path: Path, text: str) -> list[list[str]]:
    return SHELLS[path.suffix.lower()](text)


def _followed(path: Path, text: str) -> tuple[list[list[str]], Tables]:
    try:
        found = notebook.follow(text)
    except (ValueError, RecursionError) as error:
        raise Invalid(
            [
                Problem(
                    "scripts.no_notebook",
                    path.name,
                    "is not a notebook: {error}",
                    "Save it again from the program that made it.",
                    error=error,
                )
            ]
        ) from None
    return found.commands, found.files


def _no_call(path: Path) -> Problem:
    return Problem(
        "scripts.no_call",
        path.name,
        "starts no training script of sd-scripts (train_network.py)",
        "Give the script that starts the training, or the .toml that it names.",
    )


def _given(work: Settling, words: tuple[str, ...], written: Tables) -> list[Given]:
    """The options of the command line, and before them those of the files that it names."""
    given, stray = command_words.read(words)
    for word in stray:
        unread = isinstance(word, Unread)
        work.ledger.ignored(
            word,
            word,
            Message("scripts.set_outside_file", "set outside this file")
            if unread
            else Message("scripts.belongs_option", "belongs to no option"),
        )
    given = [*_config_file(work, given, written), *given]
    given = [*toml_reader.dataset_config(work, given, written), *given]
    if not any(item.option in parsers.anywhere() and not is_unread(item.value) for item in given):
        raise Invalid(
            [
                Problem(
                    "scripts.nothing_read",
                    work.path.name,
                    "names no setting that can be read: all of them come from outside this file",
                    "Give the .toml or .json that holds the settings.",
                )
            ]
        )
    return given


def _config_file(work: Settling, given: list[Given], written: Tables) -> list[Given]:
    """The options of the ``--config_file``, whose key leaves ``given``.

    Raises `Invalid` where the file isn't here: it holds the training.
    """
    item = next((item for item in given if item.option == "config_file"), None)
    if item is None:
        return []
    given.remove(item)
    name = str(item.value)
    table = written.get(Path(name).name)
    if table is None:
        found = toml_reader.beside(work, name if name.endswith(".toml") else f"{name}.toml")
        if found is None:
            raise Invalid([_config_missing(work.path, name)])
        table, name = toml_reader.load(found), found.name
    work.ledger.used(item.key, item.value, Path(name).name)
    place = Path(name).name
    return [option._replace(key=f"{place} {option.key}") for option in toml_reader.options(table)]


def _config_missing(path: Path, name: str) -> Problem:
    return Problem(
        "scripts.config_missing",
        path.name,
        "takes its settings from the --config_file {name}, which is not beside it",
        "Give that .toml itself, or put it beside this file.",
        name=repr(str(name)),
    )


def _unsaid(text: str, given: list[Given]) -> list[Given]:
    """In a script of ours, a switch that isn't there is off; in another's, ours stay (they change
    no result).
    """
    said = {item.option for item in given}
    switches = ("sdpa", "save_state") if MARK in text else ()
    return [Given(name, False, f"--{name} (not there)") for name in switches if name not in said]
