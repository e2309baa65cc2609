"""A home folder with its database and its queue: what every verb starts from."""

from __future__ import annotations

from ..jobs.folder import JobFolder
from ..jobs.history.entries import Entry
from ..jobs.store import JobRow, Store
from ..paths import Home
from ..running.asked.queue import Queue


class OpenHome:
    """The home, made where it isn't there yet."""

    def __init__(self, home: Home) -> None:
        self.home = home.create()
        self._store = Store(home.database, home.jobs)
        self._queue = Queue(self.home, self._store)

    @property
    def recovered(self) -> str:
        """What was damaged and found again when the home was opened; empty: nothing."""
        return self._store.recovered

    def job(self, job_id: int) -> JobRow:
        """One job, its status true as of now. Raises `NotFound`."""
        return self._queue.job(job_id)

    def events(self, job_id: int, after: int = 0, most: int = -1) -> list[Entry]:
        return self._store.events(job_id, after, most)

    def outline(self, job_id: int) -> list[Entry]:
        """See `History.outline`."""
        return self._store.outline(job_id)

    def folder(self, job_id: int) -> JobFolder:
        return JobFolder.of(self.home, job_id)
