"""The datasets and subsets of a dataset_config, as one dataset of ours and options for all of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...datasets.kohya_folder import Dataset, Subset, open_dataset
from ...errors import BridgeError, Invalid, Problem
from ...options.kinds import is_off
from ...photos import files as photo_files
from ...photos.files import LEAF
from ..settling.places import use_dataset
from ..settling.work import Given, Settling, number

_RENAMED = {"batch_size": "train_batch_size"}
_PLACE = ("image_dir", "num_repeats", "class_tokens", "is_reg")
_NO_FOLDER = ("metadata_file", "conditioning_data_dir")


def options(work: Settling, data: Mapping[str, Any], prefix: str = "") -> Iterator[Given]:
    """The options that count, the folders on the way; a subset's own word goes before its
    dataset's, that before [general].
    """
    _check_shape(work.path.name, data)
    for key, value in data.items():
        if key not in ("general", "datasets"):
            work.ledger.ignored(
                prefix + key, value, "a dataset_config holds [general] and [[datasets]] only"
            )
    general = data.get("general", {})
    taken = {item.option: item for item in _table(work, general, f"{prefix}general.")}
    folders: list[Mapping[str, Any]] = []
    for position, dataset in enumerate(data["datasets"]):
        place = f"{prefix}datasets[{position}]."
        own = {key: value for key, value in dataset.items() if key != "subsets"}
        _merge(work, taken, _table(work, own, place), first=position == 0)
        for index, subset in enumerate(dataset.get("subsets", [])):
            where = f"{place}subsets[{index}]."
            _merge(work, taken, _table(work, subset, where), first=position == index == 0)
            _report_place(work, where, subset)
            folders.append({**general, **own, **subset})
    yield from taken.values()
    _use(work, folders)


def _check_shape(name: str, data: Mapping[str, Any]) -> None:
    """Raises `Invalid` where a table is something else."""
    datasets = data["datasets"]
    tables = isinstance(data.get("general", {}), Mapping) and all(
        isinstance(dataset, Mapping) for dataset in datasets
    )
    if not tables:
        raise Invalid(
            [
                Problem(
                    "subsets.general_datasets_tables",
                    name,
                    "its general or datasets are no tables",
                    "Write them as [general] and [[datasets]].",
                )
            ]
        )
    lists = [dataset.get("subsets", []) for dataset in datasets]
    if not all(
        isinstance(subsets, list) and all(isinstance(subset, Mapping) for subset in subsets)
        for subsets in lists
    ):
        raise Invalid(
            [
                Problem(
                    "subsets.subsets_tables",
                    name,
                    "its subsets are no tables",
                    "Write them as [[datasets.subsets]].",
                )
            ]
        )


def _table(work: Settling, table: Mapping[str, Any], place: str) -> Iterator[Given]:
    for key, value in table.items():
        if key in _NO_FOLDER:
            work.ledger.ignored(
                place + key, value, "LoRA Bridge trains from folders of pictures with captions"
            )
        elif key in _PLACE:
            work.ledger.used(place + key, value)
        else:
            yield Given(_RENAMED.get(key, key), value, place + key)


def _merge(work: Settling, taken: dict[str, Given], new: Iterator[Given], *, first: bool) -> None:
    """The first dataset and subset have the say: ours are all trained alike."""
    for item in new:
        before = taken.get(item.option)
        if first:
            if before is not None:
                work.ledger.ignored(
                    before.key, before.value, f"{item.key} says otherwise for its pictures"
                )
            taken[item.option] = item
        elif is_off(item.value) if before is None else before.value == item.value:
            work.ledger.used(item.key, item.value)
        else:
            of = f"as {before.key} says" if before else "and the first of them without this"
            work.ledger.ignored(item.key, item.value, f"all pictures are trained alike here, {of}")


# ---- folders ----


def _report_place(work: Settling, where: str, subset: Mapping[str, Any]) -> None:
    found = work.here.existing(subset.get("image_dir"), work.path.parent)
    leaf = LEAF.fullmatch(found.name) if found else None
    for key in _PLACE:
        if key not in subset:
            continue
        if key == "image_dir" and found is None:
            work.ledger.ignored(
                where + key,
                subset[key],
                "a folder of the author's machine; give your photos as DATASET",
            )
        elif key == "num_repeats" and leaf is not None and int(leaf[1]) != subset[key]:
            work.ledger.changed(
                where + key, subset[key], leaf[1], f"the folder's own name {leaf[0]!r} says so"
            )
        else:
            work.ledger.used(where + key, subset[key])


def _use(work: Settling, folders: Sequence[Mapping[str, Any]]) -> None:
    """As a kohya folder where the subsets make one; else one by one, to be copied side by side."""
    subsets: list[Subset] = []
    regularisation: list[Subset] = []
    for table in folders:
        found = work.here.existing(table.get("image_dir"), work.path.parent)
        if found is None or not found.is_dir():
            return
        (regularisation if table.get("is_reg") else subsets).append(_subset(found, table))
    if not subsets:
        return
    whole = _kohya_folder(subsets[0].folder.parent)
    if (
        whole is not None
        and _same(whole.subsets, subsets)
        and _same(whole.regularisation, regularisation)
    ):
        use_dataset(work, whole)
        return
    work.subsets, work.regularisation = tuple(subsets), tuple(regularisation)
    work.trigger = f"{subsets[0].subject} {subsets[0].class_token}".strip()


def _kohya_folder(parent: Path) -> Dataset | None:
    try:
        found = open_dataset(parent)
    except BridgeError:
        return None
    return found if found.image_dir == parent else None


def _same(some: Sequence[Subset], others: Sequence[Subset]) -> bool:
    return {subset.folder for subset in some} == {subset.folder for subset in others}


def _subset(folder: Path, table: Mapping[str, Any]) -> Subset:
    leaf = LEAF.fullmatch(folder.name)
    repeats = int(leaf[1]) if leaf else int(number(table.get("num_repeats")) or 1)
    words = str(table.get("class_tokens") or (leaf[2] if leaf else folder.name))
    subject, _, class_token = words.partition(" ")
    images = sum(photo_files.has_picture_name(file) for file in folder.iterdir())
    return Subset(folder, repeats, subject, class_token, images)
