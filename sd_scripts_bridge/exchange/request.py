"""From an imported file to a training here: the photos, the base model and the options that are
still missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..datasets.kohya_folder import Dataset, open_dataset
from ..engines import installed
from ..errors import BridgeError, Invalid, NotFound, Problem
from ..jobs.launch import Launch
from ..messages import Message
from ..paths import Home, absolute
from . import imports
from .settling.imported import Fate, Imported
from .settling.rules import other_family
from .settling.work import Here, Options


def read(
    path: Path, home: Home, folders: Sequence[Path] = (), *, looks: bool = True, whole: bool = True
) -> Imported:
    """The file, checked against the options of the sd-scripts that is set up in ``home``; see
    `Here`. Raises `NotFound` or `Invalid`.
    """
    if not path.exists():
        raise NotFound(
            "import.no_file", "There is no file {path}. Check the path.", path=repr(str(path))
        )

    def options(family: str | None) -> Options:
        return installed.options(home, family)

    return imports.read(path, Here(options, folders, looks, whole))


def model_folders(lora_dir: Path | None) -> list[Path]:
    """Where a WebUI keeps its base models, seen from its Lora folder."""
    folder = absolute(lora_dir).parent / "Stable-diffusion" if lora_dir else None
    return [folder] if folder is not None and folder.is_dir() else []


def fill(
    imported: Imported,
    dataset: Path | None,
    base: Path | None,
    launch: Launch | None = None,
) -> dict[str, Any]:
    """Dataset, base and the file's options for a request; what is given takes precedence over the
    file. Writes nothing.

    Raises `Invalid` for what is missing.
    """
    problems = list(_missing(imported, dataset, base))
    if problems:
        raise Invalid(problems)
    dataset = dataset or imported.dataset
    data = open_dataset(dataset) if dataset else _apart(imported)
    launch = launch or imported.launch
    settled = replace(imported, launch=launch).settled(data.real_steps, bool(data.regularisation))
    return {
        "dataset": dataset or data.root,
        "photos": data,
        "dataset_config": imported.dataset_config,
        "base": base or imported.base,
        "file_values": settled,
        "launch": launch,
        "v_parameterization": imported.v_parameterization,
    }


def of_one_set(imported: Imported) -> Imported:
    """The same, where one set of photos can say it: all that the page prepares.

    Raises `Invalid` for several datasets, each its own way.
    """
    if imported.dataset_config is None:
        return imported
    problem = Problem(
        "request.several_sets",
        imported.path.name,
        "holds different datasets, and this page prepares one set of photos",
        "Train it as it is: sd-scripts-bridge train --config {name}.",
        name=imported.path.name,
    )
    raise Invalid([problem, *imported.beyond])


def _missing(imported: Imported, dataset: Path | None, base: Path | None) -> Iterator[Problem]:
    file = imported.path.name
    if dataset is None and imported.dataset is None and not imported.subsets:
        remedy = Message(
            "request.give_their_folder_train", "Give their folder: train DATASET --config FILE."
        )
        what = "{file} names no photos on this machine"
        yield Problem("request.names_photos", "dataset", what, remedy, file=file)
    if base is None and imported.base is None:
        name = imported.base_name
        isnt = " ({base_name} isn't here)"
        yield Problem(
            "request.names_base_model",
            "base",
            "{file} names no base model on this machine{named}",
            "Give one with --base.",
            file=file,
            named=Message("request.isnt", isnt, base_name=repr(name)) if name else "",
        )
    if dataset is not None:
        yield from imported.beyond  # its own folders could be trained so, other ones can't


def remarks(imported: Imported, base: Path | None = None) -> list[str]:
    """What to say where the whole report is too much; ``base`` is the one that will be trained."""
    counts = ", ".join(f"{len(imported.of(fate))} {fate}" for fate in Fate)
    changed = [f"Changed: {row}" for row in imported.of(Fate.CHANGED)]
    return [
        Message(
            "request.import_says_became_each",
            "{name}: {kind}; {counts}. `import` says what became of each key.",
            name=imported.path.name,
            kind=imported.kind,
            counts=counts,
        ),
        *changed,
        *_other_family(imported, base),
    ]


def _other_family(imported: Imported, base: Path | None) -> list[str]:
    """Settings for one family of models rarely suit another: resolution, rates, options."""
    from ..models import checkpoint

    if base is None or imported.family is None:
        return []
    try:
        found = checkpoint.read(base).family
    except BridgeError:
        return []  # the plan says what is wrong with it
    return [other_family(imported.family, found)] if found != imported.family else []


def _apart(imported: Imported) -> Dataset:
    """Folders that lie apart, as one dataset; they become one kohya folder when they are copied."""
    root = imported.subsets[0].folder.parent
    return Dataset(root, root, imported.subsets, imported.regularisation)
