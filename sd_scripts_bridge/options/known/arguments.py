"""What is wrong with the words of optimizer_args, lr_scheduler_args and network_args: each has to
be name=value, with a name that is known there and a value that can be read.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from ...messages import Message
from . import network_args

_WHOLE = ("conv_dim", "unit", "block_size", "factor")
_NUMBERS: tuple[str, ...] = (
    "conv_alpha",
    "dropout",
    "rank_dropout",
    "module_dropout",
    "constraint",
)
_NUMBERS += ("loraplus_lr_ratio", "loraplus_unet_lr_ratio", "loraplus_text_encoder_lr_ratio")


_NO_PAIR = Message("arguments.no_pair", "is not of the form name=value")


class Wrong(NamedTuple):
    """One word that can't be used, and why (the end of a sentence that begins with the word)."""

    word: str
    why: str
    remedy: str = ""


def of_optimizer(words: Iterable[object], known: Collection[str] | None) -> Iterator[Wrong]:
    """Problems of optimizer_args or lr_scheduler_args; ``known`` are the names, None where they
    aren't known. Values are Python: ``betas=(0.9,0.99)``, ``decouple=True``.
    """
    for word in map(str, words):
        name, equals, value = word.partition("=")
        if not equals or not name or "=" in value:
            yield Wrong(
                word,
                _NO_PAIR,
                Message("arguments.pair_remedy", "Write {pair}.", pair="weight_decay=0.01"),
            )
        elif known is not None and name not in known:
            yield Wrong(
                word,
                Message("arguments.unknown_name", "has a name that is not known there"),
                _near(name, known),
            )
        elif not _is_python(value):
            pair = f"{name}={value.capitalize()}"
            hint = Message("arguments.pair_remedy", "Write {pair}.", pair=pair)
            why = Message("arguments.unreadable", "has a value that can't be read")
            yield Wrong(word, why, hint if value in ("true", "false") else "")


def of_network(
    module: str, words: Iterable[object], known: Collection[str] | None = None
) -> Iterator[Wrong]:
    """Problems of network_args for ``module``; ``known`` instead of what the package knows."""
    names = known if known is not None else network_args.arguments(module)
    for word in map(str, words):
        name, equals, value = word.partition("=")
        if not equals or not name:
            yield Wrong(
                word, _NO_PAIR, Message("arguments.pair_remedy", "Write {pair}.", pair="conv_dim=8")
            )
        elif names is not None and name not in names:
            why = Message("arguments.unknown_to", "is not an argument of {module}", module=module)
            yield Wrong(word, why, _near(name, names))
        elif name == "algo" and value.lower() not in network_args.ALGORITHMS:
            algorithms = network_args.ALGORITHMS
            known_ones = ", ".join(algorithms)
            why = Message(
                "arguments.is_not_one", "is not one of {algorithms}", algorithms=known_ones
            )
            yield Wrong(word, why, _near(value, algorithms))
        elif name in _WHOLE and not _is_number(value, whole=True):
            yield Wrong(
                word, Message("arguments.not_whole", "has a value that is not a whole number")
            )
        elif name in _NUMBERS and not _is_number(value):
            yield Wrong(word, Message("arguments.not_a_number", "has a value that is not a number"))


def _near(name: str, known: Collection[str]) -> str:
    found = difflib.get_close_matches(name, sorted(known), n=1)
    if not found:
        return Message("arguments.leave_out", "Leave it out.")
    return Message("options.did_you_mean", "Did you mean {name}?", name=found[0])


def _is_python(value: str) -> bool:
    try:
        ast.literal_eval(value)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    return True


def _is_number(value: str, *, whole: bool = False) -> bool:
    if value in ("", "None"):
        return True
    try:
        int(value) if whole else float(value)
    except ValueError:
        return False
    return True
