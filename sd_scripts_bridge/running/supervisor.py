"""``python -m sd_scripts_bridge.running.supervisor HOME``: run the queue empty, one job after
another, then leave.

Whoever submits inserts the job first and then starts a supervisor. One that finds the lock held
leaves; the one that holds it looks once more after letting go, so that a job inserted in between is
not forgotten.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from ..errors import BridgeError, Invalid
from ..jobs.events import Finished
from ..jobs.job import Status
from ..jobs.store import JobRow, Store
from ..messages import Message
from ..paths import PACKAGE_PARENT, Home
from ..system import bounded_log, process
from ..system.locks import hold, is_held
from . import code
from .attempt import Attempt
from .teller import DISK_SECONDS, Teller

LOG = logging.getLogger(__name__)
LOCK_WAIT_SECONDS = 2.0
"""Longer than anybody holds the lock just to look (`locks.is_held`)."""

LOOK_SECONDS = 1.0
"""Between two looks for a job whose GPUs are free; the end of the first running one is seen at
once."""

PAUSED_LOOK_SECONDS = 1.0
"""Between two looks whether a pause is over."""

LOST = Message(
    "supervisor.lost",
    "The supervisor vanished while this job ran (a crash, or the machine went off).",
)


def main(arguments: list[str] | None = None) -> int:
    home = Home(Path((arguments or sys.argv[1:])[0])).create()
    bounded_log.begin(home.supervisor_log)
    try:
        drain(home)
    except BridgeError as error:  # the database can't be used
        LOG.error("%s", error)
        return 1
    return 0


def drain(home: Home) -> None:
    """Run every queued job. Returns at once where another supervisor is at work.

    Where the package was updated meanwhile, a supervisor of the new code takes the queue over.
    """
    store = Store(home.database, home.jobs)
    code.load_all()
    loaded = code.on_disk()
    while True:
        with hold(home.supervisor_lock, wait=LOCK_WAIT_SECONDS) as mine:
            if not mine:
                return
            mark_lost(store)
            run_all(home, store, lambda: code.on_disk() == loaded)
        if code.on_disk() != loaded:
            hand_over(home, store)
            return
        if not store.waiting() and not wait_for_pauses(home, store):
            return


def wait_for_pauses(home: Home, store: Store) -> bool:
    """Sit out the pauses that jobs wait for, without the lock.

    False: nothing waits, or somebody else sits there.
    """
    with hold(home.waiter_lock) as mine:
        while mine and store.jobs([Status.QUEUED]):
            if store.waiting():
                return True
            time.sleep(PAUSED_LOOK_SECONDS)
    return bool(store.waiting())


def hand_over(home: Home, store: Store) -> None:
    """Let the code that lies on the disk now run what waits."""
    if store.jobs([Status.QUEUED]) and code.comes_back():
        spawn(home)


def run_all(home: Home, store: Store, is_current: Callable[[], bool]) -> None:
    """Until nothing waits and nothing runs: on each GPU one job after another, the GPUs side by
    side.

    Also until nothing runs and we aren't the current code any more.
    """
    workers: list[threading.Thread] = []
    while True:
        workers = [worker for worker in workers if worker.is_alive()]
        while (workers or is_current()) and (row := _claim(store, patient=not workers)):
            workers.append(threading.Thread(target=run, args=(home, store, row)))
            workers[-1].start()
        if not workers:
            return
        workers[0].join(LOOK_SECONDS)


def _claim(store: Store, *, patient: bool) -> JobRow | None:
    """The next job. A full disk must not end the supervisor while its trainers run; ``patient``:
    it is waited for.
    """
    deadline = time.monotonic() + (DISK_SECONDS if patient else 0)
    while True:
        try:
            return store.claim()
        except BridgeError as error:
            LOG.warning("%s", error)
            if time.monotonic() >= deadline:
                return None
        time.sleep(1)


def run(home: Home, store: Store, row: JobRow) -> None:
    """One attempt. A defect of ours fails the job with a sentence, and leaves the queue running."""
    try:
        Attempt(home, store, row).run()
    except Exception as error:  # the edge of the process: nothing may take the queue down
        LOG.exception("job %s", row.id)
        sentence = (
            str(error)
            if isinstance(error, Invalid)
            else Message(
                "supervisor.lora_bridge_itself_failed",
                "LoRA Bridge itself failed: {error}. See supervisor.log.",
                error=repr(error),
            )
        )
        _fail(store, row, sentence)


def _fail(store: Store, row: JobRow, sentence: str) -> None:
    teller, running = Teller(store, row), [Status.RUNNING, Status.STOPPING]
    teller.tell(Finished(Status.FAILED.value, sentence))
    try:
        teller.surely(
            lambda: store.move(
                row.id, Status.FAILED, of=running, attempt=row.attempt, sentence=sentence
            )
        )
    except BridgeError as error:  # it stays "running", and is lost once we are gone
        LOG.error("job %s: %s", row.id, error)


def reconcile(home: Home, store: Store) -> None:
    """Tell the truth about jobs whose supervisor has vanished, and start one where jobs wait for
    it.
    """
    if is_held(home.supervisor_lock):
        return
    if store.jobs([Status.RUNNING, Status.STOPPING, Status.QUEUED]):
        with hold(home.supervisor_lock) as mine:
            if mine:
                mark_lost(store)
        if store.waiting() or (store.jobs([Status.QUEUED]) and not is_held(home.waiter_lock)):
            spawn(home)


def mark_lost(store: Store) -> None:
    """Call with the lock held: whoever is "running" then has no supervisor.

    Its trainer, if alive, is ended.
    """
    for row in store.jobs([Status.RUNNING, Status.STOPPING]):
        known = _known_process(row)
        if known is not None:
            identity, cookie = known
            process.stop_tree(identity.pid if identity.is_alive() else None, cookie)
        wanted = row.status is Status.STOPPING and row.stop != "pause"
        status = Status.STOPPED if wanted else Status.LOST
        if store.move(row.id, status, of=[row.status], attempt=row.attempt, sentence=LOST):
            store.append(row.id, row.attempt, Finished(status.value, LOST))


def _known_process(row: JobRow) -> tuple[process.Identity, str] | None:
    """Who trained the job when that was last written down, with its cookie."""
    if not row.process:
        return None
    data = json.loads(row.process)
    return process.Identity(int(data["pid"]), float(data["started"]), str(data["boot"])), str(
        data["cookie"]
    )


def spawn(home: Home) -> int:
    """Start a supervisor that outlives us; returns its pid."""
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from "
        "sd_scripts_bridge.running.supervisor import main; main()"
    )
    bounded_log.make_room(home.supervisor_log)
    argv = [sys.executable, "-c", code, str(PACKAGE_PARENT), str(home.root)]
    return process.spawn_detached(argv, log=home.supervisor_log, env={})


if __name__ == "__main__":
    sys.exit(main())
