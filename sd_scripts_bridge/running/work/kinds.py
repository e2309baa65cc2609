"""Which work a job is."""

from __future__ import annotations

from ...jobs.facts import Facts
from ...jobs.folder import JobFolder
from ...jobs.job import SetupJob, TrainingJob
from ...jobs.store import JobRow
from ...paths import Home
from ..teller import Teller
from .base import Work
from .setup import SetupWork
from .tool import ToolWork
from .training import TrainingWork


def of(home: Home, row: JobRow, folder: JobFolder, teller: Teller, facts: Facts) -> Work:
    """The work of ``row``'s job. Raises `Invalid` for a job of another version, `NotFound` for an
    engine or a tool that isn't there.
    """
    job, about = row.job, (home, row, folder, teller, facts)
    if isinstance(job, TrainingJob):
        return TrainingWork(*about, job)
    if isinstance(job, SetupJob):
        return SetupWork(*about, job)
    return ToolWork(*about, job)
