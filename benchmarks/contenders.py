"""The trainers that are compared, as programs: this project's and the real sd-scripts', on the same
dataset, base and options; and how well what they made denoises pictures that neither has seen.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
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

WARM = 5
"""Steps that aren't counted: the first ones allocate, choose and compile."""
OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "PYTHONUNBUFFERED": "1"}
LAUNCHER = (
    "import sys; from sd_scripts_bridge.engines.embedded.training.trainer import main; "
    "sys.exit(main())"
)
TQDM = re.compile(r"steps:.*?\|\s*(\d+)/\d+ \[")


@dataclass(frozen=True)
class Run:
    """One training: seconds of the processor and of the clock a step, and in all."""

    lora: Path
    cpu_a_step: float
    wall_a_step: float
    wall: float


class _Seen(NamedTuple):
    """A line that names a step, and the seconds until then."""

    step: int
    cpu: float
    wall: float


def ours(workshop: Workshop, family: str, base: Path, dataset: Path, options: Any) -> Run:
    """The embedded engine, as the queue starts it."""
    folder = workshop.job(family, base, dataset, **options)
    words = [sys.executable, "-c", LAUNCHER, str(folder.root)]
    words += ["--tokenizers", str(workshop.tokenizers())]
    return _run(words, _our_step, folder.final_lora(SUBJECT), workshop.root / "ours.log")


def sd_scripts(workshop: Workshop, family: str, base: Path, dataset: Path, options: Any) -> Run:
    """The real scripts, called directly with every option of the job that ours trains.

    Raises `Missing` where they aren't named.
    """
    source, python = os.environ.get("SD_SCRIPTS_DIR"), os.environ.get("SD_SCRIPTS_PYTHON")
    if not source or not python:
        raise Missing("Name sd-scripts with SD_SCRIPTS_DIR and its Python with SD_SCRIPTS_PYTHON.")
    folder = Workshop(workshop.root / "sd-scripts").job(family, base, dataset, **options)
    write_text(folder.config, dumps(script_options(workshop, folder)))
    words = [python, str(Path(source) / SCRIPTS[family]), "--console_log_simple"]
    words += ["--config_file", str(folder.config)]
    return _run(words, their_step, folder.final_lora(SUBJECT), workshop.root / "theirs.log")


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


def _run(words: Sequence[str], step_of: Callable[[str], int | None], lora: Path, log: Path) -> Run:
    """Run the program and take its times at every line that names a step."""
    lora.unlink(missing_ok=True)
    environment = os.environ | OFFLINE
    began = time.monotonic()
    seen: list[_Seen] = []
    with (
        subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, text=True
        ) as program,
        log.open("w", encoding="utf-8") as kept,
    ):
        process = psutil.Process(program.pid)
        assert program.stdout is not None
        for line in program.stdout:  # a bar's "\r" ends a line, too
            kept.write(line)
            step = step_of(line)
            if step and (not seen or step > seen[-1].step):
                used = process.cpu_times()
                seen.append(_Seen(step, used.user + used.system, time.monotonic()))
    if program.returncode or not lora.is_file() or len(seen) < 2:
        raise Missing(f"{words[1]} failed with {program.returncode}; its log is {log}")
    return Run(lora, *_a_step(seen), time.monotonic() - began)


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
    """The mean denoising loss with each LoRA (U-Net only) on pictures that were never trained on,
    at the same noise and timesteps.
    """
    from safetensors.torch import load_file

    dataset = workshop.dataset(2, int(str(options["resolution"])), first=100)
    training = workshop.training(
        family, base, dataset, device, **{**options, "network_train_unet_only": True}
    )
    training.network.refresh(training.objective.dtype, 0.0)
    rows = training.prepared.rows(proof.choose(training.prepared.data.placed, 2))
    model = BaseModel(family, training.objective.unet, None, [])
    found = []
    for path in loras:
        with applied(model, load_file(path)):
            errors = [proof.errors_of(training.objective, one, n) for n, one in enumerate(rows)]
        found.append(float(torch.cat(errors).mean()))
    return found
