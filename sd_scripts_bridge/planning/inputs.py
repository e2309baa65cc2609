"""Whether a job's photos, captions and base are what they were when it was queued, and what lay
encoded on the disk when it began.
"""

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
from ..system.files import mark, merge_json

PIECES, PIECE_BYTES = 64, 65536
"""So many pieces of a base are read, evenly: 4 MB of a file of gigabytes, and no fine-tuning leaves
every one of them as it was.
"""
SHOWN = 12
"""Digits of a hash that people are told."""
ON_DISK = "cache_latents_to_disk"


def write(folder: JobFolder, job: TrainingJob) -> None:
    """Write down what ``job`` is queued with. Nothing where it lies on another machine."""
    if job.on is not None:
        return
    found = {"data": _data(job), "base": _base(Path(job.base)), "base_mark": mark(Path(job.base))}
    with contextlib.suppress(OSError):  # a full disk says so when the job writes its log
        folder.root.mkdir(parents=True, exist_ok=True)
        merge_json(folder.inputs, found)


def write_latents(folder: JobFolder, job: TrainingJob) -> None:
    """Write down, as ``job`` begins, what sd-scripts finds encoded beside its pictures. A picture
    that it encodes itself takes random numbers (``latent_dist.sample()``) out of the same row as
    the noise: with other latents on the disk the same seed gives another LoRA.
    """
    if _keeps_latents(job):
        merge_json(folder.inputs, {"latents": _latents(job)})


def encoded_itself(folder: JobFolder, job: TrainingJob) -> bool:
    """Whether ``job`` began without any latents on the disk, and there are some now."""
    began = facts.read(folder.inputs).get("latents")
    return began == "" and _keeps_latents(job) and _latents(job) != ""


def changes(folder: JobFolder, job: TrainingJob) -> list[str]:
    """What is different now, one sentence each with the hashes, and what can't be told."""
    then = facts.read(folder.inputs)
    if not then.get("data"):
        text = (
            "Job {job} kept no hash of its photos and its base: whether they changed isn't known."
        )
        return [Message("inputs.unknown", text, job=folder.number)]
    base = _changed_base(then, Path(job.base))
    return [*_changed_data(then, job), *base, *_changed_latents(then, job)]


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


def _changed_latents(then: dict[str, Any], job: TrainingJob) -> Iterator[str]:
    """Those that it read and that aren't there any more; see `encoded_itself` for the others."""
    if then.get("latents") and _keeps_latents(job) and _latents(job) != then["latents"]:
        text = (
            "The latents that sd-scripts read from the disk have changed since: it draws other "
            "noise, so the LoRA will differ."
        )
        yield Message("inputs.latents", text)


def _keeps_latents(job: TrainingJob) -> bool:
    return bool(job.params.extra.get(ON_DISK))


def _latents(job: TrainingJob) -> str:
    """A digest of what lies encoded beside the pictures; empty where nothing does."""
    kept = sorted(Path(job.dataset).rglob("*.npz"))
    said = "".join(f"{file.name} {mark(file)}\n" for file in kept)
    return hashlib.sha256(said.encode()).hexdigest() if kept else ""


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
