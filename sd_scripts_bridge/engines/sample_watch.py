"""Who watches for sd-scripts' sample pictures: it says when it draws, but not which files."""

from __future__ import annotations

from pathlib import Path

from ..jobs.events import Sample
from ..jobs.folder import JobFolder, sample_place

PNG_END = b"IEND\xaeB`\x82"


class SampleWatch:
    """Made before the trainer starts: what lies there already is an earlier attempt's."""

    def __init__(self, folder: JobFolder) -> None:
        self.folder = folder.sample_folders[1]
        self._mark = 0
        self._known = {path.name for path in self._pictures()}

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
