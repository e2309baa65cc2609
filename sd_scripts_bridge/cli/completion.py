"""What a shell may put where the cursor is.

The scripts for the shells (completion.bash and its siblings) ask us at each Tab, so they never grow
old.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import BridgeError
from ..paths import Home
from .arguments import verbs_of


class Choice(NamedTuple):
    """One possible word, and what it is."""

    word: str
    help: str = ""


def choices(parser: argparse.ArgumentParser, words: Sequence[str]) -> list[Choice]:
    """What may stand for the last of ``words`` (those behind the program's name).

    Empty: a file, or nothing that we know.
    """
    *before, last = words or [""]
    verbs = verbs_of(parser)
    verb = _verb(before, verbs)
    sub = verbs[verb] if verb else parser
    action = _awaited(sub, before[before.index(verb) + 1 :] if verb else before)
    if last.startswith("-") and not (action and action.option_strings):
        found = _options(sub)
    elif action is None:
        found = (
            [] if verb else [Choice(name, _line(one.description)) for name, one in verbs.items()]
        )
    else:
        found = list(_values(action, _home(before), last))
    return [choice for choice in found if choice.word.startswith(last)]


def _verb(words: Sequence[str], verbs: dict[str, argparse.ArgumentParser]) -> str | None:
    return next(
        (
            word
            for before, word in itertools.pairwise(["", *words])
            if word in verbs and before != "--home"
        ),
        None,
    )


def _awaited(parser: argparse.ArgumentParser, words: Sequence[str]) -> argparse.Action | None:
    """The argument that comes next; None for a verb, or where nothing is awaited."""
    options = {name: action for action in parser._actions for name in action.option_strings}
    places = [
        action for action in parser._actions if not action.option_strings and not _is_verbs(action)
    ]
    waiting: argparse.Action | None = None
    for word in words:
        if word in options:
            waiting = options[word] if options[word].nargs != 0 else None
        elif waiting is not None:
            waiting = waiting if waiting.nargs in ("+", "*") else None
        elif places and places[0].nargs not in ("+", "*"):
            places.pop(0)
    return waiting or (places[0] if places else None)


def _is_verbs(action: argparse.Action) -> bool:
    return isinstance(action, argparse._SubParsersAction)


def _options(parser: argparse.ArgumentParser) -> list[Choice]:
    names = [
        (name, action)
        for action in parser._actions
        for name in action.option_strings
        if name.startswith("--")
    ]
    return [Choice(name, _line(action.help)) for name, action in names]


def _values(action: argparse.Action, home: Path | None, last: str) -> Iterator[Choice]:
    if action.choices:
        yield from (Choice(str(choice)) for choice in action.choices)
    elif action.dest == "job":
        yield from _jobs(home)
    elif action.dest == "preset" or action.metavar == "PRESET":
        from ..options import presets

        yield from (Choice(preset.name, preset.title) for preset in presets.everything())
    elif action.dest == "set":
        yield from _settings(home, last)


def _jobs(home: Path | None) -> Iterator[Choice]:
    """The newest first. Looks only where there is a queue already, for to complete must make
    nothing.
    """
    from ..jobs.store import Store

    place = Home.resolve(home)
    if place.database.is_file():
        for row in reversed(Store(place.database, place.jobs).jobs()):
            yield Choice(str(row.id), f"{row.status}: {row.title}")


def _settings(home: Path | None, last: str) -> Iterator[Choice]:
    from ..options.families import FAMILIES
    from ..planning import option_help, option_list

    seen = set()
    key, equals, _ = last.partition("=")
    for family in FAMILIES:
        for option in option_list.options(Home.resolve(home), family):
            if option.name in seen:
                continue
            seen.add(option.name)
            if not equals:
                yield Choice(f"{option.name}=", option.help.in_(option_help.language()))
            elif option.name == key:
                yield from (Choice(f"{key}={value}") for value in _allowed(option))


def _allowed(option: Any) -> Sequence[Any]:
    return ("true", "false") if option.kind == "bool" else option.choices or ()


def _home(words: Sequence[str]) -> Path | None:
    return next(
        (Path(after) for word, after in itertools.pairwise(words) if word == "--home"), None
    )


def _line(text: str | None) -> str:
    return (text or "").replace("%%", "%").split(". ")[0][:100]


# ---- the shells' side ----


def script(shell: str, program: str) -> str:
    """What the shell has to read at its start."""
    suffix = ".ps1" if shell == "powershell" else f".{shell}"
    text = Path(__file__).with_suffix(suffix).read_text(encoding="utf-8")
    return text.replace("PROGRAM", program)


def answer(parser: argparse.ArgumentParser, shell: str, words: Sequence[str]) -> list[str]:
    """A line for each choice: the word, where the shell shows it a tab and its help.

    Never fails: nobody asked for an error.
    """
    typed = _joined(
        ["" if word == '""' else word for word in words]
    )  # how PowerShell passes on an empty word
    try:
        found = choices(parser, typed)
    except (BridgeError, OSError):
        return []
    if shell != "bash":
        return [f"{choice.word}\t{' '.join(choice.help.split())[:100]}" for choice in found]
    parted = typed[-1:] != list(
        words[-1:]
    )  # bash takes "key=value" for three words, and completes the last
    return [choice.word.rpartition("=")[2] if parted else choice.word for choice in found]


def _joined(words: Sequence[str]) -> list[str]:
    """ "key", "=", "value" as the one word that was typed."""
    found: list[str] = []
    glue = False
    for word in words:
        if found and (word == "=" or glue):
            found[-1] += word
        else:
            found.append(word)
        glue = word == "="
    return found
