"""The real engine: kohya-ss sd-scripts' ``train_network.py``, called directly."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import Problem
from ...jobs.events import Event, from_dict
from ...jobs.folder import JobFolder
from ...jobs.job import SetupJob, TrainingJob
from ...options.families import FAMILIES
from ...options.params import UNMASKED
from ...paths import PACKAGE_PARENT, Home
from ...system import process
from ...system.files import write_text
from ...system.toml_file import dumps
from .. import sample_prompts
from ..base import Command, Machine, Traits, bucket_step_problems, precision_problems
from . import config, launching, long_epoch, output, state_rates
from .installed import (
    catalogue,
    installation,
    needs,
    networks,
    optimizers,
    schedulers,
    tokenizers,
)

_STATE_FILES = (
    "model.safetensors",
    "optimizer.bin",
    "scheduler.bin",
    "random_states_0.pkl",
    "train_state.json",
)

_SETUP = (
    "import sys; sys.path.insert(0, sys.argv.pop(1));"
    " from sd_scripts_bridge.engines.sd_scripts.installed.setup import main; sys.exit(main())"
)
_PREDICTION = (
    "import sys; sys.path.append(sys.argv[1]);"
    " from sd_scripts_bridge.engines.embedded.model.prediction import prediction_of; print('IS', "
    "prediction_of(sys.argv[2]))"
)


class SdScriptsEngine:
    """Trains by running the installed scripts; what it knows of them, `setup` has written down."""

    name = "sd-scripts"
    traits = Traits(
        families=frozenset(FAMILIES), reads_extra_options=True, reads_dataset_config=True
    )

    def __init__(self, home: Home) -> None:
        self.home = home

    def check(self) -> list[Problem]:
        found = installation.read(self.home)
        if found is None:
            return [
                Problem(
                    "sd_scripts.set_yet", "sd-scripts", "is not set up yet", installation.RUN_SETUP
                )
            ]
        return found.problems()

    def machine(self) -> Machine:
        return installation.machine(self.home)

    def read_options(self, values: Mapping[str, Any], family: str) -> dict[str, Any]:
        return catalogue.typed_all(values, catalogue.read(self.home, FAMILIES[family].script))

    def next_save(self, job: TrainingJob, step: int) -> int | None:
        every = job.params.save_interval
        return min((step // every + 1) * every, job.params.max_train_steps)

    def refuse(self, job: TrainingJob) -> list[Problem]:
        script = installation.SCRIPTS.get(job.family)
        if script is None:
            return [
                Problem(
                    "sd_scripts.script_trains_family_yet",
                    "base",
                    "no script trains the family {family} yet",
                    family=repr(job.family),
                )
            ]
        extra = {key: value for key, value in job.params.extra.items() if key != UNMASKED}
        problems = catalogue.problems(extra, catalogue.read(self.home, script), script)
        problems += catalogue.name_problems("optimizer_type", job.params.optimizer_type)
        found = installation.read(self.home)
        problems += networks.problems(job.params, found, job.family)
        problems += optimizers.problems(job.params, found)
        problems += schedulers.problems(job.params, found)
        problems += needs.problems(job.params, found, self.machine())
        problems += precision_problems(job.params, self.machine())
        problems += sample_prompts.problems(job)
        problems += bucket_step_problems(job)
        problems += launching.problems(job, found)
        problems += _family_problems(job, script)
        return problems

    def notes(self, job: TrainingJob) -> list[str]:
        found = installation.read(self.home)
        lacking = (
            tokenizers.missing(job, Path(found.scripts), self.home.tokenizers) if found else []
        )
        told = [tokenizers.note(hub) for hub in lacking]
        device = self.machine().device
        on_gpu = device == "cuda" if device else None
        return [*told, *sample_prompts.notes(job, on_gpu)]

    def setup(self, job: SetupJob) -> Command:
        words = [
            sys.executable,
            "-u",
            "-c",
            _SETUP,
            str(PACKAGE_PARENT),
            "--home",
            str(self.home.root),
        ]
        words += ["--engine", "embedded"] if job.engine == "embedded" else []
        words += ["--source", job.source] if job.source else []
        words += ["--python", job.python] if job.python else []
        return Command(tuple(words))

    def command(self, job: TrainingJob, folder: JobFolder, resume: Path | None = None) -> Command:
        found = self._installation()
        if job.prediction == "ask-the-model":
            job = job.evolve(prediction=self._ask_the_model(found, job))
        if resume is not None and job.healed:
            state_rates.adapt(found.python, resume, job)
        tokenizers.lay_down(job, Path(found.scripts), self.home.tokenizers)
        machine = self.machine()
        table = config.table(job, folder, self.home.tokenizers, resume, machine=machine)
        if table["sample_every_n_steps"] and sample_prompts.is_text(job):
            sample_prompts.lay_down(job, folder)
            table["sample_prompts"] = str(folder.prompts)
        if tokenizers.in_own_cache(job, self.home.tokenizers):
            table["tokenizer_cache_dir"] = None
        write_text(folder.config, dumps(table))
        if text := config.dataset_text(job, resume):
            write_text(folder.dataset_config, text)
        script = Path(found.scripts) / installation.SCRIPTS[job.family]
        argv = (
            *launching.start(job, found, script),
            "--config_file",
            str(folder.config),
            "--console_log_simple",
        )
        offline = (
            None if tokenizers.missing(job, Path(found.scripts), self.home.tokenizers) else "1"
        )
        env: dict[str, str | None] = {
            "HF_HUB_OFFLINE": offline,
            "TRANSFORMERS_OFFLINE": offline,
            "ACCELERATE_DISABLE_RICH": "1",
        }
        if found.device == "cpu":
            env["OMP_NUM_THREADS"] = os.environ.get(
                "OMP_NUM_THREADS", "1"
            )  # spinning threads: up to 10 times slower
        return Command(argv, env, folder.root)

    def read(self, line: str) -> Event | None:
        if line.startswith('{"type"'):  # setup.py speaks events
            try:
                return from_dict(json.loads(line))
            except (ValueError, TypeError):
                return None
        return output.read(line)

    def results(self, job: TrainingJob, folder: JobFolder) -> list[Path]:
        final = folder.final_lora(job.name)
        return [final] if final.is_file() else []

    def true_metadata(self, job: TrainingJob, metadata: Mapping[str, str]) -> dict[str, str]:
        return long_epoch.true_metadata(job, metadata)

    def states(self, job: TrainingJob, folder: JobFolder) -> list[Path]:
        return [
            s
            for s in folder.states(job.name)
            if all(_has_content(s / name) for name in _STATE_FILES)
        ]

    def _installation(self) -> installation.Installation:
        found = installation.read(self.home)
        assert found is not None, "check() comes first"
        return found

    def _ask_the_model(self, found: installation.Installation, job: TrainingJob) -> str:
        argv = [found.python, "-c", _PREDICTION, str(PACKAGE_PARENT), job.base]
        answer = process.run(argv, env={"HF_HUB_OFFLINE": "1"}, timeout=600)
        return next(line.split()[1] for line in answer.splitlines() if line.startswith("IS "))


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _family_problems(job: TrainingJob, script: str) -> Iterator[Problem]:
    """Options that other families have."""
    family = FAMILIES[job.family]
    if job.params.cache_text_encoder_outputs and not family.caches_captions:
        yield Problem(
            "sd_scripts.such_option",
            "cache_text_encoder_outputs",
            "{script} has no such option",
            "Leave it out.",
            script=script,
        )
    if not job.params.network_train_unet_only and not family.text_encoder_learns:
        yield Problem(
            "sd_scripts.text_encoders_cant_trained",
            "network_train_unet_only",
            "{title}'s text encoders can't be trained",
            "Set it to true.",
            title=family.title,
        )
