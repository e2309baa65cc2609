"""sd-scripts' own TOML files: ``--config_file`` (sections are only for the eye) and
``--dataset_config``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PureWindowsPath
from types import MappingProxyType
from typing import Any

from ...errors import Invalid, Problem
from ...messages import Message
from ...options.kinds import SCRIPT_DEFAULTS
from ...options.known import parsers
from ...system import toml_file
from ..settling import rules
from ..settling.imported import Imported
from ..settling.work import Given, Here, Settling, Unread
from . import sanitizer, subsets

NOTHING: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
CONFIG, DATASET = (
    Message("toml.sd_scripts_config_file", "sd-scripts' config_file"),
    Message("toml.sd_scripts_dataset_config", "sd-scripts' dataset_config"),
)
_GIVE_PHOTOS = Message(
    "toml.machine_give_photos_dataset",
    "it is not on this machine; give your photos as DATASET",
)


def read(path: Path, data: Mapping[str, Any], here: Here) -> Imported:
    """The training that the file describes, with the dataset_config that it names where that is
    here. Raises `Invalid` for a TOML file of something else.
    """
    is_dataset = looks_like_dataset(data)
    work = Settling(path, DATASET if is_dataset else CONFIG, here, SCRIPT_DEFAULTS)
    if is_dataset:
        _check(path.name, data)
        return rules.settle(work, subsets.options(work, data))
    given = list(options(data))
    if not any(item.option in parsers.anywhere() for item in given):
        raise Invalid([_no_option(path)])
    return rules.settle(work, [*dataset_config(work, given), *given])


def _no_option(path: Path) -> Problem:
    return Problem(
        "toml.no_option",
        path.name,
        "holds no option of sd-scripts",
        "Give the .toml that a training was started with (--config_file or --dataset_config).",
    )


def looks_like_dataset(data: Mapping[str, Any]) -> bool:
    return isinstance(data.get("datasets"), list)


def options(data: Mapping[str, Any]) -> Iterator[Given]:
    """Every key, whatever the section; two levels deep, as sd-scripts reads it."""
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from (Given(inner, item, f"{key}.{inner}") for inner, item in value.items())
        else:
            yield Given(key, value, key)


def load(path: Path) -> Mapping[str, Any]:
    """The tables of a TOML file. Raises `Invalid` with what is wrong with it."""
    try:
        return toml_file.load(path)
    except (OSError, ValueError) as error:
        raise Invalid(
            [Problem("toml.unreadable", path.name, "can't be read as TOML: {error}", error=error)]
        ) from error


def beside(work: Settling, name: str) -> Path | None:
    """The file that the imported one names, where it is here: at that path, or beside it."""
    folder, look = work.path.parent, work.here.existing
    return look(name, folder) or look(PureWindowsPath(name).name, folder)


def dataset_config(
    work: Settling, given: list[Given], written: Mapping[str, Mapping[str, Any]] = NOTHING
) -> list[Given]:
    """The options of the dataset_config, which take precedence over the config_file's; its key
    leaves ``given``. ``written`` are tables that come with the imported file, by file name.
    """
    item = next((item for item in given if item.option == "dataset_config"), None)
    if item is None:
        return []
    given.remove(item)
    name = PureWindowsPath(str(item.value or "")).name
    data, why = _dataset_table(work, item, written.get(name))
    if data is None:
        work.ledger.ignored(item.key, item.value, why)
        return []
    _check(name, data)
    work.ledger.used(item.key, item.value, why)
    found = list(subsets.options(work, data, f"{name} "))
    named = {option.option: option.value for option in found}
    for other in [
        other for other in given if other.option in {*named, "train_data_dir", "reg_data_dir"}
    ]:
        given.remove(other)
        if other.option in named and named[other.option] == other.value:
            work.ledger.used(other.key, other.value)
            continue
        work.ledger.ignored(
            other.key,
            other.value,
            Message(
                "toml.says_takes_precedence_sd",
                "{name} sets it, and takes precedence in sd-scripts, too",
                name=name,
            ),
        )
    return found


def _check(name: str, data: Mapping[str, Any]) -> None:
    """Raises `Invalid` with all that sd-scripts itself would refuse."""
    subsets.check_shape(name, data)
    if problems := sanitizer.problems(data, masked_loss=subsets.has_masks(data)):
        raise Invalid(problems)


def _dataset_table(
    work: Settling, item: Given, table: Mapping[str, Any] | None
) -> tuple[Mapping[str, Any] | None, str]:
    """(its tables, where they are), or (None, why there are none)."""
    found = None if table is not None else beside(work, str(item.value or ""))
    if table is None and found is None:
        return None, _GIVE_PHOTOS
    try:
        table = table if found is None else load(found)
    except Invalid as invalid:
        return None, str(invalid)
    if table is None or not looks_like_dataset(table):
        return None, Message("toml.holds_datasets", "holds no [[datasets]]")
    return _without_none(_with_known_subsets(work, table)), str(found or "")


def _with_known_subsets(work: Settling, table: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without folders that a notebook finds only while it runs; they are named."""
    datasets = []
    for number, dataset in enumerate(table["datasets"]):
        folders = dataset.get("subsets") if isinstance(dataset, Mapping) else None
        if isinstance(folders, Unread):
            place = f"datasets[{number}].subsets"
            work.ledger.ignored(place, folders, _GIVE_PHOTOS)
            dataset = {**dataset, "subsets": []}
        datasets.append(dataset)
    return {**table, "datasets": datasets}


def _without_none(value: Any) -> Any:
    """TOML knows no None: a program that writes one leaves the key out."""
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value
