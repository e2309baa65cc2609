"""What is asked of regularization pictures: drawn, as a job or by the WebUI, and stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import Conflict, EngineNotReady, NotFound
from ..jobs.store import JobRow
from .jobs import JobVerbs

if TYPE_CHECKING:
    from ..engines.regularizing.class_pictures import ClassPictures
    from ..engines.regularizing.request import RegularizationRequest


class RegularizationVerbs(JobVerbs):
    """Verbs for the pictures of a class that a training is kept in balance with."""

    def draw_regularization(self, asked: RegularizationRequest) -> ClassPictures:
        """Begin to draw, or go on: what is drawn is not drawn again. With our own sampler it is a
        job in the queue; a WebUI draws them by itself.

        Raises `Invalid`, `Conflict`, `EngineNotReady`.
        """
        from ..engines.judging.grid import WEBUI
        from ..engines.regularizing import request
        from ..engines.tools.regularization import RegularizationTool, job_for

        found = request.settle(self.home, asked)
        self._refuse_another(found)
        if found.by != WEBUI:
            if problems := RegularizationTool().check(self.home):
                raise EngineNotReady(problems)
            found = found.evolve(job=self.run_tool(job_for(found)))
        found.write()
        return found

    def stop_regularization(self, drawn: ClassPictures) -> None:
        """Draw no more of them now; what is drawn stays. Nothing where they aren't being drawn.

        Raises `Conflict`.
        """
        from ..engines.regularizing.class_pictures import read

        plan = read(drawn.plan_file)
        row = self._row(plan.job) if plan and plan.job is not None else None
        if row is not None and not row.status.is_over:
            self.stop(row.id)
        elif plan is not None and plan.is_painted:
            plan.evolve(wanted=False).write()

    def _refuse_another(self, asked: ClassPictures) -> None:
        """Two programs don't draw into one folder, and one folder has one size and prompt."""
        from ..engines.judging.grid import WEBUI
        from ..engines.regularizing.class_pictures import read

        before = read(asked.plan_file)
        row = self._row(before.job) if before and before.job is not None else None
        if row is not None and not row.status.is_over:
            text = "Job {number} is drawing them already."
            raise Conflict("regularization.is_drawn", text, number=row.id)
        if before and before.is_painted and asked.by != WEBUI:
            text = "The WebUI is drawing them already. Stop that first."
            raise Conflict("regularization.is_painted", text)
        if before and before.drawn and _look(before) != _look(asked):
            text = (
                "{folder} holds pictures of {prompt} at {width} x {height}. Remove that folder "
                "first, or ask for more of the same."
            )
            raise Conflict(
                "regularization.others",
                text,
                folder=str(before.leaf),
                prompt=repr(before.text),
                width=before.width,
                height=before.height,
            )

    def _row(self, job_id: int) -> JobRow | None:
        try:
            return self.job(job_id)
        except NotFound:
            return None


def _look(one: ClassPictures) -> tuple[str, str, int, int]:
    return one.base, one.text, one.width, one.height
