"""``main()``: how like the photos a training's samples are. Reads job.json, writes result.json."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ....datasets.looking.same import measured
from ....errors import BridgeError
from ....jobs.events import Event, Phase, Progress, to_dict
from ....jobs.facts import read
from ....jobs.folder import JobFolder
from ....likeness import statistics
from ....likeness.statistics import Floats
from ....messages import Message
from ....photos.measures import SIDE, Measures
from ....photos.reading import PhotoUnreadable, glance
from ....system.files import write_json
from .opening import Embedder, opened


def say(event: Event) -> None:
    """Print it as one line. Needs no torch: distances are measured without it."""
    sys.stdout.write(json.dumps(to_dict(event)) + "\n")
    sys.stdout.flush()


class Stopped(Exception):
    """Somebody asked for it."""


def main() -> int:
    """Returns 0, also where it was stopped: then without a result."""
    folder = JobFolder(Path(sys.argv[1]))
    try:
        answer = _measure(folder, read(folder.job)["settings"])
    except Stopped:
        return 0
    write_json(folder.result, answer)
    return 0


def _measure(folder: JobFolder, asked: Mapping[str, Any]) -> dict[str, Any]:
    photos, samples = list(map(Path, asked["photos"])), asked["samples"]
    shown = [Path(sample["path"]) for sample in samples]
    answer: dict[str, Any] = {"step": asked["step"], "samples": len(samples)}
    say(Phase(Message("phase.comparing", "comparing with the photos")))
    answer["nearest"] = _nearest(shown, photos)
    if not asked.get("yardstick"):
        return answer
    try:
        detectors = list(map(Path, asked["detectors"]))
        embedder = opened(asked["kind"], Path(asked["yardstick"]), detectors)
    except BridgeError as error:
        return {**answer, "why": str(error)}
    return {**answer, **_likeness(folder, embedder, photos, samples), "by": asked["title"]}


def _likeness(
    folder: JobFolder,
    embedder: Embedder,
    photos: Sequence[Path],
    samples: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    total = len(photos) + len(samples)
    of_photos = _vectors(folder, embedder, photos, 0, total)
    paths = [Path(sample["path"]) for sample in samples]
    of_samples = _vectors(folder, embedder, paths, len(photos), total)
    known = [
        (vector, s) for vector, s in zip(of_samples, samples, strict=True) if vector is not None
    ]
    there = [vector for vector in of_photos if vector is not None]
    if len(there) < 2 or not known:
        text = "Too little could be measured: {photos} photos and {samples} samples."
        why = Message("likeness.too_little", text, photos=len(there), samples=len(known))
        return {"why": str(why)}
    vectors, all_photos = np.stack([vector for vector, _ in known]), np.stack(there)
    found = statistics.among(all_photos)
    rows = [int(sample["row"]) for _, sample in known]
    return {
        "value": statistics.to_photos(vectors, all_photos),
        "photos": found.mean,
        "low": found.low,
        "high": found.high,
        "variety": statistics.variety(vectors, rows),
        "following": _following(embedder, vectors, [str(s["text"]) for _, s in known]),
    }


def _vectors(
    folder: JobFolder, embedder: Embedder, paths: Sequence[Path], before: int, total: int
) -> list[Floats | None]:
    found: list[Floats | None] = []
    for number, path in enumerate(paths, before + 1):
        if folder.stop_request.exists():
            raise Stopped
        try:
            found.append(embedder.of_picture(glance(path, SIDE).pixels))
        except PhotoUnreadable:
            found.append(None)
        say(Progress(number, total))
    return found


def _following(embedder: Embedder, samples: Floats, texts: Sequence[str]) -> float | None:
    """Only CLIP knows texts, and only samples with a prompt have one."""
    of_texts = getattr(embedder, "of_texts", None)
    if of_texts is None or not all(texts):
        return None
    return statistics.following(samples, of_texts(texts))


def _nearest(samples: Sequence[Path], photos: Sequence[Path]) -> dict[str, Any] | None:
    """By pixels alone: always computable."""
    drawn = [found for path in samples if (found := measured(path))]
    known = [(found, path) for path in photos if (found := measured(path))]
    pairs = [(_apart(one, photo), path) for one in drawn for photo, path in known]
    if not pairs:
        return None
    distance, path = min(pairs, key=lambda pair: pair[0])
    copies = sum(any(one.is_copy_of(photo) for photo, _ in known) for one in drawn)
    return {"distance": distance, "photo": path.name, "copies": copies}


def _apart(one: Measures, other: Measures) -> float:
    """Root mean square of the difference of the two's small versions, levels of 255."""
    off = one.thumb.astype(np.float64) - other.thumb.astype(np.float64)
    return float(np.sqrt((off**2).mean()))
