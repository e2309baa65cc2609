"""``python -m sd_scripts_bridge.running.supervisor HOME``: run the queue empty, one job after
another, then leave.

Whoever submits inserts the job first and then starts a supervisor. One that finds the lock held
leaves; the one that holds it looks once more after letting go, so that a job inserted in between is
not forgotten.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from ..errors import Invalid
from ..jobs.events import Finished
from ..jobs.job import Status
from ..jobs.store import JobRow, Store, known_process
from ..messages import Message
from ..paths import PACKAGE_PARENT, Home
from ..system import process
from ..system.locks import hold, is_held
from . import code
from .attempt import Attempt

LOCK_WAIT_SECONDS = 2.0
"""Longer than anybody holds the lock just to look (`locks.is_held`)."""

LOOK_SECONDS = 0.25
"""Between two looks for a job whose cards are free."""

PAUSED_LOOK_SECONDS = 1.0
"""Between two looks whether a pause is over."""

LOST = Message(
    "supervisor.lost",
    "The supervisor vanished while this job ran (a crash, or the machine went off).",
)


def main(arguments: list[str] | None = None) -> int:
    home = Home(Path((arguments or sys.argv[1:])[0])).create()
    drain(home)
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
    """Until nothing waits and nothing runs: on each card one job after another, the cards side by
    side.

    Also until nothing runs and we aren't the current code any more.
    """
    workers: list[threading.Thread] = []
    while True:
        workers = [worker for worker in workers if worker.is_alive()]
        while (workers or is_current()) and (row := store.claim()) is not None:
            workers.append(threading.Thread(target=run, args=(home, store, row)))
            workers[-1].start()
        if not workers:
            return
        workers[0].join(LOOK_SECONDS)


def run(home: Home, store: Store, row: JobRow) -> None:
    """One attempt. A defect of ours fails the job with a sentence, and leaves the queue running."""
    try:
        Attempt(home, store, row).run()
    except Exception as error:  # the edge of the process: nothing may take the queue down
        traceback.print_exc()
        sentence = (
            str(error)
            if isinstance(error, Invalid)
            else Message(
                "supervisor.lora_bridge_itself_failed",
                "LoRA Bridge itself failed: {error}. See supervisor.log.",
                error=repr(error),
            )
        )
        store.append(row.id, row.attempt, Finished(Status.FAILED.value, sentence))
        store.move(
            row.id,
            Status.FAILED,
            of=[Status.RUNNING, Status.STOPPING],
            attempt=row.attempt,
            sentence=sentence,
        )


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
        known = known_process(row)
        if known is not None:
            identity, cookie = known
            process.stop_tree(identity.pid if identity.is_alive() else None, cookie)
        wanted = row.status is Status.STOPPING and row.stop != "pause"
        status = Status.STOPPED if wanted else Status.LOST
        if store.move(row.id, status, of=[row.status], attempt=row.attempt, sentence=LOST):
            store.append(row.id, row.attempt, Finished(status.value, LOST))


def spawn(home: Home) -> None:
    """Start a supervisor that outlives us."""
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); from "
        "sd_scripts_bridge.running.supervisor import main; main()"
    )
    argv = [sys.executable, "-c", code, str(PACKAGE_PARENT), str(home.root)]
    process.spawn_detached(argv, log=home.root / "supervisor.log", env={})


if __name__ == "__main__":
    sys.exit(main())
