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
from sd_scripts_bridge.jobs.events import Finished, Progress, Started
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.planning.request import Request

from .contenders import OFFLINE, their_step
from .outcome import Missing, Outcome
from .workshop import SMALL, Workshop

SLOWER = 1.05
"""The queue may take so much of the time by hand: what two runs of the same differ by."""
POLL_SECONDS, LONGEST_SECONDS = 0.25, 1200.0


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
        f"(medians; at most {SLOWER} times as much)."
    )
    return Outcome(columns, shown, figure, ours <= SLOWER * theirs)


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
    return queued, _by_hand([*script, *words])


def _values() -> dict[str, object]:
    return {**SMALL, "max_train_steps": 4, "save_state": False, "sample_every_n_steps": 0}


def _by_start(bridge: Bridge, asked: Request) -> tuple[Begun, JobFolder]:
    began, own = time.time(), time.process_time()
    number = bridge.submit(asked).id
    own = time.process_time() - own  # what waiting for it costs here isn't counted
    try:
        wall = _first_step(bridge, number) - began
        trainer = psutil.Process(_pid(bridge, number))
        supervisor = trainer.parent()
        cpu = own + _cpu(trainer) + (_cpu(supervisor) if supervisor else 0.0)
    finally:
        _end(bridge, number)
    return Begun(wall, cpu), bridge.folder(number)


def _first_step(bridge: Bridge, number: int) -> float:
    """When the first step was done, in seconds since 1970. Raises `Missing`."""
    deadline = time.time() + LONGEST_SECONDS
    while time.time() < deadline:
        for entry in bridge.events(number):
            if isinstance(entry.event, Progress):
                return entry.time
            if isinstance(entry.event, Finished):
                raise Missing(f"The training failed: {entry.event.sentence}")
        time.sleep(POLL_SECONDS)
    raise Missing("The training takes no step.")


def _pid(bridge: Bridge, number: int) -> int:
    return next(e.event.pid for e in bridge.events(number) if isinstance(e.event, Started))


def _end(bridge: Bridge, number: int) -> None:
    if not bridge.job(number).status.is_over:
        bridge.stop(number, now=True)
    while not bridge.job(number).status.is_over:
        time.sleep(POLL_SECONDS)


def _by_hand(words: list[str]) -> Begun:
    began = time.monotonic()
    with subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | OFFLINE,
        encoding="utf-8",
        errors="replace",
    ) as program:
        try:
            assert program.stdout is not None
            for line in program.stdout:
                if their_step(line):
                    return Begun(time.monotonic() - began, _cpu(psutil.Process(program.pid)))
        finally:
            program.kill()
    raise Missing("sd-scripts ended before its first step.")


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
