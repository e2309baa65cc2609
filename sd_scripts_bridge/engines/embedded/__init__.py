"""The embedded engine: trains with diffusers and transformers alone, in a program of ours.

Light: imports no torch.
"""

from __future__ import annotations

import os
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...datasets import caption_tokens
from ...errors import Problem
from ...jobs.events import Event
from ...jobs.folder import JobFolder
from ...jobs.job import SetupJob, TrainingJob
from ...messages import Message, joined
from ...options.families import LDM
from ...options.known import parsers
from ...paths import Home
from ...system.environment import Environment
from .. import sample_prompts
from ..base import Command, Machine, Traits
from ..own_programs import ENVIRONMENT, event_of, launcher
from . import libraries
from .refusals import EXTRA_OPTIONS, reading_notes, refusals
from .stepping import earnings
from .stepping.earnings import UNKNOWN, EarningsBook, kind_of

SETUP = Message("setup.run_sd_scripts_bridge", "Run `sd-scripts-bridge setup`.")
TINY_BYTES = 100_000_000
"""A base file below this is a toy, for which one thread is the fastest."""
LARGE_PAGES = "glibc.malloc.hugetlb=1"
"""Lets Linux lay a toy's many small tensors into pages of 2 MB: the processor has fewer to
look up. Source: the GNU C Library's manual, "Memory Allocation Tunables".
"""

STATE_FILE = "training_state.pt"

_TRAINER = "engines.embedded.training.trainer"


class EmbeddedEngine:
    """See `engines.base.Engine`."""

    name = "embedded"
    traits = Traits(
        families=frozenset(LDM),
        takes_small_models=True,
        saves_on_request=True,
        measures_saves=True,
        memory_is_counted=True,
    )

    def __init__(self, home: Home) -> None:
        self.home = home

    @property
    def environment(self) -> Environment:
        """The environment that setup makes."""
        return Environment.in_folder(self.home.engines / "venv")

    @property
    def python(self) -> Path:
        """The Python that trains: the one that setup made or was given, or this one."""
        if self.environment.exists:
            return self.environment.python
        from ..sd_scripts.installed import installation

        found = installation.read(self.home)
        return (
            Path(found.python) if found and Path(found.python).is_file() else Path(sys.executable)
        )

    def check(self) -> list[Problem]:
        problems = []
        wrong = libraries.problems(self.python)
        if wrong:
            problems.append(
                Problem(
                    "embedded.training_environment_isnt_complete",
                    "embedded",
                    "the training environment isn't complete: {wrong}",
                    SETUP,
                    wrong=joined(wrong, "; "),
                )
            )
        if not self._has_tokenizers() and caption_tokens.find_vocabulary() is None:
            problems.append(
                Problem(
                    "embedded.clips_vocabulary_missing",
                    "embedded",
                    "CLIP's vocabulary is missing",
                    SETUP,
                )
            )
        return problems

    def machine(self) -> Machine:
        from ..sd_scripts.installed import installation  # both train in the same environment

        return installation.machine(self.home)

    def read_options(self, values: Mapping[str, Any], family: str) -> dict[str, Any]:  # noqa: ARG002
        from ..sd_scripts.installed import catalogue

        known = {name: parsers.anywhere()[name] for name in EXTRA_OPTIONS}
        return catalogue.typed_all(values, known)

    def next_save(self, job: TrainingJob, step: int) -> int | None:  # noqa: ARG002
        return None

    def refuse(self, job: TrainingJob) -> list[Problem]:
        lacking = libraries.tensorboard_problems(self.python, job.params)
        return [*refusals(job, self._machine()), *lacking]

    def _machine(self) -> Machine:
        """What it trains on, told by the PyTorch that is there where setup hasn't looked."""
        machine = self.machine()
        if not machine.device and libraries.is_for_the_cpu(self.python):
            return replace(machine, device="cpu")
        return machine

    def notes(self, job: TrainingJob) -> list[str]:
        samples = sample_prompts.notes(job, self._draws(job))
        return [*samples, *reading_notes(job), *self._compiling(job)]

    def _compiling(self, job: TrainingJob) -> list[str]:
        """What compiling will take and save."""
        if not earnings.is_wanted(job):
            return []
        machine = self.machine()
        gpu = machine.gpu if machine.device == "cuda" else "cpu"
        known = EarningsBook(self.home.compiled / machine.torch).of(kind_of(job, gpu))
        return [UNKNOWN if known is None else known.outlook(job.params.max_train_steps)]

    def _draws(self, job: TrainingJob) -> bool | None:
        """Whether samples take seconds here, and not minutes: as the trainer finds it
        (`samples_wanted`); None where setup hasn't looked.
        """
        base, device = Path(job.base), self._machine().device
        if base.is_file() and base.stat().st_size < TINY_BYTES:
            return True
        return device != "cpu" if device else None

    def setup(self, job: SetupJob) -> Command:
        from ..sd_scripts import SdScriptsEngine

        return SdScriptsEngine(self.home).setup(job)

    def command(self, job: TrainingJob, folder: JobFolder, resume: Path | None = None) -> Command:
        """The trainer's command. Raises `NotFound` where CLIP's vocabulary is nowhere."""
        caption_tokens.write_tokenizers(self.home.tokenizers)
        if sample_prompts.every(job, by_default=bool(self._draws(job))) is not None:
            sample_prompts.lay_down(job, folder)
        argv = [
            str(self.python),
            "-c",
            launcher(_TRAINER),
            str(folder.root),
            "--tokenizers",
            str(self.home.tokenizers),
            "--kept",
            str(self.home.kept),
            "--compiled",
            str(self.home.compiled),
        ]
        if resume is not None:
            argv += ["--resume", str(resume)]
        return Command(tuple(argv), _environment(Path(job.base)), folder.root)

    def read(self, line: str) -> Event | None:
        return event_of(line)

    def results(self, job: TrainingJob, folder: JobFolder) -> list[Path]:
        steps = [
            path
            for path in folder.output.glob("*-step*.safetensors")
            if path.name.startswith(f"{job.name}-step")
        ]
        final = folder.final_lora(job.name)
        return [*sorted(steps), *([final] if final.is_file() else [])]

    def true_metadata(self, _job: TrainingJob, _metadata: Mapping[str, str]) -> dict[str, str]:
        return {}

    def states(self, job: TrainingJob, folder: JobFolder) -> list[Path]:
        """Those whose file has its end; what is broken inside, only a run of the trainer finds."""
        return [s for s in folder.states(job.name) if zipfile.is_zipfile(s / STATE_FILE)]

    def _has_tokenizers(self) -> bool:
        return all(
            (self.home.tokenizers / name / "vocab.json").is_file()
            for name in caption_tokens.FOLDERS
        )


def _environment(base: Path) -> dict[str, str | None]:
    """Offline, in UTF-8, unbuffered, and without the WebUI's module path."""
    env = dict(ENVIRONMENT)
    if base.is_file() and base.stat().st_size < TINY_BYTES:
        env["OMP_NUM_THREADS"] = "1"
        if sys.platform == "linux":
            env["GLIBC_TUNABLES"] = os.environ.get("GLIBC_TUNABLES", LARGE_PAGES)
    return env
