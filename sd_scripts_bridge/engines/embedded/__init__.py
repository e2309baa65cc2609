"""The embedded engine: trains with diffusers and transformers alone, in a program of ours. Light: imports no torch."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

from ... import clip_vocabulary
from ...environment import Environment
from ...errors import Problem
from ...events import Event, from_dict
from ...job import SetupJob, TrainingJob
from ...job_folder import JobFolder
from ...paths import PACKAGE_PARENT, Home
from ..base import Command
from .refusals import refusals

LIBRARIES = ("torch", "diffusers", "transformers", "safetensors")
TINY_BYTES = 100_000_000
SETUP = "Run `sd-scripts-bridge setup`, or press Set up in the tab."

_LAUNCHER = ("import sys; sys.path.append({parent!r}); "
             "from sd_scripts_bridge.engines.embedded.trainer import main; sys.exit(main())")


class EmbeddedEngine:
    """See `engines.base.Engine`."""

    name = "embedded"

    def __init__(self, home: Home) -> None:
        self.home = home

    @property
    def environment(self) -> Environment:
        """The environment that setup makes."""
        return Environment.in_folder(self.home.engines / "venv")

    @property
    def python(self) -> Path:
        """The Python that trains: setup's, or this one."""
        return self.environment.python if self.environment.exists else Path(sys.executable)

    def check(self) -> list[Problem]:
        problems = []
        if not self.environment.exists:
            missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
            if missing:
                problems.append(Problem("", f"The training environment is not set up: {', '.join(missing)} "
                                            f"{'is' if len(missing) == 1 else 'are'} missing", SETUP))
        if not self._has_tokenizers() and clip_vocabulary.find_vocabulary() is None:
            problems.append(Problem("", "CLIP's vocabulary is missing", SETUP))
        return problems

    def refuse(self, job: TrainingJob) -> list[Problem]:
        return refusals(job)

    def setup(self, job: SetupJob) -> Command:
        from ..sd_scripts import SdScriptsEngine

        return SdScriptsEngine(self.home).setup(job)

    def command(self, job: TrainingJob, folder: JobFolder, resume: Path | None = None) -> Command:
        """The trainer's command. Raises `NotFound` where CLIP's vocabulary is nowhere."""
        clip_vocabulary.write_tokenizers(self.home.tokenizers)
        launcher = _LAUNCHER.format(parent=str(PACKAGE_PARENT))
        argv = [str(self.python), "-c", launcher, str(folder.root), "--tokenizers", str(self.home.tokenizers)]
        if resume is not None:
            argv += ["--resume", str(resume)]
        return Command(tuple(argv), _environment(Path(job.base)), folder.root)

    def read(self, line: str) -> Event | None:
        text = line.strip()
        if not text.startswith("{"):
            return None
        try:
            data = json.loads(text)
            return from_dict(data) if isinstance(data, dict) else None
        except (ValueError, TypeError):
            return None

    def results(self, job: TrainingJob, folder: JobFolder) -> list[Path]:
        steps = sorted(path for path in folder.output.glob("*-step*.safetensors")
                       if path.name.startswith(f"{job.name}-step"))
        final = folder.final_lora(job.name)
        return [*steps, final] if final.is_file() else steps

    def _has_tokenizers(self) -> bool:
        return all((self.home.tokenizers / name / "vocab.json").is_file() for name in clip_vocabulary.FOLDERS)


def _environment(base: Path) -> dict[str, str | None]:
    env: dict[str, str | None] = {
        "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1", "PYTHONPATH": None, "PYTHONHOME": None,
        "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "DIFFUSERS_VERBOSITY": "error",
    }
    if base.is_file() and base.stat().st_size < TINY_BYTES:
        env["OMP_NUM_THREADS"] = "1"
    return env


