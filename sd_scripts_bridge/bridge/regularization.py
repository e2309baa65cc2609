"""What is asked of regularization pictures: drawn, stopped, listed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Conflict, EngineNotReady, NotFound
from ..jobs.store import JobRow
from ..messages import Message
from .jobs import JobVerbs

if TYPE_CHECKING:
    from ..engines.regularizing.class_pictures import ClassPictures
    from ..engines.regularizing.request import RegularizationRequest


class RegularizationVerbs(JobVerbs):
    """Verbs for the pictures of a class that a training is kept in balance with."""

    def draw_regularization(self, asked: RegularizationRequest) -> ClassPictures:
        """Begin to draw, or go on: what is drawn is not drawn again. With our own sampler it is a
        job in the queue; a WebUI draws by itself. Raises `Invalid`, `Conflict`, `EngineNotReady`.
        """
        from ..engines.judging.grid import WEBUI
        from ..engines.regularizing import request
        from ..engines.tools.regularization import RegularizationTool, job_for

        found = request.settle(self.home, asked)
        self._refuse_another(found)
        if asked.by != WEBUI:
            if problems := RegularizationTool().check(self.home):
                raise EngineNotReady(problems)
            found = found.evolve(job=self.run_tool(job_for(found)))
        found.write()
        return found

    def regularization(self) -> list[ClassPictures]:
        """What the home has, or is drawing, for every base model."""
        from ..engines.regularizing.class_pictures import read

        plans = sorted(self.home.regularization.glob("*/*.json"))
        return [found for plan in plans if (found := read(plan)) is not None]

    def stop_regularization(self, base: Path, class_token: str) -> str:
        """Draw no more of them; what is drawn stays. Raises `NotFound`, `Conflict`."""
        for found in self.regularization():
            if (Path(found.base), found.class_token) == (base.absolute(), class_token):
                return self._stop(found)
        text = "There are no regularization pictures of {word} for {base}."
        word, name = repr(class_token), base.name
        raise NotFound("regularization.none", text, word=word, base=name)

    def _stop(self, found: ClassPictures) -> str:
        if found.job is not None:
            return self.stop(found.job)
        found.evolve(wanted=False).write()
        return Message("grid.stops", "Drawing has stopped; the pictures drawn so far stay.")

    def _refuse_another(self, asked: ClassPictures) -> None:
        """Two programs don't draw into one folder, and one folder has one size and prompt."""
        from ..engines.regularizing.class_pictures import read

        before = read(asked.plan_file)
        row = self._row(before.job) if before and before.job is not None else None
        if row is not None and not row.status.is_over:
            text = "Job {number} is drawing them already."
            raise Conflict("regularization.is_drawn", text, number=row.id)
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
