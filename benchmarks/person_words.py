"""The words that belong to a person, found in captions that were labelled by hand."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from sd_scripts_bridge.datasets.captions.person import phrases

from .labelled_captions import CAPTIONS
from .outcome import Outcome

TARGET = 0.85
SMALL = frozenset(
    [
        "a",
        "an",
        "and",
        "the",
        "his",
        "her",
        "of",
        "on",
        "in",
        "is",
        "are",
        "her",
        "with",
        "around",
        "about",
    ]
)
"""Words that say nothing by themselves."""
Word = tuple[int, str]
"""Where a word begins, and the word."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--show", action="store_true", help="what was missed, and what was wrong")


def measure(chosen: argparse.Namespace) -> Outcome:
    """Word by word: those in brackets against those that are found."""
    right = missed = wrong = 0
    rows = []
    for labelled in CAPTIONS:
        caption, true = read(labelled)
        said = set(found(caption))
        right += len(true & said)
        missed += len(true - said)
        wrong += len(said - true)
        if chosen.show and true != said:
            rows.append((_texts(true - said), _texts(said - true), caption))
    precision, recall = right / max(1, right + wrong), right / max(1, right + missed)
    figure = (
        f"{len(CAPTIONS)} captions, {right + missed} words that belong to the person: precision "
        f"{precision:.0%}, recall {recall:.0%}; the target is {TARGET:.0%}."
    )
    if chosen.show:
        return Outcome(
            ("missed", "wrong", "caption"), rows, figure, min(precision, recall) >= TARGET
        )
    counts = [("found and right", right), ("missed", missed), ("found and wrong", wrong)]
    return Outcome(("words", "count"), counts, figure, min(precision, recall) >= TARGET)


def read(labelled: str) -> tuple[str, set[Word]]:
    """(the caption without brackets, its words that stood in them)."""
    caption, true = "", set[Word]()
    for number, part in enumerate(re.split(r"[\[\]]", labelled)):
        if number % 2:
            true |= set(_words(part, len(caption)))
        caption += part
    return caption, true


def found(caption: str) -> Iterator[Word]:
    for one in phrases(caption):
        yield from _words(caption[one.start : one.end], one.start)


def _words(text: str, start: int) -> Iterator[Word]:
    for match in re.finditer(r"[\w']+", text):
        if match[0].casefold() not in SMALL:
            yield start + match.start(), match[0].casefold()


def _texts(words: set[Word]) -> str:
    return " ".join(word for _, word in sorted(words))
