"""A check of many photos, in two passes: all headers within seconds, then a look at each photo.

What either has found is kept as it comes, so that a check can be broken off and goes on later.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...messages import Message, joined
from ...photos.faces import Detector
from ...photos.headers.kept import KeptHeaders
from ...photos.headers.scan import Headers, scan
from .findings import Finding, Progress, examine
from .kept import KeptFindings

HEADERS = "headers.jsonl"
"""The headers' file, beside that of the findings."""


@dataclass(frozen=True)
class Watch:
    """Who watches a check: ``headers``, ``photos`` and ``faces`` are told how many are done of how
    many, ``said`` what a pass has done, once it is over.
    """

    headers: Progress | None = None
    photos: Progress | None = None
    said: Callable[[str], None] | None = None
    faces: Progress | None = None


def read_headers(
    files: Sequence[Path], kept: Path | None = None, progress: Progress | None = None
) -> Headers:
    """What the headers of ``files`` say. ``kept``: a file where they wait for the next time."""
    known = KeptHeaders(kept) if kept else None
    try:
        return scan(files, progress, known)
    finally:
        if known:
            known.close()


def look_in_passes(
    files: Sequence[Path], kept: Path, detector: Detector | None, watch: Watch
) -> tuple[list[Finding], tuple[str, ...]]:
    """(what each file is, a sentence on each pass).

    ``kept`` is the findings' file; the headers' lies beside it.
    """
    headers = read_headers(files, kept.with_name(HEADERS), watch.headers)
    first = Message("check.pass_headers", "Pass 1 of 2: {headers}", headers=summary(headers))
    if watch.said:
        watch.said(first)
    findings, second = _looked(files, kept, detector, watch)
    if watch.said:
        watch.said(second)
    return findings, (first, second)


def _looked(
    files: Sequence[Path], kept: Path, detector: Detector | None, watch: Watch
) -> tuple[list[Finding], str]:
    begin, known, done = time.monotonic(), KeptFindings(kept, _name(detector)), 0

    def advance(so_far: int, of: int) -> None:
        nonlocal done
        done = so_far
        if watch.photos:
            watch.photos(so_far, of)

    try:
        findings = examine(files, progress=advance, detector=detector, known=known)
    except KeyboardInterrupt:
        text = "Broken off after {done} of {total} photos; the same check goes on from there."
        if watch.said:
            watch.said(Message("check.broken_off", text, done=done, total=len(files)))
        raise
    finally:
        known.close()
    text = "Pass 2 of 2: {fresh} photos looked at, {known} known from an earlier check, in {time}."
    fresh, took = len(files) - known.found, seconds(time.monotonic() - begin)
    return findings, Message("check.pass_looks", text, fresh=fresh, known=known.found, time=took)


def summary(headers: Headers) -> str:
    """``headers`` in one sentence."""
    text = (
        "{files} headers read ({known} known from before) in {time}: {formats}; {turned} not "
        "stored upright, {small} too small to train, {others} not pictures."
    )
    formats = [f"{count} {kind}" for kind, count in headers.formats.most_common()]
    return Message(
        "check.headers",
        text,
        files=headers.files,
        known=headers.known,
        time=seconds(headers.seconds),
        formats=joined(formats or ["0"], ", "),
        turned=headers.turned,
        small=headers.too_small,
        others=headers.no_pictures,
    )


def seconds(count: float) -> str:
    """As people read it: "0.4 s", "12 s", "3 min 20 s"."""
    if count < 10:
        return f"{count:.1f} s"
    whole = round(count)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def _name(detector: Detector | None) -> str:
    return detector.name if detector else ""
