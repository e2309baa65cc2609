"""From a request to the job that it becomes: engine, preset, options, clean copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .. import engines
from ..datasets import config as dataset_config
from ..datasets import subjects
from ..datasets.caption_tokens import CHUNK
from ..engines.base import Engine, Machine
from ..errors import BridgeError, Invalid, Problem, short
from ..jobs.job import TrainingJob
from ..messages import Message
from ..names import lora_name, name_problems
from ..options import effect, presets
from ..options.families import FAMILIES, Family
from ..options.params import TrainingParams
from ..paths import Home, absolute
from ..photos.masking import Masks
from ..publishing import choice
from . import handed_on, preflight, staging
from .request import MOST_GPU, Request
from .settled import Epoch, Settled, settle

if TYPE_CHECKING:
    from ..datasets.kohya_folder import Dataset
    from ..models.checkpoint import Base
    from ..models.companion_files import Found


class Planner:
    """Makes jobs of requests, over one home folder."""

    def __init__(self, home: Home) -> None:
        self.home = home

    def prepare(self, request: Request) -> tuple[TrainingJob, list[str]]:
        """The job that this machine would run, with its notes; writes the clean copies that it
        needs.
        """
        job, notes, data = self.dry_run(request)
        return (job, notes) if request.dataset_config is not None else self.staged(job, notes, data)

    def staged(
        self, job: TrainingJob, notes: list[str], data: Dataset
    ) -> tuple[TrainingJob, list[str]]:
        """What `dry_run` found, with the clean copies that it needs written."""
        masks = Masks(job.params.masked, unmasked=job.params.unmasked_weight)
        image_dir, staged = staging.stage(self.home, job.name, data, masks)
        return job.evolve(dataset=str(image_dir)), [*notes, *staged]

    def dry_run(self, request: Request) -> tuple[TrainingJob, list[str], Dataset]:
        """The job that this machine would run, its notes, its pictures; writes nothing.

        Raises `Invalid`.
        """
        from ..datasets.kohya_folder import open_dataset
        from ..models import checkpoint

        problems: list[Problem] = []
        data = request.photos or _collect(problems, lambda: open_dataset(request.dataset))
        base = _collect(problems, lambda: checkpoint.read(request.base))
        problems += _name_problems(request, data)
        if request.gpu is not None and not 0 <= request.gpu <= MOST_GPU:
            problems.append(
                Problem(
                    "request.gpus_number",
                    "gpu",
                    "{gpu} is not a GPU's number",
                    "Give 0 to {most}.",
                    gpu=short(request.gpu),
                    most=MOST_GPU,
                )
            )
        problems += self.choose(request, base)[0].check()
        if data is None or base is None or problems:
            raise Invalid(problems)
        data, held_out_notes = staging.hold_out(request, data)
        job, notes, refused = self.draft_job(request, data, base)
        if refused:
            raise Invalid(refused)
        at_random = bool(job.params.extra.get("enable_wildcard"))
        lines = staging.of_several_lines(data, at_random=at_random)
        return job, [*notes, *lines, *held_out_notes], data

    def draft_job(
        self, request: Request, data: Dataset, base: Base
    ) -> tuple[TrainingJob, list[str], list[Problem]]:
        """The job that these would make, its notes, and what speaks against it on this machine;
        writes nothing.

        The pictures of ``data`` need not be there yet. Raises `Invalid` for values that can't be
        read.
        """
        engine, why = self.choose(request, base)
        family = FAMILIES[base.family]
        preset = presets.get(request.preset or presets.fitting(base.family, base.full_size))
        settled = settle(preset, (request.file_values, request.values), _epoch(request, data))
        params, fitted = self._fitted(settled, data, request, engine, family)
        files = _companions(engine, params, request, base)
        if engine.traits.reads_extra_options:
            params = family.complete(replace(params, extra={**params.extra, **files.options}))
        job = TrainingJob(
            name=request.name or lora_name(data.subject) or data.subject,
            subject=data.subject,
            class_token=data.class_token,
            subjects=data.subjects if len(data.subjects) > 1 else (),
            dataset=str(absolute(data.image_dir)),
            dataset_config=request.dataset_config,
            base=str(absolute(base.path)),
            family=base.family,
            engine=engine.name,
            params=params,
            prediction=_prediction(base, request),
            lora_dir=str(request.lora_dir) if request.lora_dir else None,
            preset=preset.name,
            gpu=request.gpu,
            launch=request.launch,
            enough=request.enough,
            publish=request.publish or choice.rule(self.home),
            private=request.private,
        )
        before = [*([why] if why else []), *data.remarks, *_renamed(request, data)]
        before += [*base.notes, *settled.notes, *fitted]
        return job, *self._judged(request, data, base, job, engine, files, before)

    def _judged(
        self,
        request: Request,
        data: Dataset,
        base: Base,
        job: TrainingJob,
        engine: Engine,
        files: Found,
        before: Sequence[str],
    ) -> tuple[list[str], list[Problem]]:
        """What is to be known of the job, after the notes ``before``,
        and what speaks against it.
        """
        room = preflight.this_machine(job, self.home.root, engine.machine())
        stand = effect.Stand(job.params, base.family, bool(data.regularisation))
        notes = [
            *before,
            *(subjects.notes(data) if job.dataset_config is None else ()),
            *staging.regularization_notes(job, data),
            *effect.idle(stand, request.values),
            *effect.advice(job.params),
            *_about_launch(job, data.real_steps),
            *handed_on.notes(job),
            *staging.mask_notes(job, data),
            *engine.notes(job),
            *files.notes,
            *preflight.outlook(job, room, engine.traits.memory_is_counted),
        ]
        refused = [
            *_launch_problems(job),
            *handed_on.problems(job, engine, request.values),
            *files.problems,
            *engine.refuse(job),
            *staging.enough_problems(job, data, engine),
            *_size_problems(self.home, engine, base),
            *preflight.missing_files(job.params),
            *preflight.problems(job, room),
        ]
        return notes, refused

    def choose(self, request: Request, base: Base | None = None) -> tuple[Engine, str]:
        """The engine that was named, or the first that trains such a base; and why that one."""
        if request.engine is not None:
            return engines.get(request.engine, self.home), ""
        if base is None:
            return engines.choose(self.home)
        return engines.choose(self.home, base.family, base.full_size)

    def _fitted(
        self, settled: Settled, data: Dataset, request: Request, engine: Engine, family: Family
    ) -> tuple[TrainingParams, list[str]]:
        """The options as this engine and these captions need them, with notes."""
        params, given = settled.params, {**request.file_values, **request.values}
        others, unmasked = staging.unmasked_apart(settled.others)
        extra = {**params.extra, **engine.read_options(others, family.name), **unmasked}
        extra |= staging.mask_options(data, extra)
        notes = [*_saves(params)]
        length = (
            staging.token_length(data)
            if family.is_ldm and params.max_token_length is None and not request.dataset_config
            else None
        )
        if length is not None:
            params = params.with_values({"max_token_length": str(length)})
            text = "A caption is longer than {chunk} tokens: the limit is {limit}."
            notes.append(Message("request.long_caption", text, chunk=CHUNK, limit=length))
        wants_bf16 = "mixed_precision" not in given and params.mixed_precision == "bf16"
        if wants_bf16 and not engine.machine().has_bf16:
            precision, note = _without_bf16(engine.machine())
            params = params.with_values({"mixed_precision": precision})
            notes.append(note)
        notes += _bucket_limits(params, given)
        return replace(params, extra={**params.extra, **extra}), notes


def _name_problems(request: Request, data: Dataset | None) -> list[Problem]:
    """Why the LoRA can't be called as it was asked for, or after a folder's subject."""
    if request.name is not None:
        return name_problems(request.name)
    if data is None or lora_name(data.subject) is not None:
        return []
    return [
        Problem(
            "request.nameless",
            "name",
            "a LoRA can't be called {subject}",
            "Give it a name with --name.",
            subject=short(data.subject),
        )
    ]


def _renamed(request: Request, data: Dataset) -> list[str]:
    """That the LoRA's name isn't its subject's, where a file can't be called so."""
    name = request.name or lora_name(data.subject)
    if request.name is not None or name is None or name == data.subject:
        return []
    text = "The LoRA is called {name}: a file can't be called {subject}."
    return [Message("request.renamed", text, name=repr(name), subject=short(data.subject))]


def _without_bf16(machine: Machine) -> tuple[str, Message]:
    """The next best precision; fp16 trains with a scaler that PyTorch hasn't always on a Mac."""
    if machine.device == "mps":
        text = "Before macOS 14 a Mac has no bf16: training in fp32."
        return "no", Message("request.no_bf16_on_mac", text)
    return "fp16", Message("request.no_bf16", "This GPU has no bf16: training in fp16.")


def _saves(params: TrainingParams) -> Iterator[str]:
    if params.save_every_n_steps not in (None, params.save_interval):
        yield Message(
            "request.save_interval",
            "It saves every {interval} {interval:step|steps}: a multiple of "
            "gradient_accumulation_steps, "
            "from which sd-scripts goes on exactly.",
            interval=params.save_interval,
        )


def _bucket_limits(params: TrainingParams, given: Mapping[str, Any]) -> Iterator[str]:
    """Which of the limits that somebody gave will be others."""
    fitted = params.fitted_buckets()
    for name in ("min_bucket_reso", "max_bucket_reso"):
        wanted, becomes = getattr(params, name), getattr(fitted, name)
        if name in given and params.enable_bucket and becomes != wanted:
            yield Message(
                "request.bucket_limits",
                "{name}={given} becomes {fitted}: the limits of the buckets enclose resolution "
                "{resolution}.",
                name=name,
                given=wanted,
                fitted=becomes,
                resolution=params.resolution,
            )


def _epoch(request: Request, data: Dataset) -> Epoch:
    processes = max(1, request.launch.processes) if request.launch else 1
    return Epoch(
        data.real_steps,
        bool(data.regularisation),
        processes,
        dataset_config.shares(request.dataset_config) if request.dataset_config else (),
    )


def _companions(engine: Engine, params: TrainingParams, request: Request, base: Base) -> Found:
    """The files beside the base that its family needs, where the engine can be told of them."""
    from ..models import companion_files

    if not engine.traits.reads_extra_options:
        return companion_files.Found({}, [], [])
    return companion_files.find(
        FAMILIES[base.family], base.path, params.extra, request.lora_dir, request.model_folders
    )


def _launch_problems(job: TrainingJob) -> list[Problem]:
    found = job.launch.problems() if job.launch else []
    if job.launch and job.gpu is not None:
        found.append(
            Problem(
                "request.process",
                "gpu",
                "is for one process",
                "Name the GPUs of several with --gpus.",
            )
        )
    return found


def _size_problems(home: Home, engine: Engine, base: Base) -> list[Problem]:
    if base.full_size or engine.traits.takes_small_models:
        return []
    other, _ = engines.choose(home, base.family, full_size=False)
    return [
        Problem(
            "request.smaller_full_size_model",
            "base",
            "{name} is smaller than a full-size {family_title} model, and {engine} expects the "
            "full sizes",
            "Use --engine {other}.",
            name=base.path.name,
            family_title=base.family_title,
            engine=engine.name,
            other=other.name,
        )
    ]


def _prediction(base: Base, request: Request) -> str:
    """What the base model predicts: its own file says so, and where that is silent, the request."""
    from ..models import checkpoint

    asks = request.v_parameterization and base.prediction_source.startswith("no mark")
    return checkpoint.V_PREDICTION if asks else base.prediction


def _about_launch(job: TrainingJob, pictures: int) -> list[str]:
    """What several processes change, said before the start."""
    if job.launch is None or job.launch.problems():
        return []
    steps = job.params.max_train_steps
    notes: list[str] = [
        Message(
            "request.launch",
            "{title}: each step sees {step} pictures, so {steps} steps see {shown} (one epoch is "
            "{epoch}).",
            title=job.launch.title,
            step=job.pictures_a_step,
            steps=steps,
            shown=steps * job.pictures_a_step,
            epoch=pictures,
        )
    ]
    if job.params.lr_warmup_steps:
        notes.append(
            Message(
                "request.launch_warmup",
                "sd-scripts counts warm-up in each process: {asked} warm up over {real} steps.",
                asked=job.params.lr_warmup_steps,
                real=f"{job.params.lr_warmup_steps / job.launch.processes:g}",
            )
        )
    if job.params.save_state and not job.saves_states:
        notes.append(
            Message(
                "request.no_states",
                "No states are saved (several machines, or DeepSpeed): a stopped run starts from "
                "scratch.",
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
        problems.append(Problem("request.said", "", error.message))
    return None
