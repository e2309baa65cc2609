"""Bring a training from elsewhere: which kind of file it is,
and what becomes of every key in it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..datasets import config as dataset_config
from ..datasets.kohya_folder import open_dataset
from ..errors import BridgeError, Invalid, Problem
from ..jobs.job import TrainingJob, job_from_dict
from ..messages import Message
from ..paths import absolute
from ..system import toml_file
from . import ai_toolkit, lora_metadata, onetrainer, texts
from .kohya_gui import reader as kohya_gui_reader
from .scripts import reader as script_reader
from .settling.imported import Fate, Imported, KeyRow
from .settling.work import KNOWN, Here
from .toml import easy_scripts
from .toml import reader as toml_reader

KINDS = Message(
    "imports.json_kohya_ss_onetrainer",
    "a .json of kohya_ss, OneTrainer or LoRA Bridge, a .toml, a job of ai-toolkit (.yaml), a "
    "LoRA's .safetensors, a script (.sh, .bat, .ps1), a notebook (.ipynb), or a folder of photos",
)


def read(path: Path, here: Here | None = None) -> Imported:
    """What ``path`` says about a training. Raises `Invalid` with what is wrong with it."""
    path, here = absolute(path), here or Here()
    if os.path.isdir(path):  # noqa: PTH112  # never raises, also for a name that is too long
        return _folder(path)
    suffix = path.suffix.lower()
    if suffix == ".safetensors":
        return lora_metadata.read(path, here)
    if suffix == ".json":
        return _json(path, here)
    if suffix in (".yaml", ".yml"):
        return _tables(path, texts.yaml_object(path), here)
    if suffix == ".toml":
        return _toml(path, here)
    if suffix in script_reader.SHELLS or suffix == script_reader.NOTEBOOK:
        return script_reader.read(path, texts.read(path), here)
    raise Invalid(
        [
            Problem(
                "imports.nothing_known_ends",
                path.name,
                "a file that ends in {suffix} can't be imported",
                "Give {kinds}.",
                suffix=repr(suffix or "nothing"),
                kinds=KINDS,
            )
        ]
    )


def _json(path: Path, here: Here) -> Imported:
    return _tables(path, texts.json_object(path), here)


def _tables(path: Path, data: Mapping[str, Any], here: Here) -> Imported:
    """A JSON or YAML object, by what it holds."""
    if data.get("kind") == "train" and isinstance(data.get("params"), dict):
        return _job(path, data, here)
    if ai_toolkit.looks_like(data):
        return ai_toolkit.read(path, data, here)
    if onetrainer.looks_like(data):
        return onetrainer.read(path, data, here)
    if path.suffix.lower() == ".json" and kohya_gui_reader.looks_like(data):
        return kohya_gui_reader.read(path, data, here)
    raise Invalid(
        [
            Problem(
                "imports.no_settings",
                path.name,
                "holds no settings that kohya_ss, OneTrainer, ai-toolkit or LoRA Bridge has saved",
                "Give {kinds}.",
                kinds=KINDS,
            )
        ]
    )


def _toml(path: Path, here: Here) -> Imported:
    try:
        data = toml_file.loads(texts.read(path))
    except ValueError as error:
        raise Invalid(
            [
                Problem(
                    "imports.toml",
                    path.name,
                    "is not TOML: {error}",
                    "Save it again from the program that made it.",
                    error=error,
                )
            ]
        ) from None
    if easy_scripts.looks_like(data):
        return easy_scripts.read(path, data, here)
    return toml_reader.read(path, data, here)


# ---- our own ----


def _rows_of_job(
    job: TrainingJob, data: Mapping[str, Any], places: Mapping[str, Path | None]
) -> list[KeyRow]:
    """What becomes of each key; ``places`` are the files that it names, as they are here."""
    rows = [
        KeyRow(key, Fate.USED, value)
        for key, value in data.items()
        if key not in ("params", "base", "dataset", "on")
    ]
    rows += [KeyRow(f"params.{key}", Fate.USED, value) for key, value in data["params"].items()]
    gone = Message("imports.machine", "it is not on this machine")
    if job.on:
        rows.append(
            KeyRow(
                "on",
                Fate.IGNORED,
                data["on"],
                "",
                Message("imports.give_cluster_again", "give the cluster again with --on"),
            )
        )
    for key, found in places.items():
        rows.append(
            KeyRow(
                key, Fate.USED if found else Fate.IGNORED, data.get(key), "", "" if found else gone
            )
        )
    return rows


def _job(path: Path, data: Mapping[str, Any], here: Here) -> Imported:
    missing = [
        name
        for name in ("name", "subject", "class_token", "dataset", "base", "family", "engine")
        if name not in data
    ]
    if missing:
        lacks = Problem(
            "imports.lacks",
            path.name,
            "lacks {missing}",
            "Give a whole job.json.",
            missing=", ".join(missing),
        )
        raise Invalid([lacks])
    job = job_from_dict(data)
    assert isinstance(job, TrainingJob), "its kind is train"
    base, dataset = here.find_base(job.base, path.parent), here.existing(job.dataset, path.parent)
    apart = dataset_config.photos(job.dataset_config) if job.dataset_config else None
    values = {name: getattr(job.params, name) for name in KNOWN} | dict(job.params.extra)
    return Imported(
        path,
        Message("imports.job_lora_bridge", "a job of LoRA Bridge"),
        tuple(_rows_of_job(job, data, {"base": base, "dataset": dataset})),
        values,
        job.family,
        base,
        job.base,
        None if apart else dataset,
        apart.subsets if apart else (),
        apart.regularisation if apart else (),
        job.dataset_config,
        name=job.name,
        trigger=job.activation_text,
        launch=job.launch,
    )


def _folder(path: Path) -> Imported:
    try:
        data = open_dataset(path)
    except BridgeError as error:
        raise Invalid([Problem("imports.said", "", error.message)]) from error
    subsets = (*data.subsets, *data.regularisation)
    rows = tuple(
        KeyRow(
            subset.folder.name,
            Fate.USED,
            Message(
                "imports.photos_times",
                "{count} {count:photo|photos} x {repeats}",
                count=subset.images,
                repeats=subset.repeats,
            ),
        )
        for subset in subsets
    )
    return Imported(
        path,
        Message("imports.folder_photos", "a folder of photos"),
        rows,
        dataset=path,
        trigger=f"{data.subject} {data.class_token}".strip(),
        notes=data.remarks,
    )
