"""What is asked of jobs that are there: looked at, stopped, gone on with, removed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..engines import tools
from ..errors import EngineNotReady
from ..jobs.job import Status, ToolJob
from ..jobs.store import JobRow
from ..jobs.wanted import ALL, Wanted
from ..messages import joined
from ..running import keeping, supervisor
from ..running.asked.queue import PAUSE_MINUTES
from .home import OpenHome

if TYPE_CHECKING:
    from ..likeness.measured import LikenessView
    from ..planning.cleaning import Cleaned
    from ..running.asked.lora_work import LoraRequest
    from ..running.asked.repeat import Repeated
    from ..running.forgetting.forget import Forgotten
    from ..running.keeping import Freed


class JobVerbs(OpenHome):
    """Verbs for the queue and the history."""

    def jobs(self) -> list[JobRow]:
        """All jobs, oldest first; those that lost their supervisor are found out here."""
        supervisor.reconcile(self.home, self._store)
        return self._store.jobs()

    def active(self, *, reconcile: bool = True) -> list[JobRow]:
        """The jobs that run, stop or wait, oldest first; without ``reconcile`` as last written."""
        if reconcile:
            supervisor.reconcile(self.home, self._store)
        return self._store.jobs([status for status in Status if not status.is_over])

    def newest(self, count: int, *, below: int | None = None, wanted: Wanted = ALL) -> list[JobRow]:
        """One page of the history, newest first, from below the number ``below`` on."""
        return self._store.newest(count, below=below, wanted=wanted)

    def count(self, wanted: Wanted = ALL) -> int:
        """How many jobs are ``wanted``."""
        return self._store.count(wanted)

    def run_tool(self, job: ToolJob) -> int:
        """Queue a program that trains nothing (`engines.tools`); returns its number.

        Raises `NotFound` for no such tool, `EngineNotReady` with why it can't run here.
        """
        problems = tools.get(job.tool).check(self.home)
        if problems:
            raise EngineNotReady(problems)
        return self._queue.add(job)

    def measure_likeness(self, job_id: int, named: Path | None = None) -> int:
        """Queue the measurement of a training's last samples; returns the new job's number. See
        `running.asked.likeness`.
        """
        from ..running.asked import likeness

        return self.run_tool(likeness.job_for(self.home, self.job(job_id), named))

    def likeness(self, job_id: int) -> LikenessView:
        """The newest measurement of a training."""
        from ..running.asked import likeness

        return likeness.of(self.home, self._store, job_id)

    def work_on_loras(self, asked: LoraRequest, gpu: int | None = None) -> int:
        """Queue a resize, a merge or an extraction; returns the job's number.

        Raises `Invalid`, and `EngineNotReady` where sd-scripts isn't set up.
        """
        from ..running.asked.lora_work import work_of
        from ..running.work.lora_tool import job_for

        return self.run_tool(job_for(work_of(asked), gpu))

    def stop(self, job_id: int, *, now: bool = False) -> str:
        """See `Queue.stop`."""
        return self._queue.stop(job_id, now=now)

    def pause(self, job_id: int, minutes: float = PAUSE_MINUTES) -> str:
        """See `Queue.pause`."""
        return self._queue.pause(job_id, minutes)

    def pauses(self) -> dict[str, float]:
        """The devices that are paused now, and until when (seconds since 1970)."""
        return self._store.pauses()

    def resume(self, job_id: int, step: int | None = None) -> str:
        """See `again.resume`."""
        return self._queue.resume(job_id, step)

    def retry(self, job_id: int) -> str:
        """See `again.retry`."""
        return self._queue.retry(job_id)

    def retry_on_all(self, job_id: int, steps: int | None = None) -> Repeated:
        """See `running.asked.all_photos`."""
        from ..running.asked import all_photos

        return all_photos.train_on_all(self.home, self._queue, self.job(job_id), steps)

    def repeat(self, job_id: int) -> Repeated:
        """See `running.asked.repeat`."""
        from ..running.asked import repeat

        return repeat.repeat(self.home, self._queue, self.job(job_id))

    def remove(self, job_id: int) -> str:
        """Forget a job and delete its folder, and the clean copies of its photos where no other
        job trains them; a published LoRA stays. Raises `Conflict` while it runs.
        """
        said, freed = self._queue.remove(job_id), self.free_copies()
        return joined([said, freed.sentence]) if freed.bytes else said

    def forget(self, job_id: int, *, dry_run: bool = False) -> Forgotten:
        """See `running.forgetting`; the photos in the page's draft are
        `page.finished.forgetting`'s. With ``dry_run`` only say how much that would free.
        """
        from ..running.forgetting import forget

        deed = forget.look if dry_run else forget.forget
        return deed(self.home, self._store, self.job(job_id))

    def free_copies(self, *, dry_run: bool = False) -> Cleaned:
        """Free the clean copies that no job needs; with ``dry_run`` only say what that is."""
        from ..planning import cleaning

        return cleaning.clean(self.home, self._store, dry_run=dry_run)

    def clean(self, keep: str | None = None, *, only_look: bool = False) -> list[Freed]:
        """Free what finished trainings don't need, by the home's rule; ``keep`` sets that first.

        ``only_look``: say what would be freed, by ``keep`` where it is given; nothing is set.
        Raises `Invalid` for an unknown rule.
        """
        return keeping.clean(self.home, self._store, keep, only_look=only_look)

    def keeps(self) -> str:
        """The rule that `clean` goes by, one of `jobs.folder.KEEP`."""
        return keeping.rule(self.home)
