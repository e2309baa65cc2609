"""What somebody wants trained, and the job that it becomes: engine, preset, options, clean copies."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import engines
from ..errors import BridgeError, Invalid, Problem, short
from ..jobs.job import TrainingJob
from ..jobs.launch import Launch
from ..messages import Message
from ..options import presets
from ..options.families import FAMILIES, Family
from ..options.params import TrainingParams, fields_of_params
from ..paths import Home, absolute
from . import named_paths

if TYPE_CHECKING:
    from ..datasets.writer import Dataset
    from ..jobs.cluster import Cluster
    from ..models.checkpoint import Base

MOST_GPU = 63
"""The highest number that a card may have."""


@dataclass(frozen=True)
class Request:
    """What somebody wants trained.

    A relative path counts from the folder in which the request was made.
    """

    dataset: Path
    base: Path
    engine: str | None = None
    preset: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    """Options by sd-scripts' names; text is read as the option's type."""
    lora_dir: Path | None = None
    name: str | None = None
    """The LoRA's name; the subject's where this is None."""
    model_folders: tuple[Path, ...] = ()
    """More folders in which text encoders and VAEs may lie."""
    gpu: int | None = None
    """The card, as the driver counts them; None: the first."""
    launch: Launch | None = None
    """More than one process; None: one."""
    on: Cluster | None = None
    """The Ray cluster to train on; None: here."""
    v_parameterization: bool = False
    """Train v-prediction where the base model's own file doesn't say which it is."""

    def __post_init__(self) -> None:
        """From here on every path is absolute: the trainer runs in the job's folder."""
        settled = {
            "dataset": absolute(self.dataset),
            "base": absolute(self.base),
            "lora_dir": absolute(self.lora_dir) if self.lora_dir else None,
            "model_folders": tuple(map(absolute, self.model_folders)),
            "values": named_paths.settled(self.values),
        }
        for name, value in settled.items():
            object.__setattr__(self, name, value)


class Planner:
    """Makes jobs of requests, over one home folder."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def plan(self, request: Request) -> tuple[TrainingJob, list[str]]:
        """The job that this machine would run, with its notes; makes the clean copies that it
        needs.
        """
        job, notes, data = self.look(request)
        image_dir, staged = self.stage(job.name, data)
        return job.evolve(dataset=str(image_dir)), [*notes, *staged]

    def look(self, request: Request) -> tuple[TrainingJob, list[str], Dataset]:
        """The job that this machine would run, its notes, its pictures; writes nothing.

        Raises `Invalid`.
        """
        from ..datasets import writer as dataset
        from ..models import checkpoint
        from ..names import name_problems

        problems: list[Problem] = []
        data = _collect(problems, lambda: dataset.open_dataset(request.dataset))
        base = _collect(problems, lambda: checkpoint.read(request.base))
        if request.name is not None:
            problems += name_problems(request.name)
        if request.gpu is not None and not 0 <= request.gpu <= MOST_GPU:
            problems.append(
                Problem(
                    "request.cards_number",
                    "gpu",
                    "{gpu} is no card's number",
                    "Give 0 to {most_gpu}.",
                    gpu=short(request.gpu),
                    most_gpu=MOST_GPU,
                )
            )
        problems += engines.get(self._choose_engine(request.engine, base)[0], self.home).check()
        if data is None or base is None or problems:
            raise Invalid(problems)
        job, notes, refused = self.sketch(request, data, base)
        if refused:
            raise Invalid(refused)
        return job, notes, data

    def sketch(
        self, request: Request, data: Dataset, base: Base
    ) -> tuple[TrainingJob, list[str], list[Problem]]:
        """The job that these would make, its notes, and what speaks against it on this machine;
        writes nothing.

        The pictures of ``data`` need not be there yet. Raises `Invalid` for values that can't be
        read.
        """
        from ..models import companion_files
        from . import preflight

        name, notes = self._choose_engine(request.engine, base)
        notes += [*data.remarks, *base.notes]
        family = FAMILIES[base.family]
        preset = presets.get(request.preset or presets.fitting(base.family, base.full_size))
        params, more = self._params(preset, data, request, name, family)
        files = companion_files.Found({}, [], [])
        if name == "sd-scripts":
            files = companion_files.find(
                family, base.path, params.extra, request.lora_dir, request.model_folders
            )
            params = family.complete(replace(params, extra={**params.extra, **files.options}))
        job = TrainingJob(
            name=request.name or data.subject,
            subject=data.subject,
            class_token=data.class_token,
            dataset=str(absolute(data.image_dir)),
            base=str(absolute(base.path)),
            family=base.family,
            engine=name,
            params=params,
            prediction=_prediction(base, request),
            lora_dir=str(request.lora_dir) if request.lora_dir else None,
            preset=preset.name,
            gpu=request.gpu,
            launch=request.launch,
        )
        more += _about_launch(job, data.real_steps)
        refused = [
            *(job.launch.problems() if job.launch else []),
            *files.problems,
            *engines.get(name, self.home).refuse(job),
        ]
        if job.launch and job.gpu is not None:
            refused.append(
                Problem(
                    "request.process",
                    "gpu",
                    "is for one process",
                    "Name the cards of several with --gpus.",
                )
            )
        if name == "sd-scripts" and not base.full_size:
            refused.append(
                Problem(
                    "request.smaller_full_size_model",
                    "base",
                    "{name} is smaller than a full-size {family_title} model, and sd-scripts "
                    "takes the full sizes for granted",
                    "Use --engine embedded.",
                    name=base.path.name,
                    family_title=base.family_title,
                )
            )
        more += engines.get(name, self.home).notes(job)
        machine = preflight.this_machine(job, self.home.root, self._gpu_bytes())
        refused += preflight.problems(job, machine)
        return job, [*notes, *more, *files.notes, *preflight.outlook(job, machine)], refused

    def _choose_engine(self, wanted: str | None, base: Base | None) -> tuple[str, list[str]]:
        if wanted is not None:
            return wanted, []
        if base is not None and not base.full_size:
            return "embedded", [
                Message(
                    "request.base_smaller_familys_own",
                    "The base is smaller than its family's own size: only the embedded engine "
                    "trains it.",
                )
            ]
        if not engines.get("sd-scripts", self.home).check():
            return "sd-scripts", []
        return "embedded", [
            Message(
                "request.sd_scripts_set_setup",
                "sd-scripts is not set up (`setup` does it): training with the embedded engine.",
            )
        ]

    def _params(
        self, preset: presets.Preset, data: Dataset, request: Request, engine: str, family: Family
    ) -> tuple[TrainingParams, list[str]]:
        known, values = {f.name for f in fields_of_params()}, request.values
        named = {key: value for key, value in values.items() if key in known}
        first = preset.params(data.real_steps).with_values(named)
        notes: list[str] = []
        steps = first.max_train_steps
        if "max_train_steps" not in named:
            processes = max(1, request.launch.processes) if request.launch else 1
            steps = math.ceil(
                data.real_steps
                / (first.train_batch_size * first.gradient_accumulation_steps * processes)
            )
        first = preset.params(steps).with_values(named)
        if first.save_every_n_steps not in (None, first.save_interval):
            notes.append(
                Message(
                    "request.saves_every_steps_multiple",
                    "It saves every {save_interval} steps: a multiple of "
                    "gradient_accumulation_steps, from which sd-scripts goes on exactly.",
                    save_interval=first.save_interval,
                )
            )
        length = (
            self._token_length(data) if family.is_ldm and first.max_token_length is None else None
        )
        if length is not None:
            first = first.with_values({"max_token_length": str(length)})
            notes.append(
                Message(
                    "request.caption_longer_tokens_limit",
                    "A caption is longer than 75 tokens: the limit is {length}.",
                    length=length,
                )
            )
        if (
            "mixed_precision" not in named
            and first.mixed_precision == "bf16"
            and not self._has_bf16()
        ):
            first = first.with_values({"mixed_precision": "fp16"})
            notes.append(
                Message("request.card_bf_training_fp", "This card has no bf16: training in fp16.")
            )
        extra = self._extra({k: v for k, v in values.items() if k not in known}, engine, family)
        return replace(first, extra={**first.extra, **extra}), notes

    def _extra(self, values: Mapping[str, Any], engine: str, family: Family) -> dict[str, Any]:
        """Options that only the installed scripts know, read as their own parsers' types."""
        from ..engines.sd_scripts.installed import catalogue

        options = catalogue.read(self.home, family.script) if engine == "sd-scripts" else {}
        problems: list[Problem] = []
        extra = {}
        for key, value in values.items():
            try:
                extra[key] = catalogue.typed(value, options[key]) if key in options else value
            except ValueError as error:
                problems.append(Problem("request.said", key, str(error)))
        if problems:
            raise Invalid(problems)
        return extra

    def _has_bf16(self) -> bool:
        from ..engines.sd_scripts.installed import installation

        found = installation.read(self.home)
        return found is None or found.has_bf16

    def _gpu_bytes(self) -> int:
        from ..engines.sd_scripts.installed import installation

        found = installation.read(self.home)
        return int(found.facts.get("memory", 0)) if found else 0

    def _token_length(self, data: Dataset) -> int | None:
        """150 or 225 where a caption needs it, else None. 225 is the most that the trainers take."""
        from ..datasets.caption_tokens import count_tokens

        texts = [
            path.read_text(encoding="utf-8", errors="replace")
            for path in data.image_dir.glob("*/*.txt")
        ]
        longest = max((count_tokens(text) or 0 for text in texts), default=0)
        return None if longest <= 75 else 150 if longest <= 150 else 225

    def stage(self, name: str, data: Dataset) -> tuple[Path, list[str]]:
        """The folder to train, with notes.

        Originals are never trained: one that isn't ours is copied clean first.
        """
        from ..datasets import writer as dataset

        if dataset.is_clean(data):
            return data.image_dir, []
        out = _free_folder(self.home.datasets, name)
        copy, report = dataset.clean_copy(data, out)
        left_out = len(report.photos) - report.used
        notes: list[str] = [
            Message(
                "request.clean_copies_pictures_lie",
                "Clean copies of {used} pictures lie in {out}; yours stay as they are.",
                used=report.used,
                out=out,
            )
        ]
        if left_out:
            notes.append(
                Message(
                    "request.pictures_left_check_says",
                    "{left_out} pictures are left out; `check` says why.",
                    left_out=left_out,
                )
            )
        return copy.image_dir, notes


def _prediction(base: Base, request: Request) -> str:
    """What the base model predicts: its own file says so, and where that is silent, the request."""
    from ..models import checkpoint

    asks = request.v_parameterization and base.prediction_source.startswith("no mark")
    return checkpoint.V_PREDICTION if asks else base.prediction


def _about_launch(job: TrainingJob, pictures: int) -> list[str]:
    """What several processes change, said before the start."""
    if job.launch is None or job.launch.problems():
        return []
    notes: list[str] = [
        Message(
            "request.each_step_sees_pictures",
            "{title}: each step sees {pictures_a_step} pictures, so {max_train_steps} steps see "
            "{max_train_steps2} (one epoch is {pictures}).",
            title=job.launch.title,
            pictures_a_step=job.pictures_a_step,
            max_train_steps=job.params.max_train_steps,
            max_train_steps2=job.params.max_train_steps * job.pictures_a_step,
            pictures=pictures,
        )
    ]
    if job.params.lr_warmup_steps:
        notes.append(
            Message(
                "request.sd_scripts_counts_warm",
                "sd-scripts counts warm-up in each process: {lr_warmup_steps} warm up over "
                "{lr_warmup_steps2} steps.",
                lr_warmup_steps=job.params.lr_warmup_steps,
                lr_warmup_steps2=f"{job.params.lr_warmup_steps / job.launch.processes:g}",
            )
        )
    if job.params.save_state and not job.saves_states:
        notes.append(
            Message(
                "request.states_saved_several_machines",
                "No states are saved (several machines, or DeepSpeed): a stopped run starts anew.",
            )
        )
    return notes


def _collect(problems: list[Problem], read: Callable[[], Any]) -> Any:
    """What ``read`` gives, or None with its problems added."""
    try:
        return read()
    except Invalid as error:
        problems += error.problems
    except BridgeError as error:
        problems.append(Problem("request.said", "", str(error)))
    return None


def _free_folder(parent: Path, name: str) -> Path:
    """``parent/name``, or with a number where that is taken."""
    number = 1
    while (folder := parent / (name if number == 1 else f"{name}-{number}")).exists():
        number += 1
    return folder
