"""sd-scripts' own TOML files: ``--config_file`` (sections are only for the eye) and
``--dataset_config``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import BridgeError
from ...options.kinds import SCRIPT_DEFAULTS
from ...system.toml_file import load
from ..settling import rules
from ..settling.report import Imported
from ..settling.work import Given, Here, Settling
from . import subsets

CONFIG, DATASET = "sd-scripts' config_file", "sd-scripts' dataset_config"


def read(path: Path, data: Mapping[str, Any], here: Here) -> Imported:
    """The training that the file describes, with the dataset_config that it names where that is
    here.
    """
    is_dataset = looks_like_dataset(data)
    work = Settling(path, DATASET if is_dataset else CONFIG, here, SCRIPT_DEFAULTS)
    if is_dataset:
        return rules.settle(work, subsets.options(work, data))
    given = list(_flattened(data))
    return rules.settle(work, [*_dataset_config(work, given), *given])


def looks_like_dataset(data: Mapping[str, Any]) -> bool:
    return isinstance(data.get("datasets"), list)


def _flattened(data: Mapping[str, Any]) -> Iterator[Given]:
    """Every key, whatever the section; two levels deep, as sd-scripts reads it."""
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from (Given(inner, item, f"{key}.{inner}") for inner, item in value.items())
        else:
            yield Given(key, value, key)


def _dataset_config(work: Settling, given: list[Given]) -> list[Given]:
    """The options of the dataset_config, which go before the config_file's; its key leaves
    ``given``.
    """
    item = next((item for item in given if item.option == "dataset_config"), None)
    if item is None:
        return []
    given.remove(item)
    folder, look = work.path.parent, work.here.existing
    found = look(item.value, folder) or look(
        Path(str(item.value)).name if item.value else None, folder
    )
    if found is None:
        work.ledger.ignored(
            item.key, item.value, "a file of the author's machine; give your photos as DATASET"
        )
        return []
    try:
        data = load(found)
    except (OSError, ValueError) as error:
        work.ledger.ignored(item.key, item.value, f"can't be read as TOML: {error}")
        return []
    if not looks_like_dataset(data):
        work.ledger.ignored(item.key, item.value, "holds no [[datasets]]")
        return []
    work.ledger.used(item.key, item.value, str(found))
    try:
        options = list(subsets.options(work, data, f"{found.name} "))
    except BridgeError as error:
        work.ledger.ignored(item.key, item.value, str(error))
        return []
    named = {option.option for option in options}
    for other in [
        other for other in given if other.option in named | {"train_data_dir", "reg_data_dir"}
    ]:
        given.remove(other)
        work.ledger.ignored(
            other.key, other.value, f"{found.name} says it, and goes before this in sd-scripts, too"
        )
    return options
