"""What the supervisor costs while a training runs: the real one, detached, beside the embedded
engine on the demo's base model, which takes many steps a second.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import psutil

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.events import Progress
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.jobs.store import Store
from sd_scripts_bridge.models.shipped import demo_base
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.running import supervisor

from .outcome import Missing, Outcome
from .workshop import CLASS_TOKEN, SMALL, SUBJECT, Workshop

MOST_PERCENT, MOST_MB = 1.0, 60.0
START_SECONDS = 300.0


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=int, default=60)


def measure(chosen: argparse.Namespace) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        bridge = Bridge(Home(Path(folder) / "home"))
        store = Store(bridge.home.database)
        number = store.add(_job(Workshop(Path(folder))))
        process = psutil.Process(supervisor.spawn(bridge.home))
        try:
            first = _wait_for_steps(store, number)
            percent, megabytes = _watch(process, chosen.seconds)
            steps = _step(store, number) - first
        finally:
            bridge.stop(number, now=True)
            process.wait(60)
    rows = [(chosen.seconds, steps, round(percent, 2), round(megabytes, 1))]
    columns = ("seconds", "steps meanwhile", "% of a core", "MB at most")
    figure = (
        f"The supervisor takes {percent:.2f} % of a core and {megabytes:.0f} MB while a training "
        f"runs (at most {MOST_PERCENT:.0f} % and {MOST_MB:.0f} MB)."
    )
    return Outcome(columns, rows, figure, percent < MOST_PERCENT and megabytes < MOST_MB)


def _job(workshop: Workshop) -> TrainingJob:
    """Longer than any measurement, without saves and samples."""
    long = {"max_train_steps": 1_000_000, "save_every_n_steps": 1_000_000}
    params = TrainingParams(extra={"sample_every_n_steps": 0}).with_values({**SMALL, **long})
    return TrainingJob(
        name=SUBJECT,
        subject=SUBJECT,
        class_token=CLASS_TOKEN,
        dataset=str(workshop.dataset()),
        base=str(demo_base.put(workshop.root)),
        family="sd1",
        engine="embedded",
        params=params,
    )


def _step(store: Store, number: int) -> int:
    steps = [e.event.step for e in store.outline(number) if isinstance(e.event, Progress)]
    return max(steps, default=0)


def _wait_for_steps(store: Store, number: int) -> int:
    """The step it is at, once it trains. Raises `Missing` where it doesn't come so far.

    The database is asked and not `Bridge`, which would start a supervisor where it sees none yet.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and not store.get(number).status.is_over:
        if step := _step(store, number):
            return step
        time.sleep(1)
    raise Missing(f"The training doesn't begin: {store.get(number).sentence}")


def _watch(process: psutil.Process, seconds: int) -> tuple[float, float]:
    """(Percent of a core, MB at most) over ``seconds``."""
    began, before, most = time.monotonic(), _seconds(process), 0
    for _ in range(seconds):
        time.sleep(1)
        most = max(most, process.memory_info().rss)
    return 100 * (_seconds(process) - before) / (time.monotonic() - began), most / 1e6


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
