"""Who tells: what happens to a job, written into the database as far as that lets us.

A full disk must not cost a training: what can't be written now is kept, and told later.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ..errors import BridgeError
from ..jobs.events import Event, Phase, Progress
from ..jobs.store import JobRow, Store

LOG = logging.getLogger(__name__)
PROGRESS_SECONDS = 0.5
DISK_SECONDS = 600.0
"""How long the outcome of a job waits for a database that can't be written."""


@dataclass
class Teller:
    """Tells what happens to the job of ``row`` in its present attempt."""

    store: Store
    row: JobRow
    _untold: list[Event | dict[str, Any]] = field(default_factory=list)
    _held_back: Progress | None = None
    _told: float = 0.0
    _phase: str = ""

    def tell(self, event: Event) -> None:
        """Write it down, behind the progress that was held back; a phase only where it is new."""
        if isinstance(event, Phase):
            if event.text == self._phase:
                return
            self._phase = event.text
        self._release()
        self._add(event)

    def progress(self, event: Progress) -> None:
        """Some come each millisecond: twice a second the newest is told."""
        self._held_back = event
        if time.monotonic() - self._told >= PROGRESS_SECONDS:
            self._release()

    def note_process(self, known: dict[str, Any]) -> None:
        """Remember who trains, for whoever finds this job without its supervisor."""
        self._add(known)

    def flush(self) -> None:
        """Tell the progress that is held back, and what could not be told before."""
        self._release()
        self._tell_rest()

    def try_again(self) -> None:
        """For each look at the job: what could not be told before may be possible now."""
        if self._held_back and time.monotonic() - self._told >= PROGRESS_SECONDS:
            self._release()
        elif self._untold:
            self._tell_rest()

    def surely(self, change: Callable[[], Any]) -> Any:
        """Tell what is untold, then do ``change``; wait for a disk that is full.

        Raises `BridgeError` where it stays so.
        """
        deadline = time.monotonic() + DISK_SECONDS
        while True:
            self.flush()
            try:
                if not self._untold or time.monotonic() > deadline:
                    return change()
            except BridgeError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(1)

    def _release(self) -> None:
        event, self._held_back = self._held_back, None
        if event is not None:
            self._told = time.monotonic()
            self._add(event)

    def _add(self, told: Event | dict[str, Any]) -> None:
        if isinstance(told, Progress) and self._untold and isinstance(self._untold[-1], Progress):
            self._untold.pop()  # of the progress that can't be told, the newest will do
        self._untold.append(told)
        self._tell_rest()

    def _tell_rest(self) -> None:
        try:
            while self._untold:
                self._write(self._untold[0])
                self._untold.pop(0)
        except BridgeError as error:
            LOG.warning("job %s: %s", self.row.id, error)

    def _write(self, told: Event | dict[str, Any]) -> None:
        if isinstance(told, dict):
            self.store.note_process(self.row.id, self.row.attempt, told)
        else:
            self.store.append(self.row.id, self.row.attempt, told)
