"""Who stops: whether somebody asked for it, and whether the moment has come."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from ..errors import BridgeError
from ..jobs.job import Status
from ..jobs.store import JobRow, Store
from ..system import process
from .work.base import Work

LOG = logging.getLogger(__name__)
SAVE_SECONDS = 600.0
"""A trainer that was asked to save and end, and does neither, is stopped after this long."""

LEAVE_SECONDS = 40.0
"""Whoever follows a cluster has this long to stop the training there, even when it shall be now."""


@dataclass
class StopWatch:
    """Looks for a request to stop, and obeys it once the engine has saved what it will."""

    store: Store
    row: JobRow
    work: Work
    pausing: bool = False
    """Whether the request is for a pause."""
    _wish: str | None = None
    _passed_on: bool = False
    """Whether queue and engine know of the request."""
    _asked: float = 0.0
    _saved_then: int = 0
    """The newest saved step when the request came."""

    @property
    def was_asked(self) -> bool:
        return self._wish is not None

    def obey(self, pid: int, cookie: str) -> None:
        """Do what a request to stop asks for, once it is there.

        Costs nothing where the disk is full: it looks again at the next turn.
        """
        try:
            self._look()
        except (BridgeError, OSError) as error:
            LOG.warning("job %s: %s", self.row.id, error)
        if self._wish is not None and self._is_time():
            process.stop_tree(pid, cookie)

    def _look(self) -> None:
        wish = self.store.get(self.row.id).stop
        if wish is None:
            return
        if self._wish is None:  # only the first time: a later "now" doesn't begin the waiting anew
            self._asked, self._saved_then = time.monotonic(), self.work.saved()
        self._wish, self.pausing = wish, wish == "pause"
        if not self._passed_on:
            self._pass_on(wish)

    def _pass_on(self, wish: str) -> None:
        running, attempt = [Status.RUNNING], self.row.attempt
        self.store.move(self.row.id, Status.STOPPING, of=running, attempt=attempt)
        if self.work.traits.saves_on_request and (
            wish != "now" or self.work.traits.leaves_by_itself
        ):
            self.work.folder.stop_request.touch()
        self._passed_on = True

    def _is_time(self) -> bool:
        waited = time.monotonic() - self._asked
        if self.work.traits.leaves_by_itself and waited < LEAVE_SECONDS:
            return False
        # who saves on request also ends by itself: its new file is no reason to end it
        saved = not self.work.traits.saves_on_request and self.work.saved() > self._saved_then
        late = waited > SAVE_SECONDS and not self.pausing
        will_save = self.work.will_save(pausing=self.pausing)
        return self._wish == "now" or not will_save or saved or late
