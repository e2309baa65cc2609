"""One look at each file of a set: the photo with its measures, or the reason against it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PIL import Image

from ...messages import Message
from ...photos import files as photos
from ...photos import reading
from ...photos.faces import Box, Detector, quarters_to_upright
from ...photos.masking import NO_MASKS, Masks
from ...photos.masking.face import face_mask
from ...photos.masking.masked import has_mask, read_masked
from ...photos.measures import SIDE as LOOK_SIDE
from ...photos.measures import Measures, face_sharpness, measure
from ...photos.reading import Photo, PhotoUnreadable
from ...system.files import mark
from .. import caption_text

SMALLEST_SIDE = 32
WORKERS = min(3, os.cpu_count() or 1)
IN_FLIGHT = 8 * WORKERS
"""So many files are waited for at most: memory stays flat, however many there are."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Finding:
    """What one look at a file gave: a photo with its measures, or the reason against it."""

    path: Path
    photo: Photo | None = None
    reason: str = ""
    sha256: str = ""
    measures: Measures | None = None
    faces: tuple[Box, ...] | None = None
    """The largest first; None: nobody looked for any."""
    face_sharpness: float | None = None
    """Of the largest face; see `measures.face_sharpness`."""
    caption: bytes | None = None
    lies: int = 0
    """Quarters clockwise that bring its face upright, where it lies on its side."""


class KnownFindings(Protocol):
    """What was found before, and still holds."""

    def get(self, path: Path) -> Finding | None: ...

    def put(self, finding: Finding, seen: tuple[str, str]) -> None: ...


def examine(
    files: Sequence[Path],
    copies: Sequence[Path] | None = None,
    progress: Progress | None = None,
    detector: Detector | None = None,
    known: KnownFindings | None = None,
    masks: Masks = NO_MASKS,
) -> list[Finding]:
    """Look at every file that isn't ``known``, a few at a time.

    With ``copies``, also write each readable one there as PNG: pixels only, and its mask as alpha
    where ``masks`` are wanted.
    """

    def one(index: int) -> Finding:
        path = files[index]
        found = known.get(path) if known and not copies else None
        if found is None:
            seen = marks(path)
            found = _look(path, copies[index] if copies else None, detector, masks)
            if known:
                known.put(found, seen)
        return found

    findings: list[Finding] = []
    for finding in _in_order(one, len(files)):
        findings.append(finding)
        if progress:
            progress(len(findings), len(files))
    return findings


def marks(path: Path) -> tuple[str, str]:
    """What changes when the photo at ``path`` does, and what when its captions do."""
    return mark(path), " ".join(mark(file) for file in photos.caption_files(path))


def _in_order(one: Callable[[int], Finding], count: int) -> Iterator[Finding]:
    pool = ThreadPoolExecutor(max_workers=WORKERS)
    waiting: deque[Future[Finding]] = deque()
    try:
        for index in range(count):
            waiting.append(pool.submit(one, index))
            if len(waiting) == IN_FLIGHT:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _look(path: Path, copy: Path | None, detector: Detector | None, masks: Masks) -> Finding:
    try:
        picture = reading.glance(path, LOOK_SIDE)
        if too_small := _too_small(picture.photo):
            return Finding(path, reason=too_small)
        pixels = picture.pixels
        faces = detector.find(pixels) if detector else None
        if copy is not None:
            _copied(path, masks, faces or ()).save(copy, format="PNG", compress_level=1)
    except PhotoUnreadable as error:
        return Finding(path, reason=error.reason)
    return Finding(
        path,
        picture.photo,
        sha256=picture.sha256,
        measures=measure(pixels),
        faces=faces,
        face_sharpness=face_sharpness(pixels, faces[0]) if faces else None,
        caption=_caption(path),
        lies=quarters_to_upright(detector, pixels) if detector and not faces else 0,
    )


def _copied(path: Path, masks: Masks, faces: Sequence[Box]) -> Image.Image:
    """The pixels of a clean copy. Raises `PhotoUnreadable`."""
    if not masks.wanted:
        return reading.read(path).pixels
    picture = read_masked(path, unmasked=masks.unmasked)
    if masks.around_faces and faces and not has_mask(picture):
        mask = face_mask(picture.pixels.size, faces)
        picture = read_masked(path, mask, masks.unmasked)
    return picture.pixels


def _too_small(photo: Photo) -> str:
    if min(photo.width, photo.height) >= SMALLEST_SIDE:
        return ""
    return Message(
        "photo.pixels_too_small_train",
        "is only {width} x {height} pixels, too small to train.",
        width=photo.width,
        height=photo.height,
    )


def _caption(photo: Path) -> bytes | None:
    """The caption beside ``photo``: the first that holds words; an empty one only where no other is
    there.
    """
    texts = []
    for file in photos.caption_files(photo):
        try:
            with file.open("rb") as opened:
                texts.append(opened.read(8 * caption_text.LONGEST))
        except OSError:  # unreadable counts as absent: the photo gets the draft
            continue
    return next(
        (text for text in texts if caption_text.repair(text, "", "").text),
        texts[0] if texts else None,
    )
