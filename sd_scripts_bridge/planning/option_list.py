"""Every option that can be set, for people to search: ours first, then what only the installed
script knows.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from ..engines import installed as scripts
from ..messages import Message
from ..options import slang
from ..options.params import TrainingParams, fields_of_params, option_type
from ..paths import Home
from ..shapes.marks import Example, OneOf
from . import option_help
from .option_help import Help

WIDTH = 100
_OUR_HELP = {
    "torch_compile": Message(
        "option.torch_compile.help",
        "the embedded engine compiles the U-Net's transformer blocks, where the steps that are "
        "left earn that back; sd-scripts compiles the whole model",
    )
}
"""Of options that the embedded engine reads in its own way."""


@dataclass(frozen=True)
class OptionView:
    """An option that can be set."""

    name: Annotated[str, Example("network_dim")]
    type: Annotated[str, OneOf(("int", "float", "str", "bool", "list")), Example("int")]
    default: Annotated[Any, Example(32)]
    choices: Annotated[Sequence[Any] | None, Example(None)]
    help: str
    help_ja: Annotated[str, '"" where there is none']
    known: Annotated[bool, "known to LoRA Bridge by name; remote clients see no others"]
    min: Annotated[float | None, Example(1)]
    max: Annotated[float | None, Example(1024)]
    may_be_empty: bool


@dataclass(frozen=True)
class Option:
    """One option. ``kind`` is "int", "float", "str", "bool" or "list"; ``known`` those with limits
    of ours.
    """

    name: str
    kind: str
    default: Any
    choices: tuple[Any, ...] | None
    help: Help
    known: bool
    least: float | None = None
    most: float | None = None
    may_be_empty: bool = True

    def view(self) -> OptionView:
        """As REST and ``--json`` tell it."""
        return OptionView(
            name=self.name,
            type=self.kind,
            default=self.default,
            choices=self.choices or None,
            help=self.help.in_("en"),
            help_ja=self.help.japanese,
            known=self.known,
            min=self.least,
            max=self.most,
            may_be_empty=self.may_be_empty,
        )

    def lines(self, language: str) -> list[str]:
        """As a manual shows it."""
        facts = [self.kind, f"default {'none' if self.default is None else self.default}"]
        if self.least is not None or self.most is not None:
            facts.append(
                f"{'' if self.least is None else self.least} to "
                f"{'' if self.most is None else self.most}".strip()
            )
        if self.choices:
            facts.append("one of " + ", ".join(map(str, self.choices)))
        return [f"{self.name}  ({'; '.join(facts)})", *_wrapped(self.help.in_(language))]


def options(home: Home, family: str, *, installed: bool = True) -> list[Option]:
    """All for a family of base models; without ``installed`` only ours."""
    script = scripts.options(home, family) if installed else {}
    ours = [_known(spec.name, spec.metadata, script) for spec in fields_of_params()]
    names = {option.name for option in ours}
    return [
        *ours,
        *(_installed(row) for name, row in script.items() if name not in names | scripts.OWNED),
    ]


def search(rows: list[Option], text: str) -> list[Option]:
    """Those whose name, other names (`lr`) or help, in any language,
    holds every word of ``text``.
    """
    words = text.lower().replace("-", "_").split()
    return [
        row
        for row in rows
        if all(
            word
            in " ".join(
                [row.name, *slang.names_for(row.name), row.help.english, row.help.japanese]
            ).lower()
            for word in words
        )
    ]


def _known(name: str, limits: Mapping[str, Any], script: Mapping[str, Mapping[str, Any]]) -> Option:
    kind, may_be_empty = option_type(name)
    theirs = option_help.split(script[name]["help"]) if name in script else Help("")
    return Option(
        name,
        kind.__name__,
        getattr(TrainingParams(), name),
        tuple(limits["choices"]) if limits["choices"] else None,
        Help(Message(f"option.{name}.help", limits["help"]), theirs.japanese),
        True,
        limits["ge"],
        limits["le"],
        may_be_empty,
    )


def _installed(row: Mapping[str, Any]) -> Option:
    choices = tuple(row["choices"]) if row["choices"] else None
    theirs = option_help.split(row["help"])
    told = Help(_OUR_HELP.get(row["name"], theirs.english), theirs.japanese)
    return Option(row["name"], _kind(row), row["default"], choices, told, False)


def _kind(row: Mapping[str, Any]) -> str:
    if row["flag"]:
        return "bool"
    if row["nargs"] in ("*", "+"):
        return "list"
    return row["type"] if row["type"] in ("int", "float") else "str"


def _wrapped(text: str) -> list[str]:
    """Japanese has no spaces to break at; terminals break it themselves."""
    return (
        textwrap.wrap(
            text, WIDTH, initial_indent="    ", subsequent_indent="    ", break_long_words=False
        )
        if text
        else []
    )
