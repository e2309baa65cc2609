"""The command line's verbs over HTTP that read and write files of this machine: for its own users,
never for remote clients.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...bridge import Submitted
from ...datasets.views import (
    DatasetView,
    HeadersView,
    ReportView,
    dataset_view,
    headers_view,
    report_view,
)
from ...engines.regularizing.request import RegularizationRequest
from ...errors import Invalid, Problem
from ...exchange import request as exchange_request
from ...jobs import launch
from ...jobs.cluster import Cluster, address
from ...jobs.launch import Launch
from ...options import presets
from ...page.context import Context, started
from ...page.draft.choices import value_problems
from ...photos.masking import Masks
from ...photos.video.request import FramesRequest
from ...planning.request import Request
from ...publishing.publish import PublishedLora
from ..bodies.loras import PublishBody
from ..bodies.photos import CheckBody, DatasetBody, FramesBody, RegularizationBody
from ..bodies.trainings import ClusterBody, LaunchBody, PresetCopyBody, StepSearchBody, TrainBody
from ..doors import Call
from ..views import PresetCopyView, QueuedView


def check(call: Call, body: CheckBody) -> ReportView:
    """The dataset doctor's report on photos or folders."""
    return report_view(call.context.the_bridge.check(body.photos))


def headers(call: Call, body: CheckBody) -> HeadersView:
    """Format, size and orientation of photos or folders, without decoding any."""
    return headers_view(call.context.the_bridge.headers(body.photos))


def dataset(call: Call, body: DatasetBody) -> DatasetView:
    """Clean copies and captions as a kohya folder."""
    made = call.context.the_bridge.write_dataset(
        body.photos,
        body.name.strip(),
        body.class_.strip(),
        body.steps,
        body.out,
        hold_out=body.held_out,
        masks=Masks(body.masks or body.face_masks, body.face_masks, body.unmasked_weight),
    )
    return dataset_view(made)


def frames(call: Call, body: FramesBody) -> QueuedView:
    """Take the sharpest, most different frames of a video as photos, as a job: what `frames` does
    on the command line.
    """
    context = call.context
    asked = FramesRequest(body.video, body.count, body.out, context.face_models)

    def start() -> tuple[int, int]:
        number = context.the_bridge.frames(asked)
        return number, number

    notes, number = started(context, start)
    return QueuedView(number, notes)


def regularization(call: Call, body: RegularizationBody) -> QueuedView:
    """Draw regularization pictures of a class word, as a job: what `regularization` does on the
    command line. What is drawn is not drawn again.
    """
    asked = RegularizationRequest(
        body.class_, body.base, body.count, body.out, body.prompt, body.resolution
    )

    def start() -> tuple[int, int]:
        number = call.context.the_bridge.draw_regularization(asked).job
        assert number is not None, "our own sampler draws as a job"
        return number, number

    notes, number = started(call.context, start)
    return QueuedView(number, notes)


def train(call: Call, body: TrainBody) -> QueuedView:
    """Queue a training of a folder, or of a config: what `train` does on the command line."""
    request, remarks = _request(call.context, body)

    def submit() -> tuple[int, Submitted]:
        submitted = call.context.the_bridge.submit(request, body.at)
        return submitted.id, submitted

    notes, submitted = started(call.context, submit, later=bool(body.at))
    return QueuedView(submitted.id, [*remarks, *notes, *submitted.notes])


def find_step(call: Call, body: StepSearchBody) -> QueuedView:
    """Find the step for all photos of a folder by short trainings, as a job: what `find-step
    DATASET` does on the command line. `POST jobs/ID/retry` with `all_photos` and that job's number
    trains them for it.
    """
    given = {name: getattr(body, name) for name in ("dataset", "base", "preset", "values", "gpu")}
    request = Request(**_wanted(call.context, TrainBody(**given, lora_dir=body.lora_dir)))

    def start() -> tuple[int, tuple[int, list[str]]]:
        found = call.context.the_bridge.find_step_of(request, body.folds)
        return found[0], found

    notes, (number, more) = started(call.context, start)
    return QueuedView(number, [*notes, *more])


def _request(context: Context, body: TrainBody) -> tuple[Request, list[str]]:
    """(what to train, what to say of the config)."""
    wanted = _wanted(context, body)
    if body.config is None:
        _refuse_missing(wanted)
        return Request(**wanted), []
    bridge, folders = context.the_bridge, wanted["model_folders"]
    near = exchange_request.model_folders(wanted["lora_dir"])
    imported = bridge.import_file(body.config, [*folders, *near])
    request = bridge.like(imported, wanted)
    return request, exchange_request.remarks(imported, request.base)


def _wanted(context: Context, body: TrainBody) -> dict[str, Any]:
    """The fields of a `Request`, as far as the body says them."""
    folders = sorted({Path(base.path).absolute().parent for base in context.models()})
    on = _cluster(body.on)
    there = Path(on.base) if on and on.base else None
    return {
        "dataset": body.dataset,
        "base": body.base or there,
        "values": {**_values(body.values or {}), **_masks(body.masks)},
        "lora_dir": body.lora_dir or context.lora_dir,
        "gpu": body.gpu,
        "launch": _launch(body.launch),
        "on": on,
        "model_folders": tuple(folders),
        "engine": body.engine,
        "preset": _word(body.preset),
        "name": _word(body.name),
        "held_out": tuple(body.held_out) if body.held_out else None,
        "enough": body.enough,
        "publish": body.publish,
        "private": body.private,
    }


def _refuse_missing(wanted: Mapping[str, Any]) -> None:
    remedy = "Give its path; or a config."
    problems = [
        Problem("handlers.files.missing", name, "is missing", remedy)
        for name in ("dataset", "base")
        if not wanted[name]
    ]
    if problems:
        raise Invalid(problems)


def _word(text: str | None) -> str | None:
    return (text or "").strip() or None


def _values(values: Mapping[str, Any]) -> dict[str, Any]:
    if problems := value_problems(values):
        raise Invalid(problems)
    return {key.replace("-", "_"): value for key, value in values.items()}


def _masks(wanted: bool | None) -> dict[str, Any]:
    return {} if wanted is None else {"alpha_mask": wanted}


def _launch(body: LaunchBody | None) -> Launch | None:
    """More than one process, by the command line's words."""
    if body is None:
        return None
    said = {name: value for name, value in vars(body).items() if value is not None}
    gpus = said.pop("gpus", [])
    return launch.from_words(",".join(map(str, gpus)) or None, **said)


def _cluster(body: ClusterBody | None) -> Cluster | None:
    if body is None:
        return None
    return Cluster(address(body.address), body.base, body.home, body.gpus)


def publish(call: Call, body: PublishBody) -> PublishedLora:
    """A finished LoRA with card and preview, into a Lora folder."""
    folder = body.lora_dir or call.context.lora_dir
    if folder is None:
        problem = Problem(
            "handlers.files.no_lora_dir", "lora_dir", "is missing", "Give the WebUI's models/Lora."
        )
        raise Invalid([problem])
    return call.context.the_bridge.publish(
        body.file, folder, _word(body.name), is_private=body.private
    )


def copy_preset(call: Call, body: PresetCopyBody) -> PresetCopyView:
    """Copy one of our presets to a .toml of your own, to change it."""
    _refuse_strange_place(call.context.the_bridge.home.root, body.to)
    return PresetCopyView(str(presets.copy(body.name.strip(), body.to)))


def _refuse_strange_place(home: Path, to: Path) -> None:
    own = (Path.home(), home)
    if not any(to.resolve().is_relative_to(folder.resolve()) for folder in own):
        raise Invalid(
            [
                Problem(
                    "files.not_own_folder",
                    "to",
                    "{path} is outside your own folder",
                    "Choose a file in {folder}.",
                    path=repr(str(to)),
                    folder=own[0],
                )
            ]
        )
    if not to.is_dir() and to.suffix.lower() != ".toml":
        raise Invalid(
            [
                Problem(
                    "files.not_toml",
                    "to",
                    "{path} does not end in .toml",
                    "Call it {stem}.toml.",
                    path=repr(str(to)),
                    stem=to.stem,
                )
            ]
        )
