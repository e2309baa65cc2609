"""Who watches for sd-scripts' sample pictures: it says when and what it draws, but not into which
files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from ..jobs.events import Sample
from ..jobs.folder import JobFolder, sample_place
from . import sample_prompts

PNG_END = b"IEND\xaeB`\x82"
_BEGINS = re.compile(r"generating sample images at step .*?(\d+)$")
_PROMPT = "prompt: "


@dataclass
class Sampling:
    """One round of pictures: the prompt file when it began, and the prompts that were drawn."""

    lines: list[str]
    heard: list[str] = field(default_factory=list)

    def text(self, row: int) -> str:
        """What the picture in ``row`` shows. Several processes draw at once, so that the file says
        better which is whose; unless it was changed between the trainer's look and ours.
        """
        known = self.lines if set(self.heard) <= set(self.lines) else self.heard
        return known[row] if row < len(known) else ""


class SampleWatch:
    """Made before the trainer starts: what lies there already is an earlier attempt's."""

    def __init__(self, folder: JobFolder) -> None:
        self.folder, self.prompts = folder.sample_folders[1], folder.prompts
        self._samplings: dict[int, Sampling] = {}
        self._mark = 0
        self._known = {path.name for path in self._pictures()}

    def hear(self, line: str) -> None:
        """Take a line of the trainer's log."""
        if begins := _BEGINS.match(line):
            lines = [prompt.text for prompt in sample_prompts.read_file(self.prompts)]
            self._samplings[int(begins[1])] = Sampling(lines)
        elif line.startswith(_PROMPT) and self._samplings:
            newest = self._samplings[next(reversed(self._samplings))]
            newest.heard.append(line.removeprefix(_PROMPT).strip())

    def text(self, step: int, row: int) -> str:
        """What was drawn there, as far as it was heard; else empty."""
        return self._samplings[step].text(row) if step in self._samplings else ""

    def new(self) -> list[Sample]:
        """The pictures that have become whole since the last look, in order."""
        mark = self._changed()
        if mark is None:
            return []
        found: list[Sample] = []
        for path in sorted(self._pictures()):
            place = sample_place(path.name)
            if path.name in self._known or place is None:
                continue
            if not _is_whole(path):
                return found  # still written: looked at again, as the folder's mark is not kept
            self._known.add(path.name)
            found.append(Sample(str(path), *place))
        self._mark = mark
        return found

    def _changed(self) -> int | None:
        """The folder's time, where it is another than at the last look."""
        try:
            mark = self.folder.stat().st_mtime_ns
        except OSError:  # not there yet
            return None
        return mark if mark != self._mark else None

    def _pictures(self) -> list[Path]:
        try:
            return list(self.folder.glob("*.png"))
        except OSError:
            return []


def _is_whole(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            file.seek(-len(PNG_END), 2)
            return file.read() == PNG_END
    except OSError:  # shorter than that, or gone
        return False
