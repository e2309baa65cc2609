"""From a wish, or another program's file, to a queued training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import engines
from ..errors import Invalid, Problem
from ..jobs.job import TrainingJob
from ..options import presets
from ..planning.planner import Planner
from ..planning.request import Request
from ..running.asked import start_time
from .home import OpenHome

if TYPE_CHECKING:
    from ..datasets.writer import Dataset
    from ..engines.base import Engine
    from ..exchange.settling.imported import Imported
    from ..models.checkpoint import Base


@dataclass(frozen=True)
class Submitted:
    """The queued job, and what was decided for the user on the way."""

    id: int
    job: TrainingJob
    notes: tuple[str, ...]


class TrainingVerbs(OpenHome):
    """Verbs that make jobs."""

    def submit(self, request: Request, at: str | None = None) -> Submitted:
        """Queue a training, to start at once or at a time (`running.asked.start_time`).

        Raises `Invalid` or `EngineNotReady` with everything that is wrong.
        """
        start = start_time.read(at) if at is not None else None
        job, notes = self.prepare(request)
        return Submitted(self._queue.add(job, start), job, (*notes, *_when(start)))

    def prepare(self, request: Request) -> tuple[TrainingJob, list[str]]:
        """The job that `submit` would queue, with its notes; writes the clean copies that it needs.

        Raises as `submit`.
        """
        if request.on is not None:
            from ..cluster import question

            return question.prepare(Planner(self.home), request)
        return Planner(self.home).prepare(request)

    def dry_run(self, request: Request, at: str | None = None) -> tuple[TrainingJob, list[str]]:
        """The job that `submit` would queue here, with its notes; copies and writes nothing.

        Raises as `submit`.
        """
        start = start_time.read(at) if at is not None else None
        if request.on is not None:
            raise Invalid(
                [
                    Problem(
                        "bridge.cluster_can_asked_sending",
                        "on",
                        "a cluster can be asked only by sending it the photos, and nothing is "
                        "sent here",
                        "Leave --dry-run out: problems are reported before the training is queued.",
                    )
                ]
            )
        job, notes, _ = Planner(self.home).dry_run(request)
        return job, [*notes, *_when(start)]

    def draft_job(
        self, request: Request, data: Dataset, base: Base
    ) -> tuple[TrainingJob, list[str], list[Problem]]:
        """See `Planner.draft_job`."""
        return Planner(self.home).draft_job(request, data, base)

    def choose_engine(self, base: Base | None = None) -> Engine:
        """The engine that is taken where nobody names one."""
        return (
            engines.choose(self.home, base.family, base.full_size)[0]
            if base
            else engines.choose(self.home)[0]
        )

    def engine_of(self, job: TrainingJob) -> Engine:
        """The engine that runs ``job``."""
        return engines.of(job, self.home)

    def engine(self, name: str) -> Engine:
        """The engine called ``name``. Raises `NotFound`."""
        return engines.get(name, self.home)

    def import_file(self, path: Path, folders: Sequence[Path] = ()) -> Imported:
        """What a file says about a training, key by key; base models are looked for in ``folders``.
        Raises `Invalid`.
        """
        from ..exchange import request as exchange_request

        return exchange_request.read(path, self.home, folders)

    def like(self, imported: Imported, request: Mapping[str, Any]) -> Request:
        """A request for the training that ``imported`` describes; ``request`` takes precedence.

        Raises `Invalid`.
        """
        from ..exchange import request as exchange_request

        given = {key: value for key, value in request.items() if value is not None}
        filled = exchange_request.fill(
            imported, given.get("dataset"), given.get("base"), given.get("launch")
        )
        preset = presets.IMPORTED if imported.values else None
        return Request(**{"name": imported.name, "preset": preset, **given, **filled})


def _when(start: float | None) -> list[str]:
    return [start_time.said(start)] if start else []
