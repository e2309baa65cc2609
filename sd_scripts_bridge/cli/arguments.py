"""The command line as a whole: every verb, with the words of `typed`."""

from __future__ import annotations

import argparse
import textwrap

from .. import __version__
from . import pages as help_pages
from . import words
from .typed.exchange import add_exchange
from .typed.jobs import add_jobs
from .typed.loras import add_loras
from .typed.machine import add_machine
from .typed.photos import add_photos
from .typed.regularization import add_regularization
from .typed.training import add_training

GROUPS = (
    add_photos,
    add_regularization,
    add_training,
    add_jobs,
    add_exchange,
    add_loras,
    add_machine,
)
"""The verbs in the order in which they are listed."""


def parser() -> argparse.ArgumentParser:
    """Every verb and its words; `verb` in what it parses names the verb."""
    whole = words.Parser(
        prog=help_pages.PROGRAM,
        formatter_class=words.Pages,
        description=_wrapped(help_pages.WHOLE),
        epilog=(help_pages.EXIT_CODES + help_pages.SURROUNDINGS).strip(),
    )
    whole.add_argument("--version", action="version", version=__version__, help="print the version")
    whole.add_argument("--home", help="the home folder: queue, engines, datasets")
    whole.set_defaults(json=False)
    verbs = whole.add_subparsers(required=True, metavar="VERB", title="verbs")

    def add(name: str, help: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(
            name,
            help=help,
            formatter_class=words.Pages,
            description=_wrapped(help_pages.PAGES[name].text),
            epilog=help_pages.epilog(name),
        )
        sub.set_defaults(verb=name)
        sub.add_argument("--home", default=argparse.SUPPRESS, help="the home folder")
        sub.add_argument("--json", action="store_true", help="print JSON, for programs")
        return sub

    for group in GROUPS:
        group(add)
    return whole


def verbs_of(whole: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The verbs' own parsers by name."""
    return next(
        dict(action.choices)
        for action in whole._actions
        if isinstance(action, argparse._SubParsersAction)
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(" ".join(text.split()), words.columns())
