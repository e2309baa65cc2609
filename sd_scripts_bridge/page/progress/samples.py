"""The sample pictures of a job under their addresses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ...errors import NotFound
from ...jobs.folder import JobFolder
from ...outcome.fold import Fold
from ...shapes.marks import Example
from ...system.files import mark
from .strip import StripView, sampled, strip


@dataclass(frozen=True)
class SampleView:
    """A sample picture."""

    url: Annotated[str, "below this API's prefix", Example("jobs/12/samples/0?v=5a1b")]
    step: Annotated[int, Example(500)]


def sample_views(folder: JobFolder, job_id: int, fold: Fold) -> list[SampleView]:
    """Each sample with its address."""
    return [
        SampleView(_address(job_id, number, one.path), one.step)
        for number, one in enumerate(sampled(folder, fold.samples))
    ]


def strip_of(folder: JobFolder, job_id: int, fold: Fold, subject: str) -> StripView:
    """The job's sample pictures by step and prompt."""
    pictures = sampled(folder, fold.samples)
    return strip(pictures, fold.samples, folder, subject, lambda n, p: _address(job_id, n, p))


def sample(folder: JobFolder, job_id: int, number: int, fold: Fold) -> Path:
    """Raises `NotFound`."""
    found = sampled(folder, fold.samples)
    if not 0 <= number < len(found):
        raise NotFound(
            "jobs.job_sample",
            "Job {job_id} has no sample {number}; it has {count}.",
            job_id=job_id,
            number=number,
            count=len(found),
        )
    return found[number].path


def _address(job_id: int, number: int, path: Path) -> str:
    return f"jobs/{job_id}/samples/{number}?v={mark(path)}"
