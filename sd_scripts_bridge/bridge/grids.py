"""Judging the steps of a training by pictures: a grid, and blind votes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Conflict, EngineNotReady, NotFound
from ..jobs.job import ToolJob, TrainingJob
from ..jobs.store import JobRow
from ..messages import Message
from .home import OpenHome

if TYPE_CHECKING:
    from ..engines.judging.grid import Grid
    from ..engines.judging.plan import GridWish
    from ..engines.judging.votes import Standing, Vote


class GridVerbs(OpenHome):
    """Verbs for a training's grid of pictures."""

    def grid(self, job_id: int) -> Grid:
        """Raises `NotFound` where none was drawn yet."""
        from ..engines.judging.grid import Grid

        return Grid.read(self.folder(self.job(job_id).id))

    def draw_grid(self, job_id: int, wish: GridWish) -> Grid:
        """Begin a grid, or go on with it: what is drawn is not drawn again. With our own sampler it
        is a job in the queue; a WebUI draws it by itself.

        Raises `Conflict`, `Invalid`, `EngineNotReady`.
        """
        from ..engines.judging import plan
        from ..engines.judging.grid import WEBUI
        from ..engines.tools.judge import JudgeTool

        job, folder = self._judged(job_id), self.folder(job_id)
        self._refuse_second(job_id)
        grid = plan.plan(job, folder, job_id, wish)
        if wish.by != WEBUI:
            if problems := JudgeTool().check(self.home):
                raise EngineNotReady(problems)
            grid.write(folder)  # before the job that reads it can begin
            tool = ToolJob("judge", f"Judge {job.name}", about=job_id, gpu=job.gpu)
            grid = grid.evolve(number=self._queue.add(tool))
        grid.write(folder)
        return grid

    def stop_grid(self, job_id: int) -> str:
        """Draw no more of it; what is drawn stays. Raises `NotFound` or `Conflict`."""
        grid = self.grid(job_id)
        if grid.number is not None:
            return self._queue.stop(grid.number)
        grid.evolve(wanted=False).write(self.folder(job_id))
        return Message("grid.stops", "Drawing has stopped; the pictures drawn so far stay.")

    def vote(self, job_id: int, vote: Vote) -> list[Standing]:
        """Count a blind vote; returns where each step and strength stands."""
        from ..engines.judging import votes

        path = self.folder(self.job(job_id).id).votes
        votes.add(path, vote)
        return votes.standings(votes.read(path))

    def job_or_none(self, job_id: int) -> JobRow | None:
        """A job that may have been removed since somebody wrote its number down."""
        try:
            return self.job(job_id)
        except NotFound:
            return None

    def _judged(self, job_id: int) -> TrainingJob:
        job = self.job(job_id).job
        if not isinstance(job, TrainingJob):
            raise Conflict("bridge.job_training", "Job {job_id} is not a training.", job_id=job_id)
        return job

    def _refuse_second(self, job_id: int) -> None:
        """One program draws a grid at a time."""
        from ..engines.judging.grid import Grid

        try:
            number = Grid.read(self.folder(job_id)).number
        except NotFound:
            return
        row = self.job_or_none(number) if number is not None else None
        if row is None or row.status.is_over:
            return
        text = "Job {number} is already drawing the grid of job {job}."
        raise Conflict("grid.is_drawn", text, number=number, job=job_id)
