"""What Start would do, live and in words: the sum, the time, the memory, the LoRA's name, and
everything in the way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..bridge import Bridge
from ..datasets.kohya_folder import Dataset, naming_problems
from ..errors import BridgeError, Invalid, NotFound, Problem
from ..jobs.launch import Launch, from_words, processes_of
from ..messages import Message
from ..models import offered
from ..models.checkpoint import Base
from ..options import presets
from ..options.params import TrainingParams, fields_of_params
from ..options.presets import Preset
from ..planning.request import Request
from ..planning.settled import Epoch, settle
from ..publishing import publish
from .context import Context
from .draft import subjects
from .draft.captions import caption_of
from .draft.check import Verdicts
from .draft.draft import Draft
from .draft.looks import masks
from .draft.looks.held_out import held_out, held_out_problems
from .draft.state import DraftSubject, State, TrainingChoices
from .draft.view import is_used
from .regularization import sets
from .training_plan import Plan


def make(context: Context) -> Plan:
    """The plan for the draft as it is now."""
    bridge, draft = context.the_bridge, context.draft
    state, judged, problems = draft.state, draft.check.judged, list[Problem]()
    used = [item for item in state.items if is_used(item, judged)]
    training = state.training
    base_path, base = _base(context, training.base, problems)
    preset = _preset(training.preset, base, gpu_gigabytes(context), problems)
    held = len(held_out(state, judged))
    data = _unwritten(context, state, judged, base_path if base else None)
    problems += sets.problems(data, training.regularization)
    gpu, launch = _gpus(training.gpus, problems)
    has_reg = bool(data.regularisation)
    epoch = Epoch(max(1, data.real_steps), has_reg, processes=processes_of(launch))
    params, changed = _params(preset, training.values, epoch, problems)
    plan = Plan(
        data,
        params,
        preset,
        training.engine or "",
        base,
        base_path,
        problems=problems,
        captions=[caption_of(item, state, judged) for item in used],
        changed=changed,
        gpu=gpu,
        launch=launch,
        state=state,
    )
    plan.problems += [
        *_naming_of(state.subjects, training.lora_name),
        *_photo_problems(draft, len(used)),
        *held_out_problems(held, len(used)),
    ]
    plan.stem = _stem(lora_folder(context), training.lora_name or state.name)
    _sketch(bridge, context, plan)
    plan.notes = [*_held_out(held, len(used)), *plan.notes]
    return plan


def _unwritten(context: Context, state: State, judged: Verdicts, base: Path | None) -> Dataset:
    """What the draft would become, with the regularization pictures that are there."""
    home, training = context.the_bridge.home, state.training
    used = [item for item in state.items if is_used(item, judged)]
    apart = held_out(state, judged)
    parts = subjects.folders(state, [item for item in used if item.id not in apart], training.steps)
    data = subjects.unwritten(home.datasets / "unwritten", parts)
    if training.masks:
        data = replace(data, masks=masks.count(used, judged))
    return sets.beside(home, base, data, training.regularization)


def _held_out(count: int, photos: int) -> list[str]:
    if not count:
        return []
    text = "{count} of {photos} photos {count:is|are} held out to measure the result."
    return [Message("plan.held_out", text, count=count, photos=photos)]


def lora_folder(context: Context) -> Path:
    """Where the LoRA will be published, as `attempt` has it."""
    return context.lora_dir or context.the_bridge.home.lora


def request(context: Context, plan: Plan, dataset: Path) -> Request:
    """What to ask of `Bridge.submit`."""
    state = plan.state
    assert plan.base_path is not None
    return Request(
        dataset=dataset,
        base=plan.base_path,
        engine=state.training.engine,
        preset=plan.preset.name,
        values={**state.training.values, **_masks(state.training)},
        lora_dir=lora_folder(context),
        name=state.training.lora_name or state.name,
        v_parameterization=state.training.v_parameterization,
        model_folders=tuple(
            dict.fromkeys(Path(base.path).absolute().parent for base in context.models())
        ),
        gpu=plan.gpu,
        launch=plan.launch,
        publish=state.training.publish or None,
        private=state.training.private,
        enough=state.training.enough,
    )


# ---- its parts ----


def _masks(training: TrainingChoices) -> dict[str, Any]:
    return {"alpha_mask": True} if training.masks else {}


def _base(
    context: Context, title: str | None, problems: list[Problem]
) -> tuple[Path | None, Base | None]:
    if not title:
        problems.append(
            Problem("plan.base_model_chosen", "base", "no base model is chosen", "Choose one.")
        )
        return None, None
    path = offered.find(title, context.models(), local=context.local)
    if path is None:
        problems.append(
            Problem(
                "plan.any_more",
                "base",
                "{title} no longer exists",
                "Choose another.",
                title=repr(title),
            )
        )
        return None, None
    found = offered.look(path)
    problems += found.problems
    return path, found.base


def gpu_gigabytes(context: Context) -> float | None:
    """With half a gigabyte on top: a GPU of 12 GB reports a little less."""
    memory = context.memory() if context.memory else None
    return memory.total / 2**30 + 0.5 if memory else None


def _preset(
    name: str | None, base: Base | None, gigabytes: float | None, problems: list[Problem]
) -> Preset:
    family, full_size = (base.family, base.full_size) if base else ("sd1", True)
    fitting = presets.fitting(family, full_size, gigabytes)
    try:
        return presets.get(name or fitting)
    except NotFound as error:
        problems.append(Problem("plan.said", "preset", str(error)))
        return presets.get(fitting)


def _gpus(text: str, problems: list[Problem]) -> tuple[int | None, Launch | None]:
    """(the one GPU, what several need); neither where none is named."""
    if not text:
        return None, None
    try:
        launch = from_words(text)
    except ValueError:
        problems.append(
            Problem(
                "plan.list_gpus",
                "gpus",
                "{text_name} is not a list of GPUs",
                "Write 0,1; leave it empty for the first one.",
                text_name=repr(text),
            )
        )
        return None, None
    if len(launch.gpu_ids) == 1:
        return launch.gpu_ids[0], None
    return None, launch


def _params(
    preset: Preset, values: Mapping[str, Any], epoch: Epoch, problems: list[Problem]
) -> tuple[TrainingParams, int]:
    """(the options as far as they can be used, how many of them differ from the preset's)."""
    plain = settle(preset, (), epoch).params
    try:
        found = settle(preset, (values,), epoch)
    except Invalid as error:
        problems += error.problems
        return plain, len(values)
    known = [spec.name for spec in fields_of_params() if spec.name in values]
    differ = sum(getattr(found.params, key) != getattr(plain, key) for key in known)
    return found.params, differ + len(values) - len(known)


def _naming(name: str, class_token: str, lora_name: str) -> list[Problem]:
    if not name:
        return [
            Problem(
                "plan.missing",
                "name",
                "is missing",
                "Write the name that prompts will use for your subject.",
            )
        ]
    return naming_problems(name, class_token) or [
        Problem("plan.said", "LoRA name", p.what, p.remedy)
        for p in publish.stem_problems(lora_name or name)
    ]


def _naming_of(found: Sequence[DraftSubject], lora_name: str) -> list[Problem]:
    """Of all subjects; two with one name would be one."""
    problems = [p for one in found for p in _naming(one.name, one.class_token, lora_name)]
    names = Counter(one.name for one in found if one.name)
    text = "{name} is two subjects' name"
    for name in (name for name, count in names.items() if count > 1):
        remedy = "Give each a name of its own."
        problems.append(Problem("plan.name_twice", "name", text, remedy, name=repr(name)))
    return problems


def _photo_problems(draft: Draft, used: int) -> list[Problem]:
    progress = draft.check.progress
    if not draft.state.items:
        return [
            Problem("plan.none_yet", "photos", "there are none yet", "Drop some, or give a folder.")
        ]
    if progress:
        return [
            Problem(
                "plan.looked",
                "photos",
                "{progress} of {progress2} have been looked at",
                "Wait a moment.",
                progress=progress[0],
                progress2=progress[1],
            )
        ]
    return (
        []
        if used
        else [
            Problem("plan.none_used", "photos", "none will be used", "Include some, or add others.")
        ]
    )


def _stem(folder: Path, name: str) -> str | None:
    try:
        return publish.free_stem(folder, name)
    except Invalid:
        return None


def _sketch(bridge: Bridge, context: Context, plan: Plan) -> None:
    """Ask the bridge what it would say, as soon as there is enough to ask about."""
    try:
        engine = bridge.engine(plan.engine) if plan.engine else bridge.choose_engine(plan.base)
        plan.engine = engine.name
        plan.problems += engine.check()
        if plan.base is None or not plan.images:
            return
        job, plan.notes, refused = bridge.draft_job(
            request(context, plan, Path("img")), plan.data, plan.base
        )
        plan.engine, plan.params = job.engine, job.params
        plan.problems += refused
    except Invalid as error:
        plan.problems += error.problems
    except BridgeError as error:
        plan.problems.append(Problem("plan.said", "", str(error)))
