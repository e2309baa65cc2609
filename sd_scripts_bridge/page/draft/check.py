"""The dataset doctor in the background: verdicts on the draft's photos as they come, kept until a
file changes.
"""

from __future__ import annotations

import json
import threading
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...messages import Message
from ...system.files import write_text

if TYPE_CHECKING:
    from ...datasets.looking.findings import Finding
    from ...datasets.looking.people import SamePerson
    from ...datasets.verdicts import PhotoVerdict
    from ...photos.faces import Detector
    from .looks.people import PeopleCheck

CHUNK = 6
SAVE_SECONDS = 10.0
JUDGE_SHARE = 8.0
"""Judging compares every photo with every other; it may take this part of the time that looking
takes.
"""


@dataclass(frozen=True)
class Seen:
    """A finding, and of which files it is true."""

    mark: str
    captions: str
    finding: Finding


@dataclass(frozen=True)
class Verdicts:
    """What is known of the photos at one time.

    ``faces``: who looked for them, None where nobody could. ``people``: who is on the photos of
    each subject.
    """

    version: int = 0
    seen: Mapping[int, Seen] = field(default_factory=dict)
    verdicts: Mapping[int, PhotoVerdict] = field(default_factory=dict)
    faces: str | None = None
    people: Mapping[int, SamePerson] = field(default_factory=dict)


class PhotoCheck:
    """Looks at the photos that it is told of, in a thread that ends when all are seen."""

    def __init__(self, cache: Path, face_models: Sequence[Path] = ()) -> None:
        self.cache, self.face_models = cache, tuple(face_models)
        self.judged = Verdicts(version=int(time.time()) * 1000)
        self.failure: str | None = None
        self._lock = threading.Lock()
        self.people: PeopleCheck | None = None
        """Who compares the faces, where somebody does."""
        self._wanted: dict[int, Path] = {}
        self._subjects: Mapping[int, int] = {}
        self._round = 0
        self._thread: threading.Thread | None = None
        self._progress: tuple[int, int] | None = None
        self._detector: Detector | None = None
        self._found: dict[int, Seen] | None = None

    @property
    def progress(self) -> tuple[int, int] | None:
        """(photos seen, of how many); None when all are."""
        return self._progress

    @property
    def comparing(self) -> tuple[int, int] | None:
        """(faces compared, of how many); None when all are, or nobody compares them."""
        return self.people.progress if self.people else None

    def want(self, photos: Mapping[int, Path], subjects: Mapping[int, int] | None = None) -> None:
        """These are the photos now, and whom each shows (the first subject); look at what is new
        or changed.
        """
        with self._lock:
            self._wanted, self._round, self.failure = dict(photos), self._round + 1, None
            self._subjects = dict(subjects or {})
            if self._thread is None and (photos or self.judged.seen):
                self._progress = (0, len(photos))
                self._start()

    def judge_again(self) -> None:
        """Something else is known about the photos now; returns once they are judged by it."""
        with self._lock:
            self._round += 1
            if self._thread is None:
                self._start()
        self.wait()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="lora-bridge photos", daemon=True)
        self._thread.start()

    def wait(self, seconds: float = 60.0) -> bool:
        """Until all are seen; returns whether that came true."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return self._thread is None

    # ---- the thread ----

    def _run(self) -> None:
        done = -1
        try:
            while (turn := self._next(done)) is not None:
                done, photos = turn
                self._look(photos, done)
        except Exception as error:  # noqa: BLE001  # the edge of the thread: the page must be able to say it
            traceback.print_exc()
            self.failure = Message(
                "draft.check_photos_broke_off",
                "Checking the photos failed: {error}. Please report it.",
                error=repr(error),
            )
            with self._lock:
                self._end()

    def _next(self, done: int) -> tuple[int, dict[int, Path]] | None:
        """The list to look at, or None: the one that is done is still the list, and the thread is
        over.
        """
        with self._lock:
            if done == self._round:
                self._end()
                return None
            return self._round, dict(self._wanted)

    def _end(self) -> None:
        self._thread, self._progress = None, None
        self.judged = replace(self.judged, version=self.judged.version + 1)

    def _look(self, photos: Mapping[int, Path], turn: int) -> None:
        from ...datasets.looking.findings import examine, marks

        found = self._known()
        pending = [pid for pid, path in photos.items() if not _is_current(found.get(pid), path)]
        for pid in found.keys() - photos.keys():
            del found[pid]
        if not pending:
            self._finish(photos)
            return
        judged_at = saved_at = time.monotonic()
        cost, first = 0.0, True
        for begin in range(0, len(pending), CHUNK):
            part = pending[begin : begin + CHUNK]
            before = [marks(photos[pid]) for pid in part]
            for pid, seen, finding in zip(
                part,
                before,
                examine([photos[p] for p in part], detector=self._detector),
                strict=True,
            ):
                found[pid] = Seen(*seen, finding)
            self._progress = (len(photos) - len(pending) + begin + len(part), len(photos))
            now = time.monotonic()
            if first or now - judged_at > max(0.3, JUDGE_SHARE * cost):
                self._judge(photos)
                judged_at, cost, first = time.monotonic(), time.monotonic() - now, False
            if now - saved_at > SAVE_SECONDS:
                self._save(found)
                saved_at = now
            if turn != self._round:
                break
        self._finish(photos)
        self._save(found)

    def _finish(self, photos: Mapping[int, Path]) -> None:
        """Judge, and have the faces compared that aren't yet."""
        known = self._known()
        findings = [known[pid].finding for pid in photos if pid in known]
        missing = self.people.missing(findings) if self.people else []
        self._judge(photos)
        if self.people and missing:
            self.people.want(missing)

    def _known(self) -> dict[int, Seen]:
        """What was found so far; read from the disk at first."""
        if self._found is None:
            from ...photos.faces import find_detector

            self._detector = find_detector(self.face_models)
            if self.people:
                self.people.missing([])
            self._found = _read(self.cache, self._looked_by())
        return self._found

    def _judge(self, photos: Mapping[int, Path]) -> None:
        from ...datasets.verdicts import judge

        found = {pid: self._known()[pid] for pid in photos if pid in self._known()}
        people = self._people(found)
        checked = judge(
            [seen.finding for seen in found.values()],
            detector=self._detector,
            people=[*people.values()],
        )
        verdicts, looked_by = dict(zip(found, checked.photos, strict=True)), self._looked_by()
        version = self.judged.version + 1
        self.judged = Verdicts(version, found, verdicts, looked_by or None, people)

    def _people(self, found: Mapping[int, Seen]) -> dict[int, SamePerson]:
        shares: dict[int, list[Finding]] = {}
        for pid, seen in found.items():
            shares.setdefault(self._subjects.get(pid, 1), []).append(seen.finding)
        return self.people.of(shares) if self.people else {}

    def _looked_by(self) -> str:
        return self._detector.name if self._detector else ""

    def _save(self, found: Mapping[int, Seen]) -> None:
        """A full disk costs a second look after a restart, and nothing else."""
        from ...datasets.looking.kept import VERSION, as_row

        rows = [
            {"id": pid, "mark": s.mark, "captions": s.captions, **as_row(s.finding)}
            for pid, s in found.items()
        ]
        try:
            self.cache.parent.mkdir(parents=True, exist_ok=True)
            write_text(
                self.cache,
                json.dumps({"version": VERSION, "faces": self._looked_by(), "photos": rows}),
            )
        except OSError:
            return


def _is_current(seen: Seen | None, path: Path) -> bool:
    from ...datasets.looking.findings import marks

    return (
        seen is not None and seen.finding.path == path and (seen.mark, seen.captions) == marks(path)
    )


def _read(cache: Path, faces: str) -> dict[int, Seen]:
    """What an earlier process found; nothing where another detector looked, or the file isn't as we
    write it.
    """
    from ...datasets.looking.kept import VERSION, from_row

    try:
        data = json.loads(cache.read_text(encoding="utf-8"))
        rows: Iterable[Mapping[str, Any]] = (
            data["photos"] if data["faces"] == faces and data["version"] == VERSION else ()
        )
        return {int(row["id"]): Seen(row["mark"], row["captions"], from_row(row)) for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
