"""The trainers that are compared, as programs: this project's and the real sd-scripts', on the same
dataset, base and options; and how well what they made denoises pictures that neither has seen.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import torch

from sd_scripts_bridge.engines.base import Machine
from sd_scripts_bridge.engines.embedded.model.base_model import BaseModel
from sd_scripts_bridge.engines.embedded.sampling.applied import applied
from sd_scripts_bridge.engines.embedded.training import proof
from sd_scripts_bridge.engines.embedded.training.trainer import read_job
from sd_scripts_bridge.engines.sd_scripts import config
from sd_scripts_bridge.engines.sd_scripts.installed.installation import SCRIPTS
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.system.files import write_text
from sd_scripts_bridge.system.toml_file import dumps

from .outcome import Missing
from .workshop import SUBJECT, Workshop

LAST_LINES = 12
"""Of the log of a program that failed."""
WARM = 5
"""Steps that aren't counted: the first ones allocate, choose and compile."""
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
LAUNCHER = (
    "import sys; from sd_scripts_bridge.engines.embedded.training.trainer import main; "
    "sys.exit(main())"
)
WATCHED = """
import atexit, os, runpy, sys
import torch
sys.argv = sys.argv[1:]
sys.path[0] = os.path.dirname(sys.argv[0])
atexit.register(lambda: print("peak_memory_bytes:", torch.cuda.max_memory_allocated()))
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""A script on a GPU, and at its end what it took there."""
TQDM = re.compile(r"steps:.*?\|\s*(\d+)/\d+ \[")
PEAK = re.compile(r'peak_memory_bytes"?: (\d+)')


@dataclass(frozen=True)
class Run:
    """One training: seconds of the processor and of the clock a step, and in all."""

    lora: Path
    cpu_a_step: float
    wall_a_step: float
    wall: float
    peak: int | None = None
    """Bytes at most, as the program says at its end: of the GPU, ours without one of the RAM."""


class _Seen(NamedTuple):
    """A line that names a step, and the seconds until then."""

    step: int
    cpu: float
    wall: float


def ours(
    workshop: Workshop,
    family: str,
    base: Path,
    dataset: Path,
    options: Any,
    seconds: float | None = None,
) -> Run:
    """The embedded engine, as the queue starts it. Raises `Missing` where it fails, or isn't done
    after ``seconds``.
    """
    folder = workshop.job(family, base, dataset, **options)
    words = [sys.executable, "-c", LAUNCHER, str(folder.root)]
    words += ["--tokenizers", str(workshop.tokenizers())]
    log = workshop.root / "ours.log"
    return _run("The embedded engine", words, _our_step, folder.final_lora(SUBJECT), log, seconds)


def sd_scripts(
    workshop: Workshop,
    family: str,
    base: Path,
    dataset: Path,
    options: Any,
    seconds: float | None = None,
) -> Run:
    """The real scripts, called directly with every option of the job that ours trains.

    Raises `Missing` where they aren't named, fail, or aren't done after ``seconds``.
    """
    source, python = os.environ.get("SD_SCRIPTS_DIR"), os.environ.get("SD_SCRIPTS_PYTHON")
    if not source or not python:
        raise Missing("Name sd-scripts with SD_SCRIPTS_DIR and its Python with SD_SCRIPTS_PYTHON.")
    folder = Workshop(workshop.root / "sd-scripts").job(family, base, dataset, **options)
    write_text(folder.config, dumps(script_options(workshop, folder)))
    watched = ["-c", WATCHED] if torch.cuda.is_available() else []
    words = [python, *watched, str(Path(source) / SCRIPTS[family]), "--console_log_simple"]
    words += ["--config_file", str(folder.config)]
    log = workshop.root / "theirs.log"
    return _run("sd-scripts", words, their_step, folder.final_lora(SUBJECT), log, seconds)


def script_options(workshop: Workshop, folder: JobFolder) -> dict[str, Any]:
    """What the script is told of the folder's job, as the queue tells it on this machine."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    machine = Machine(device=device, torch=torch.__version__)
    return config.table(read_job(folder), folder, workshop.tokenizers(), machine=machine)


def _our_step(line: str) -> int | None:
    if '"progress"' not in line:
        return None
    return int(json.loads(line)["step"])


def their_step(line: str) -> int | None:
    found = TQDM.findall(line)
    return int(found[-1]) if found else None


def _run(
    name: str,
    words: Sequence[str],
    step_of: Callable[[str], int | None],
    lora: Path,
    log: Path,
    seconds: float | None,
) -> Run:
    """Run the program and take its times at every line that names a step."""
    lora.unlink(missing_ok=True)
    environment = os.environ | OFFLINE
    began = time.monotonic()
    seen: list[_Seen] = []
    peak = None
    with (
        subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True
        ) as program,
        log.open("w", encoding="utf-8") as kept,
    ):
        process = psutil.Process(program.pid)
        assert program.stdout is not None
        limit = threading.Timer(seconds or threading.TIMEOUT_MAX, program.kill)
        limit.daemon = True
        limit.start()
        for line in program.stdout:  # a bar's "\r" ends a line, too
            kept.write(line)
            peak = _peak(line) or peak
            step = step_of(line)
            if step and (not seen or step > seen[-1].step):
                used = process.cpu_times()
                seen.append(_Seen(step, used.user + used.system, time.monotonic()))
        limit.cancel()
    wall = time.monotonic() - began
    if seconds is not None and wall >= seconds:
        raise Missing(f"{name} wasn't done after {seconds:.0f} s\n{_end_of(log)}")
    if program.returncode or not lora.is_file() or len(seen) < 2:
        last = (_end_of(log) or "it said nothing").splitlines()[-1]
        said = f"{name} failed with {program.returncode}: {last}"
        raise Missing(f"{said}\n{_end_of(log)}\nIts whole log: {log}")
    return Run(lora, *_a_step(seen), wall, peak)


def _peak(line: str) -> int | None:
    found = PEAK.search(line)
    return int(found[1]) if found else None


def _end_of(log: Path) -> str:
    """The last lines with anything on them: the very last says what a Python error was."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8").splitlines()]
    return "\n".join([line for line in lines if line][-LAST_LINES:])


def _a_step(seen: Sequence[_Seen]) -> tuple[float, float]:
    """Seconds of the processor and of the clock a step, without the first ones where more lines
    follow them.
    """
    first, last = next((one for one in seen[:-1] if one.step >= WARM), seen[0]), seen[-1]
    steps = last.step - first.step
    return (last.cpu - first.cpu) / steps, (last.wall - first.wall) / steps


@torch.no_grad()
def held_out(
    workshop: Workshop, family: str, base: Path, loras: Sequence[Path], device: str, **options: Any
) -> list[float]:
    """The mean denoising loss with each LoRA on pictures that were never trained on, at the same
    noise and timesteps. Without ``network_train_unet_only`` they change the text encoders, too.
    """
    from safetensors.torch import load_file

    dataset = workshop.dataset(2, int(str(options["resolution"])), first=100)
    training = workshop.training(family, base, dataset, device, **options)
    training.network.refresh(training.objective.dtype, 0.0)
    rows = training.prepared.rows(proof.choose(training.prepared.data.placed, 2))
    encoders = training.objective.captions.encoders
    texts = [] if options["network_train_unet_only"] or encoders is None else encoders.encoders
    model = BaseModel(family, training.objective.unet, None, texts)
    found = []
    for path in loras:
        with applied(model, load_file(path)):
            errors = [proof.errors_of(training.objective, one, n) for n, one in enumerate(rows)]
        found.append(float(torch.cat(errors).mean()))
    return found
