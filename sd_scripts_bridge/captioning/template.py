"""The template: what the user ticks is said of every photo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from .captioner import ASPECTS, Captioner
from .said import CannotGoOn, Said


class Template:
    """See `said.Describer`."""

    def __init__(self, captioner: Captioner) -> None:
        self.text = told(captioner.aspects)

    def describe(self, photos: Sequence[Path]) -> Iterator[Said]:
        if not self.text:
            raise CannotGoOn(
                "caption.empty_template",
                "the template says nothing: say at least one of {names}",
                names=", ".join(ASPECTS),
            )
        for photo in photos:
            yield Said(photo, self.text)


def told(aspects: Mapping[str, str]) -> str:
    """The aspects that are said, in the order of `ASPECTS`."""
    return ", ".join(aspects[name] for name in ASPECTS if aspects.get(name))
