"""Keeps the WebUI and the trainer apart: one thread a process, which outlives Reload UI.

While the WebUI's model may be on the GPU, the thread holds the lock that every supervisor needs
(`Home.supervisor_lock`), so that whoever queues a job, here or on a command line, cannot get in
between. When a training waits, it takes the host's queue lock (a click on Generate then waits "In
queue"), takes the model off the GPU, lets go of the supervisor's lock and starts one. When the
queue is empty it goes back the same way. If the WebUI dies meanwhile, the system frees both locks,
and the next start loads its model by itself.

```
            training waits, nothing is generated                 supervisor at work
 guarding ─────────────────────────────────────► parked ─────────────────────────► (waits)
    ▲                                              │  queue empty or paused, supervisor gone
    └──────────────────────────────────────────────┘
```
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import BridgeError
from ..messages import Message
from ..paths import Home
from .vram import Vram

if TYPE_CHECKING:
    from ..jobs.store import JobRow, Store

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5
SPAWN_SECONDS = 5.0
"""A supervisor has this long to take its lock before another is started."""

LONGEST_PAUSE = 60.0
READY_SECONDS = 2.0

FREED = Message(
    "webui.webuis_model_leaves_memory",
    "The WebUI's model is unloaded for the training, and comes back afterwards; Generate "
    "waits meanwhile.",
)

WAITING = Message(
    "webui.webui_generating_picture_training",
    "The WebUI is generating an image; training starts when it has finished.",
)


@dataclass(frozen=True)
class Gate:
    """What the keeper needs of its host."""

    queue_lock: Callable[[], Any]
    """The host's. Held while the trainer has the GPU; ``acquire(blocking=False)`` says whether
    something is generated.
    """
    vram: Callable[[], Vram]
    wanted: Callable[[], bool]
    """Whether the user wants the GPU freed; False: he shares it, or trains on another."""
    gpu: Callable[[], str] = lambda: "0"
    """The WebUI's own GPU, as a job's device is named."""
    refresh: Callable[[], None] = lambda: None
    """Called after the last job, before the host may generate again: show it the new LoRAs."""
    let_close: Callable[[], None] = lambda: None
    """Called again and again while Generate waits: Reload UI must not wait with it."""


class Keeper(threading.Thread):
    """See above. `close` ends it and gives everything back."""

    def __init__(self, home: Home, gate: Gate) -> None:
        super().__init__(name="lora-bridge keeper", daemon=True)
        self.home, self.gate = home, gate
        self._end = threading.Event()
        self._guard = ExitStack()
        self._guarding = False
        self._parked: Vram | None = None
        self._seen: Any = None
        self._spawned = 0.0
        self._told: set[tuple[int, int]] = set()

    @classmethod
    def running(cls) -> Keeper | None:
        """The one of this process."""
        return next((thread for thread in threading.enumerate() if isinstance(thread, cls)), None)

    @property
    def is_parked(self) -> bool:
        """Whether the WebUI's model is off the GPU now, and Generate waits."""
        return self._parked is not None

    def run(self) -> None:
        pause = TICK_SECONDS
        try:
            while not self._end.wait(pause):
                try:
                    self.tick()
                    pause = TICK_SECONDS
                except (BridgeError, OSError) as error:
                    if pause == TICK_SECONDS:
                        log.warning("LoRA Bridge can't look after its queue: %s", error)
                    pause = min(LONGEST_PAUSE, pause * 2)
        finally:
            self._restore()
            self._let_go()

    def announce(self) -> list[str]:
        """Called before a job is queued: makes sure that it can't get past us; returns what the
        user should know.
        """
        deadline = time.monotonic() + READY_SECONDS
        while (
            self.gate.wanted()
            and not self._guarding
            and not self.is_parked
            and time.monotonic() < deadline
        ):
            time.sleep(0.05)
        if not self.gate.wanted() or self.is_parked:
            return []
        if not self.gate.queue_lock().acquire(blocking=False):
            return [WAITING]
        self.gate.queue_lock().release()
        return [FREED]

    def close(self) -> None:
        self._end.set()
        self.join()

    # ---- one look ----

    def tick(self) -> None:
        """Go on to the next state where it is time to.

        Raises `BridgeError` or OSError where the home can't be used.
        """
        if not self.home.database.exists():
            return
        if not self.gate.wanted():
            self._restore()
            self._let_go()
        elif self._parked is not None:
            self._tick_parked(self._store())
        elif self._guarding:
            self._tick_guarding()
        elif self._take_guard():  # the supervisor's own lock: while we hold it, none can start
            self._begin_guarding(self._store())
        elif self._ours(active(self._store())):
            self._park([])  # a training began before us

    def _tick_guarding(self) -> None:
        mark = self._mark()
        if mark == self._seen:
            return
        store = self._store()
        paused = self._watch_pause(store)
        waiting = _waiting(store)
        if waiting and (not self._ours(waiting) or self._park(waiting)):
            self._start_supervisor()
        if not waiting and not paused and not _comes_later(store):
            self._seen = mark

    def _watch_pause(self, store: Store) -> bool:
        """Whether our GPU is paused; while something is generated the pause starts over."""
        from ..jobs.job import share_a_gpu

        if not any(share_a_gpu(self.gate.gpu(), device) for device in store.pauses()):
            return False
        if self.gate.queue_lock().acquire(blocking=False):  # free: nothing is generated just now
            self.gate.queue_lock().release()
        else:
            store.begin_pause(self.gate.gpu())
        return True

    def _tick_parked(self, store: Store) -> None:
        self.gate.let_close()
        if self._take_guard():
            self._mark_lost(store)
            if not _waiting(store):
                self._restore()
            elif time.monotonic() - self._spawned > SPAWN_SECONDS:
                self._start_supervisor()
            else:
                self._let_go()
        elif not self._ours(active(store)):
            self._restore()  # only a set-up goes on, or another GPU

    def _begin_guarding(self, store: Store) -> None:
        self._mark_lost(store)
        self._seen = None

    # ---- the two locks ----

    def _take_guard(self) -> bool:
        from ..system.locks import hold

        if not self._guarding:
            self._guarding = self._guard.enter_context(hold(self.home.supervisor_lock))
        return self._guarding

    def _let_go(self) -> None:
        self._guard.close()
        self._guarding, self._seen = False, None

    def _start_supervisor(self) -> None:
        from ..running import supervisor

        self._let_go()
        self._spawned = time.monotonic()
        supervisor.spawn(self.home)

    def _park(self, waiting: list[JobRow]) -> bool:
        """Take the model off the GPU; False where something is generated just now."""
        if not self.gate.queue_lock().acquire(blocking=False):
            self._tell(self._ours(waiting))
            return False
        self._parked = self.gate.vram()
        try:
            self._parked.free()
        except Exception:  # the host's own code: a training with less room is better than none
            log.exception("LoRA Bridge could not take the WebUI's model off the GPU")
        return True

    def _restore(self) -> None:
        """Give the host its model and its lock back."""
        if self._parked is None:
            return
        parked, self._parked = self._parked, None
        try:
            parked.restore()
            self.gate.refresh()
        except Exception:  # the host's own code: whatever it says, its lock must not stay taken
            log.exception("LoRA Bridge could not give the WebUI its model back")
        finally:
            self.gate.queue_lock().release()

    # ---- the queue ----

    def _ours(self, rows: list[JobRow]) -> list[JobRow]:
        """Those that need the WebUI's GPU."""
        from ..jobs.job import share_a_gpu

        return [row for row in trainings(rows) if share_a_gpu(row.device, self.gate.gpu())]

    def _store(self) -> Store:
        from ..jobs.store import Store

        return Store(self.home.database)

    def _mark(self) -> Any:
        """Another value whenever somebody has written to the queue."""
        marks = []
        for path in (
            self.home.database,
            self.home.database.with_name(self.home.database.name + "-wal"),
        ):
            try:
                stat = path.stat()
                marks.append((stat.st_mtime_ns, stat.st_size))
            except FileNotFoundError:
                marks.append((0, 0))
        return marks

    def _mark_lost(self, store: Store) -> None:
        from ..running import supervisor

        supervisor.mark_lost(store)

    def _tell(self, rows: list[JobRow]) -> None:
        from ..jobs.events import Note

        for row in rows:
            if (row.id, row.attempt) not in self._told:
                self._told.add((row.id, row.attempt))
                self._store().append(row.id, row.attempt, Note(WAITING))


def _waiting(store: Store) -> list[JobRow]:
    """The queue without what is paused, or waits for its time."""
    from ..jobs.job import Status

    return [row for row in active(store) if row.status is Status.QUEUED]


def _comes_later(store: Store) -> bool:
    """Whether a job waits for its time: nobody touches the database when that comes."""
    from ..jobs.job import Status

    return any(row.waits_for_its_time for row in store.jobs([Status.QUEUED]))


def active(store: Store) -> list[JobRow]:
    """Those that have a GPU, or will have it without anybody's doing.

    One look at all of them: between two, a job that waited could get its GPU, and be in neither.
    """
    from ..jobs.job import Status, share_a_gpu

    paused = store.pauses()
    rows = store.jobs([Status.RUNNING, Status.STOPPING, Status.QUEUED])
    later = [
        row.status is Status.QUEUED
        and (row.waits_for_its_time or any(share_a_gpu(row.device, gpu) for gpu in paused))
        for row in rows
    ]
    return [row for row, waits in zip(rows, later, strict=True) if not waits]


def trainings(rows: list[JobRow]) -> list[JobRow]:
    return [row for row in rows if row.kind == "train"]
