"""The command line's verbs over HTTP that read and write files of this machine: for its own users,
never from afar.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import Invalid, Problem
from ...exchange import request as exchange_request
from ...jobs import launch
from ...jobs.cluster import Cluster, address
from ...jobs.launch import Launch
from ...options import presets
from ...page.context import started
from ...page.shape import read
from ...planning.request import Request
from ..bodies import CheckBody, PublishJobBody
from ..doors import Call

WORDS = ("engine", "preset", "name")


def check(call: Call) -> Any:
    """The dataset doctor's report on photos or folders."""
    return call.context.the_bridge.check(read(CheckBody, call.body).photos).as_dict()


def dataset(call: Call) -> Any:
    """Clean copies and captions as a kohya folder."""
    steps = call.body.get("steps", 1500)
    if not isinstance(steps, int) or isinstance(steps, bool) or not 1 <= steps <= 1_000_000:
        raise Invalid(
            [
                Problem(
                    "handlers.files.whole_number",
                    "steps",
                    "{steps} is not a whole number from 1 to 1,000,000",
                    steps=repr(steps),
                )
            ]
        )
    made = call.context.the_bridge.write_dataset(
        _paths(call, "photos"),
        _text(call, "name"),
        _text(call, "class"),
        steps,
        path_of(call, "out"),
    )
    return made.as_dict()


def train(call: Call) -> Any:
    """Queue a training of a folder, or of a config: what `train` does on the command line."""
    bridge, remarks = call.context.the_bridge, list[str]()
    config, lora_dir = (
        _path_or_none(call, "config"),
        _path_or_none(call, "lora_dir") or call.context.lora_dir,
    )
    folders = sorted({Path(base.path).absolute().parent for base in call.context.models()})
    wanted: dict[str, Any] = {
        "dataset": _path_or_none(call, "dataset"),
        "base": _path_or_none(call, "base"),
        "values": _values(call),
        "lora_dir": lora_dir,
        "gpu": _gpu(call),
        "launch": _launch(call),
        "on": _cluster(call),
        "model_folders": tuple(folders),
        **{word: _text(call, word) or None for word in WORDS},
    }
    if wanted["base"] is None and wanted["on"] is not None and wanted["on"].base:
        wanted["base"] = Path(wanted["on"].base)
    if config is not None:
        imported = bridge.import_file(config, [*folders, *exchange_request.model_folders(lora_dir)])
        request = bridge.like(imported, wanted)
        remarks = exchange_request.remarks(imported, request.base)
    else:
        missing = [name for name in ("dataset", "base") if not wanted[name]]
        if missing:
            raise Invalid(
                [
                    Problem(
                        "handlers.files.missing", name, "is missing", "Give its path; or a config."
                    )
                    for name in missing
                ]
            )
        request = Request(**wanted)

    def submit() -> tuple[int, Any]:
        submitted = bridge.submit(request)
        return submitted.id, submitted

    notes, submitted = started(call.context, submit)
    return {"job": submitted.id, "notes": [*remarks, *notes, *submitted.notes]}


def publish(call: Call) -> Any:
    """A finished LoRA with card and preview, into a Lora folder."""
    folder = _path_or_none(call, "lora_dir") or call.context.lora_dir
    if folder is None:
        raise Invalid(
            [
                Problem(
                    "handlers.files.no_lora_dir",
                    "lora_dir",
                    "is missing",
                    "Give the WebUI's models/Lora.",
                )
            ]
        )
    return call.context.the_bridge.publish(
        path_of(call, "file"),
        folder,
        _text(call, "name") or None,
        is_private=read(PublishJobBody, {"private": call.body.get("private", False)}).private,
    ).as_dict()


def copy_preset(call: Call) -> Any:
    """One of our presets as a .toml of one's own, to change, in the user's folder or the home."""
    to = path_of(call, "to")
    own = (Path.home(), call.context.the_bridge.home.root)
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
    return {"path": str(presets.copy(_text(call, "name"), to))}


# ---- what a body says ----


def path_of(call: Call, name: str) -> Path:
    """An absolute path from the body. Raises `Invalid`."""
    return _path(name, call.body.get(name))


def _path_or_none(call: Call, name: str) -> Path | None:
    return _path(name, call.body[name]) if call.body.get(name) is not None else None


def _path(name: str, value: Any) -> Path:
    text = value.strip().strip('"') if isinstance(value, str) else ""
    if not text or "\0" in text:
        raise Invalid(
            [
                Problem(
                    "handlers.files.path",
                    name,
                    "{value} is not a path",
                    "Give a whole one.",
                    value=repr(value),
                )
            ]
        )
    try:
        path = Path(text).expanduser()
    except RuntimeError:  # the home of nobody
        path = Path(text)
    if not path.is_absolute():
        raise Invalid(
            [
                Problem(
                    "handlers.files.whole_path",
                    name,
                    "{text_name} is not a whole path",
                    "Begin with / or a drive's letter.",
                    text_name=repr(text),
                )
            ]
        )
    return path


def _paths(call: Call, name: str) -> list[Path]:
    given = call.body.get(name)
    if not isinstance(given, list) or not given:
        raise Invalid(
            [
                Problem(
                    "handlers.files.list_paths",
                    name,
                    "is not a list of paths",
                    "Give one path at least.",
                )
            ]
        )
    return [_path(name, value) for value in given]


def _text(call: Call, name: str) -> str:
    value = call.body.get(name) or ""
    if not isinstance(value, str) or len(value) > 1000:
        raise Invalid(
            [
                Problem(
                    "handlers.files.text_characters",
                    name,
                    "{value} is not a text of up to 1000 characters",
                    value=repr(str(value)[:40]),
                )
            ]
        )
    return value.strip()


def _values(call: Call) -> Mapping[str, Any]:
    values = call.body.get("values") or {}
    if not isinstance(values, Mapping) or any(
        isinstance(value, Mapping) for value in values.values()
    ):
        raise Invalid(
            [
                Problem(
                    "handlers.files.object_option_value",
                    "values",
                    "is not an object of option: value",
                )
            ]
        )
    return {str(key).replace("-", "_"): value for key, value in values.items()}


def _gpu(call: Call) -> int | None:
    gpu = call.body.get("gpu")
    if gpu is not None and (not isinstance(gpu, int) or isinstance(gpu, bool) or gpu < 0):
        raise Invalid(
            [
                Problem(
                    "handlers.files.gpu_number_counted",
                    "gpu",
                    "{gpu} is not a GPU's number, counted from 0",
                    gpu=repr(gpu),
                )
            ]
        )
    return gpu


LAUNCH: Mapping[str, type] = {
    "processes": int,
    "machines": int,
    "machine_rank": int,
    "main_process_ip": str,
    "main_process_port": int,
    "num_cpu_threads_per_process": int,
    "gpus": list,
}
CLUSTER: Mapping[str, type] = {"address": str, "base": str, "home": str, "gpus": int}


def _launch(call: Call) -> Launch | None:
    """More than one process, by the command line's words."""
    given = _object(call, "launch", LAUNCH)
    if given is None:
        return None
    gpus = given.pop("gpus", None) or []
    if any(not isinstance(gpu, int) or isinstance(gpu, bool) for gpu in gpus):
        raise Invalid(
            [
                Problem(
                    "handlers.files.gpus_list_numbers",
                    "launch",
                    "gpus: {gpus} is not a list of GPU numbers",
                    gpus=repr(gpus),
                )
            ]
        )
    return launch.from_words(",".join(map(str, gpus)) or None, **given)


def _cluster(call: Call) -> Cluster | None:
    given = _object(call, "on", CLUSTER)
    if given is None:
        return None
    return Cluster(
        address(given.get("address") or ""), given.get("base"), given.get("home"), given.get("gpus")
    )


def _object(call: Call, name: str, kinds: Mapping[str, type]) -> dict[str, Any] | None:
    """An object of the body whose parts are of these kinds; null parts are left out.

    Raises `Invalid`.
    """
    given = call.body.get(name)
    if given is None:
        return None
    if not isinstance(given, Mapping):
        raise Invalid(
            [Problem("handlers.files.object", name, "{given} is not an object", given=repr(given))]
        )
    problems = [
        Problem("handlers.files.part", name, "{key} is no part of it", key=key)
        for key in given.keys() - kinds.keys()
    ]
    found = {key: value for key, value in given.items() if key in kinds and value is not None}
    wrong = [
        key
        for key, value in found.items()
        if not isinstance(value, kinds[key]) or isinstance(value, bool)
    ]
    problems += [
        Problem(
            "handlers.files.kind",
            name,
            "{key}: {found} is not of the kind {name__}",
            key=key,
            found=repr(found[key]),
            name__=kinds[key].__name__,
        )
        for key in wrong
    ]
    if problems:
        raise Invalid(problems)
    return found
