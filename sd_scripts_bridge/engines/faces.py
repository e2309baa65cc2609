"""Compares the faces of photos: a program in the training environment makes their vectors, which
are kept by content. Nothing is loaded into this process.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple
from pathlib import Path

import numpy as np

from ..datasets.looking.findings import Finding
from ..datasets.looking.people import SamePerson, too_few
from ..errors import CommandFailed
from ..likeness import yardstick
from ..likeness.strangers import FEWEST, RULES, find
from ..likeness.vectors import KeptVectors, from_text
from ..likeness.yardstick import CLIP, Yardstick
from ..messages import Message
from ..paths import Home
from ..photos.files import LEAF
from ..system.conversation import Conversation
from .own_programs import ENVIRONMENT, launcher

Advance = Callable[[int, int], None]
MOST = 1000
"""More photos aren't compared: each takes a tenth of a second."""
NO_MODEL = Message(
    "people.no_model",
    "no face model here; needed: ArcFace's .onnx in models/insightface, or CLIP",
)
NO_DETECTOR = Message("people.no_detector", "CLIP compares faces, and no face detector is here")
NOT_YET = Message("people.not_yet", "the faces are being compared")
TOO_MANY = Message("people.too_many", "more than {most} photos aren't compared", most=MOST)


class FaceComparison:
    """Who is on photos, told by the network that is found here (`likeness.yardstick`).

    ``face_models``: folders that may hold YuNet's .onnx, besides a WebUI's.
    """

    def __init__(
        self, home: Home, lora_dir: Path | None = None, face_models: Sequence[Path] = ()
    ) -> None:
        self._home, self._lora_dir = home, str(lora_dir) if lora_dir else None
        self._face_models = face_models
        self._kept: KeptVectors | None = None
        self._by: Yardstick | None = None
        self._why: Message | None = NOT_YET
        self._broken: Message | None = None
        self._in_vain: frozenset[str] = frozenset()
        """The photos that were asked for when it was `_broken`."""

    def compare(
        self, findings: Sequence[Finding], advance: Advance | None = None
    ) -> list[SamePerson]:
        """Measure, and who is on the photos of each of kohya's folders, or on all of them."""
        self.measure(findings, advance)
        shares: dict[str, list[Finding]] = {}
        for one in findings:
            leaf = LEAF.fullmatch(one.path.parent.name)
            shares.setdefault(leaf[2] if leaf else "", []).append(one)
        is_one = len(shares) == 1
        return [self.people(own, "" if is_one else name) for name, own in shares.items()]

    def missing(self, findings: Sequence[Finding]) -> list[Finding]:
        """Those whose faces aren't known yet, of at most `MOST`; none where nothing can measure
        them.
        """
        self._look_for_one()
        if self._by is None or self._kept is None or len(findings) > MOST:
            return []
        unknown = [one for one in findings if one.photo and one.sha256 not in self._kept.known]
        if unknown and self._by.kind == CLIP and all(one.faces is None for one in unknown):
            self._why = NO_DETECTOR
            return []
        is_in_vain = frozenset(one.sha256 for one in unknown) == self._in_vain
        return [] if is_in_vain else unknown

    def measure(
        self,
        findings: Sequence[Finding],
        advance: Advance | None = None,
        stopped: Callable[[], bool] = bool,
    ) -> None:
        """Look at the faces that aren't known yet; until ``stopped``."""
        missing = self.missing(findings)
        if missing and self._by and self._kept:
            self._why = self._broken = self._asked(self._by, self._kept, missing, advance, stopped)
            names = (one.sha256 for one in missing)
            self._in_vain = frozenset(names if self._why else ())

    def people(self, findings: Sequence[Finding], name: str = "") -> SamePerson:
        """Who is on the photos of one subject, as far as is known; ``name``: where there are
        several.
        """
        photos = {one.sha256 for one in findings if one.photo}
        if self._by is None or self._kept is None:
            return SamePerson(self._why or NO_MODEL)
        if len(photos) > MOST:
            return SamePerson(TOO_MANY)
        if not photos <= self._kept.known.keys():
            return SamePerson(self._why or NOT_YET)
        vectors = {sha: self._kept.known[sha] for sha in sorted(photos)}
        there = {sha: one for sha, one in vectors.items() if one is not None and one.any()}
        if len(there) < FEWEST:
            return too_few(len(there), FEWEST)
        shas, rule = list(there), RULES[self._by.kind]
        found = find(np.stack(list(there.values())), rule)
        odd = {shas[at]: stranger for at, stranger in found.strangers.items()}
        alike = found.mean >= rule.apart
        return SamePerson("", self._by.title, name, frozenset(shas), odd if alike else {}, alike)

    def _look_for_one(self) -> None:
        found = yardstick.find(self._home, self._lora_dir)
        if found != self._by:
            self._in_vain, self._broken = frozenset(), None
        self._by, self._why = found, self._broken if found else NO_MODEL
        self._kept = KeptVectors(self._home.faces, found) if found else None

    def _asked(
        self,
        by: Yardstick,
        kept: KeptVectors,
        photos: Sequence[Finding],
        advance: Advance | None,
        stopped: Callable[[], bool],
    ) -> Message | None:
        """Have the vectors made; why that can't be, or None, where it was stopped too."""
        if advance:
            advance(0, len(photos))
        lines, done = map(json.dumps, self._lines(by, photos)), 0
        argv, env = self._program()
        try:
            with Conversation(argv, lines, env=env) as told:
                for line in told.answers():
                    if stopped():
                        return None
                    answer = json.loads(line) if line and line.startswith("{") else {}
                    if "why" in answer:
                        return Message.from_dict(answer["why"])
                    if "sha256" in answer:
                        kept.put(answer["sha256"], from_text(answer["vector"]))
                        done += 1
                        if advance:
                            advance(done, len(photos))
                return None if done == len(photos) else _broken(by, told.code)
        except CommandFailed as error:
            return error.message

    def _lines(self, by: Yardstick, photos: Iterable[Finding]) -> Iterator[dict[str, object]]:
        """What `embedded.likeness.faces_program` reads."""
        own = [file for one in self._face_models for file in one.glob("face_detection_yunet*.onnx")]
        detectors = [*own, *yardstick.detectors(self._home, self._lora_dir)]
        yield {"kind": by.kind, "path": str(by.path), "detectors": list(map(str, detectors))}
        for photo in photos:
            face = astuple(photo.faces[0]) if photo.faces else None
            yield {"sha256": photo.sha256, "path": str(photo.path), "face": face}

    def _program(self) -> tuple[list[str], dict[str, str | None]]:
        from .embedded import EmbeddedEngine

        module = "engines.embedded.likeness.faces_program"
        argv = [str(EmbeddedEngine(self._home).python), "-c", launcher(module)]
        return argv, {**ENVIRONMENT, "OPENCV_LOG_LEVEL": "ERROR"}


def _broken(by: Yardstick, code: int) -> Message:
    text = "{by} can't be used here: its program ended with code {code}"
    return Message("people.broken", text, by=by.title, code=code)
