"""What is asked about how good a save is: measured by a job."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from ..errors import Conflict
from ..jobs.job import TrainingJob
from ..planning.request import Request
from .jobs import JobVerbs


class EvidenceVerbs(JobVerbs):
    """Verbs on measured steps."""

    def evaluate(self, job_id: int) -> int:
        """Queue the measuring of a training's saves; returns the new job's number.

        What is measured already isn't measured again. Raises `Invalid`, `Conflict`.
        """
        from ..running.asked import evaluation

        job = self.job(job_id).job
        if not isinstance(job, TrainingJob):
            raise Conflict("bridge.job_training", "Job {job_id} is not a training.", job_id=job_id)
        return self.run_tool(evaluation.of_job(job_id, job, self.folder(job_id)))

    def find_step(self, job_id: int, folds: int | None = None) -> int:
        """Queue short trainings that find the step for all photos of a training; returns the new
        job's number. See `running.asked.all_photos.step_finder`.
        """
        from ..running.asked import all_photos

        wanted = all_photos.FOLDS if folds is None else folds
        return self.run_tool(all_photos.step_finder(self.home, self.job(job_id), wanted))

    def find_step_of(self, request: Request, folds: int | None = None) -> tuple[int, list[str]]:
        """The same for the photos and the base of ``request``, before any training of them; returns
        the new job's number, and what was decided for the user. Raises `Invalid`.
        """
        from ..running.asked import all_photos

        wanted = all_photos.FOLDS if folds is None else folds
        tool, notes = all_photos.step_finder_of(self.home, request, wanted)
        return self.run_tool(tool), notes

    def step_found(self, job_id: int) -> int | None:
        """The newest job that found the step of a training; None where none has."""
        from ..running.asked import all_photos

        return all_photos.found_step(self.home, self._store, job_id)

    def evaluate_file(
        self, file: Path, photos: Path, base: Path | None = None, known: Sequence[Path] = ()
    ) -> int:
        """Queue the measuring of any LoRA on photos; returns the job's number. Without ``base`` it
        is the one that the LoRA names, of ``known`` or of this home's trainings. Raises `Invalid`.
        """
        from ..running.asked import evaluation, known_base

        there = chain(known, known_base.of_trainings(reversed(self.jobs())))
        found = base or known_base.of(file, there)
        return self.run_tool(evaluation.of_file(self.home, file, photos, found))
