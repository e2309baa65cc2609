"""From Start to the first step: a training through the queue beside sd-scripts called by hand with
the same options, in turn.

From Start on the photos are copied clean, the request is checked, a supervisor starts, and that
starts the script. Needs SD_SCRIPTS_DIR and SD_SCRIPTS_PYTHON; SD15_CHECKPOINT names a base, else
one with random weights is made (2 GB).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.events import Finished, Started
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.planning.request import Request

from .contenders import OFFLINE, their_step
from .outcome import Missing, Outcome
from .workshop import SMALL, Workshop

POLL_SECONDS, LOG_SECONDS = 0.25, 0.05


@dataclass(frozen=True)
class Begun:
    """Seconds until the first step: of the clock, and of the processor in all that ran."""

    wall: float
    cpu: float


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, default=3)


def measure(chosen: argparse.Namespace) -> Outcome:
    source, python = os.environ.get("SD_SCRIPTS_DIR"), os.environ.get("SD_SCRIPTS_PYTHON")
    if not source or not python:
        raise Missing("Name sd-scripts with SD_SCRIPTS_DIR and its Python with SD_SCRIPTS_PYTHON.")
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        workshop = Workshop(Path(folder))
        named = os.environ.get("SD15_CHECKPOINT")
        base = Path(named) if named else workshop.base("sd1", narrow=False)
        bridge = _set_up(Home(workshop.root / "home"), source, python)
        rows = [_in_turn(bridge, workshop, base, source, python) for _ in range(chosen.runs)]
    return _judged(rows)


def _judged(rows: list[tuple[Begun, Begun]]) -> Outcome:
    shown = [
        (number, *(round(seconds, 1) for one in pair for seconds in (one.wall, one.cpu)))
        for number, pair in enumerate(rows, 1)
    ]
    columns = ("run", "by Start: s", "CPU s", "by hand: s", "CPU s")
    ours, theirs = (median(pair[which].cpu for pair in rows) for which in (0, 1))
    figure = (
        f"From Start to the first step it takes {ours:.1f} CPU seconds, by hand {theirs:.1f} "
        "(medians; at most as much)."
    )
    return Outcome(columns, shown, figure, ours <= theirs)


def _set_up(home: Home, source: str, python: str) -> Bridge:
    words = ["--home", str(home.root), "setup", "--source", source, "--python", python]
    done = subprocess.run([sys.executable, "-m", "sd_scripts_bridge", *words], check=False)
    if done.returncode:
        raise Missing("The set-up of sd-scripts failed.")
    return Bridge(home)


def _in_turn(
    bridge: Bridge, workshop: Workshop, base: Path, source: str, python: str
) -> tuple[Begun, Begun]:
    asked = Request(workshop.dataset(), base, engine="sd-scripts", values=_values())
    queued, folder = _by_start(bridge, asked)
    script = [python, str(Path(source) / "train_network.py"), "--console_log_simple"]
    words = ["--config_file", str(folder.config), "--output_dir", str(workshop.root / "by-hand")]
    return queued, _by_hand([*script, *words], workshop.root / "by-hand.log")


def _values() -> dict[str, object]:
    return {**SMALL, "max_train_steps": 4, "save_state": False, "sample_every_n_steps": 0}


def _by_start(bridge: Bridge, asked: Request) -> tuple[Begun, JobFolder]:
    began, own = time.monotonic(), time.process_time()
    number = bridge.submit(asked).id
    own = time.process_time() - own  # what waiting for it costs here isn't counted
    folder = bridge.folder(number)
    try:
        trainer = psutil.Process(_pid(bridge, number))
        supervisor = trainer.parent()
        _first_step(folder.log, trainer)
        cpu = own + _cpu(trainer) + (_cpu(supervisor) if supervisor else 0.0)
        wall = time.monotonic() - began
    finally:
        _end(bridge, number)
    return Begun(wall, cpu), folder


def _first_step(log: Path, trainer: psutil.Process) -> None:
    """Wait until the log says that it is done: looked at alike in both ways. Raises `Missing`."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        while not their_step(lines.read()):
            if not trainer.is_running() or trainer.status() == psutil.STATUS_ZOMBIE:
                raise Missing(f"sd-scripts ended before its first step; its log is {log}")
            time.sleep(LOG_SECONDS)


def _pid(bridge: Bridge, number: int) -> int:
    """The trainer's, once it has been started. Raises `Missing`."""
    while True:
        for event in (entry.event for entry in bridge.events(number)):
            if isinstance(event, Started):
                return event.pid
            if isinstance(event, Finished):
                raise Missing(f"The training failed: {event.sentence}")
        time.sleep(POLL_SECONDS)


def _end(bridge: Bridge, number: int) -> None:
    if not bridge.job(number).status.is_over:
        bridge.stop(number, now=True)
    while not bridge.job(number).status.is_over:
        time.sleep(POLL_SECONDS)


def _by_hand(words: list[str], log: Path) -> Begun:
    began = time.monotonic()
    with (
        log.open("wb") as said,
        subprocess.Popen(words, stdout=said, stderr=said, env=os.environ | OFFLINE) as program,
    ):
        try:
            trainer = psutil.Process(program.pid)
            _first_step(log, trainer)
            return Begun(time.monotonic() - began, _cpu(trainer))
        finally:
            program.kill()


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
