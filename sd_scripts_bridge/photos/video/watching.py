"""A video looked through from its beginning, or from where an earlier run was stopped or killed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from PIL import Image

from ..faces import Detector
from .clip import Clip
from .look import FrameLook, look_at
from .selection import NEVER_SHARP

MOST_LOOKS = 2000
"""So many frames are kept in mind; of a longer video the sharpest in each equal part."""

Advance = Callable[[int, int], None]
Stopped = Callable[[], bool]


def watch(
    clip: Clip, file: Path, detector: Detector | None, advance: Advance, stopped: Stopped
) -> list[FrameLook] | None:
    """Its looks, kept in ``file`` as they come; None: it was stopped.

    ``advance`` is told the number of the frame and about how many there are.
    """
    part = clip.seconds / MOST_LOOKS
    looks = kept(file)
    with file.open("w", encoding="utf-8") as lines:
        for look in looks:
            lines.write(json.dumps(look.as_dict()) + "\n")
        start = looks[-1].time + max(part, 0.001) if looks else 0.0
        for look in _best_of_each(clip, start, part, detector, advance, stopped):
            looks.append(look)
            lines.write(json.dumps(look.as_dict()) + "\n")
            lines.flush()
    return None if stopped() else looks


def kept(file: Path) -> list[FrameLook]:
    """What an earlier run has looked at; a half line, which a kill leaves, ends it."""
    looks: list[FrameLook] = []
    if not file.is_file():
        return looks
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            looks.append(FrameLook.from_dict(json.loads(line)))
        except (ValueError, KeyError, TypeError):
            break
    return looks


def _best_of_each(
    clip: Clip,
    start: float,
    part: float,
    detector: Detector | None,
    advance: Advance,
    stopped: Stopped,
) -> Iterator[FrameLook]:
    """The sharpest frame of each ``part`` (seconds), with its faces counted."""
    best: tuple[FrameLook, Image.Image] | None = None
    end = start + part
    total = round(clip.seconds * clip.rate)
    for time, frame in clip.frames(start):
        if stopped():
            return
        number = round(time * clip.rate) + 1
        advance(number, max(total, number))
        if best is not None and time >= end:
            yield _counted(*best, detector)
            best, end = None, time + part
        small = clip.small(frame)
        look = look_at(small, time)
        if best is None or look.fine > best[0].fine:
            best = look, small
    if best is not None:
        yield _counted(*best, detector)


def _counted(look: FrameLook, pixels: Image.Image, detector: Detector | None) -> FrameLook:
    """``look`` with its faces, where it can be taken at all."""
    if detector is None or look.is_empty or look.sharpness < NEVER_SHARP:
        return look
    return replace(look, faces=len(detector.find(pixels)))
