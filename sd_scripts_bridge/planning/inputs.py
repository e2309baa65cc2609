"""Whether a job's photos, captions and base are what they were when it was queued."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..datasets.looking import contents
from ..errors import BridgeError
from ..jobs import facts
from ..jobs.folder import JobFolder
from ..jobs.job import TrainingJob
from ..messages import Message
from ..system.files import mark, write_json

PIECES, PIECE_BYTES = 64, 65536
"""So many pieces of a base are read, evenly: 4 MB of a file of gigabytes, and no fine-tuning leaves
every one of them as it was.
"""
SHOWN = 12
"""Digits of a hash that people are told."""


def write(folder: JobFolder, job: TrainingJob) -> None:
    """Write down what ``job`` is queued with. Nothing where it lies on another machine."""
    if job.on is not None:
        return
    found = {"data": _data(job), "base": _base(Path(job.base)), "base_mark": mark(Path(job.base))}
    with contextlib.suppress(OSError):  # a full disk says so when the job writes its log
        folder.root.mkdir(parents=True, exist_ok=True)
        write_json(folder.inputs, found)


def changes(folder: JobFolder, job: TrainingJob) -> list[str]:
    """What is different now, one sentence each with the hashes, and what can't be told."""
    then = facts.read(folder.inputs)
    if not then.get("data"):
        text = (
            "Job {job} kept no hash of its photos and its base: whether they changed isn't known."
        )
        return [Message("inputs.unknown", text, job=folder.number)]
    return [*_changed_data(then, job), *_changed_base(then, Path(job.base))]


def _changed_data(then: dict[str, Any], job: TrainingJob) -> Iterator[str]:
    now = _data(job)
    if now != then["data"]:
        text = "The photos or captions have changed since: hash {then} then, {now} now."
        yield Message("inputs.data", text, then=then["data"][:SHOWN], now=now[:SHOWN])


def _changed_base(then: dict[str, Any], base: Path) -> Iterator[str]:
    if mark(base) == then.get("base_mark"):
        return
    before, now = str(then.get("base", "")), _base(base)
    if now != before:
        text = "{base} has changed since: hash {then} then, {now} now."
        yield Message("inputs.base", text, base=base.name, then=before[:SHOWN], now=now[:SHOWN])


def _data(job: TrainingJob) -> str:
    """The digest of its dataset; empty where there is none."""
    try:
        return contents.read(Path(job.dataset)).digest
    except (BridgeError, OSError):
        return ""


def _base(file: Path) -> str:
    """A hash of the file's size and of `PIECES` pieces; empty where it can't be read."""
    try:
        size = file.stat().st_size
        digest = hashlib.sha256(str(size).encode())
        with file.open("rb") as opened:
            for piece in range(PIECES):
                opened.seek(piece * max(PIECE_BYTES, size // PIECES))
                digest.update(opened.read(PIECE_BYTES))
    except OSError:
        return ""
    return digest.hexdigest()
