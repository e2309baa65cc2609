"""The words that start a training script: Python alone, or `accelerate launch` for more than one
process.
"""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

from ...errors import CommandFailed, Problem
from ...jobs.job import TrainingJob
from ...jobs.launch import MODULE
from ...system import process
from .installed.installation import Installation

_INSIDE = Path(__file__).with_name("inside")
_CPU_PROCESSES, _QUICK_START = _INSIDE / "cpu_processes.py", _INSIDE / "quick_start.py"
_FIND = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"


def start(job: TrainingJob, found: Installation, script: Path) -> list[str]:
    """The command up to and with the script; its own words follow."""
    if job.launch is None:
        return [found.python, "-u", str(_QUICK_START), str(script)]
    launch = job.launch
    if launch.main_process_port is None:
        launch = replace(launch, main_process_port=_free_port())
    words = [found.python, "-u", "-m", MODULE, *launch.words(job.params.mixed_precision)]
    return [*words, *([str(_CPU_PROCESSES)] if found.device == "cpu" else []), str(script)]


def problems(job: TrainingJob, found: Installation | None) -> list[Problem]:
    """Why several processes, or DeepSpeed, would not start here."""
    if not job.params.extra.get("deepspeed"):
        return []
    if job.launch is None:
        return [
            Problem(
                "launching.shares_work_several_processes",
                "deepspeed",
                "shares the work of several processes, and this job has one",
                "Give --processes 2.",
            )
        ]
    if found is None:
        return []
    try:
        process.run([found.python, "-c", _FIND, "deepspeed"], timeout=60)
    except CommandFailed:
        return [
            Problem(
                "launching.installed_training_environment",
                "deepspeed",
                "is not installed in the training environment",
                'Install it: "{python}" -m pip install deepspeed',
                python=found.python,
            )
        ]
    return []


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
