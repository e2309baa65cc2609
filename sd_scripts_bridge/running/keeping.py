"""What is kept of a training that ended well: one rule for the whole home, shown and set by
`clean`.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import BridgeError, Invalid, Problem, short
from ..jobs.folder import KEEP, JobFolder
from ..jobs.job import Status, TrainingJob
from ..jobs.store import Store
from ..paths import Home
from ..system.files import chosen, merge_json

USUAL = "checkpoints"


@dataclass(frozen=True)
class Freed:
    """What a job gives back."""

    job: int
    files: int
    bytes: int

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def rule(home: Home) -> str:
    """The rule that holds, one of `KEEP`."""
    return chosen(home.settings, "keep", KEEP, USUAL)


def set_rule(home: Home, wanted: str) -> None:
    """From now on. Raises `Invalid` for none of `KEEP`."""
    refuse_unknown(wanted)
    merge_json(home.settings, {"keep": wanted})


def refuse_unknown(wanted: str) -> None:
    """Raises `Invalid` for none of `KEEP`."""
    if wanted not in KEEP:
        raise Invalid(
            [
                Problem(
                    "keep.no_rule",
                    "keep",
                    "{wanted} is not a rule",
                    "Choose one of: {rules}.",
                    wanted=short(wanted),
                    rules=", ".join(KEEP),
                )
            ]
        )


def tidy(home: Home, number: int, job: TrainingJob) -> Freed:
    """Free what job ``number``, which ended well, doesn't need by the home's rule."""
    return _tidied(home, number, job, rule(home), only_look=False)


def _tidied(home: Home, number: int, job: TrainingJob, keep: str, *, only_look: bool) -> Freed:
    folder = JobFolder.of(home, number)
    files = bytes_ = 0
    for path in folder.spare(job.name, job.params.max_train_steps, keep):
        count, size = _size(path)
        files, bytes_ = files + count, bytes_ + size
        if not only_look:
            _remove(path)
    return Freed(number, files, bytes_)


def clean(
    home: Home, store: Store, keep: str | None = None, *, only_look: bool = False
) -> list[Freed]:
    """The same for every training that ended well; those that give nothing are left out.

    ``keep`` sets the home's rule first; with ``only_look`` it is only asked what that would free.
    Raises `Invalid` for none of `KEEP`.
    """
    if keep is None:
        keep = rule(home)
    elif only_look:
        refuse_unknown(keep)
    else:
        set_rule(home, keep)
    freed = []
    for row in store.jobs([Status.SUCCEEDED]):
        try:
            job = row.job
        except BridgeError:  # another version's; its files are left alone
            continue
        if isinstance(job, TrainingJob):
            freed.append(_tidied(home, row.id, job, keep, only_look=only_look))
    return [found for found in freed if found.files]


def _size(path: Path) -> tuple[int, int]:
    """(files, bytes that go with them): a file with another name elsewhere gives nothing."""
    found = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    stats = [file.stat() for file in found]
    return len(stats), sum(stat.st_size for stat in stats if stat.st_nlink < 2)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
