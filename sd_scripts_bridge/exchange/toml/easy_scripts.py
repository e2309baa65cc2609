"""The TOML that LoRA_Easy_Training_Scripts saves: a table for each part of its window, and the
subsets.

As its backend reads them (``utils/validation.py``): network, optimizer and scheduler settings are
tables of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...errors import Invalid, Problem
from ...messages import Message
from ...options.kinds import SCRIPT_DEFAULTS
from ..settling import rules
from ..settling.imported import Imported
from ..settling.work import Given, Here, Settling
from . import subsets as toml_subsets

KIND = Message(
    "easy_scripts.settings_saved_lora_easy", "settings saved by LoRA_Easy_Training_Scripts"
)
_LISTS = ("network_args", "optimizer_args", "lr_scheduler_args")
_STATE = {
    "save_toml": Message("easy_scripts.button_window", "a button of its window"),
    "save_toml_location": Message("easy_scripts.folder_window", "a folder of its window"),
    "save_tag_file": Message("easy_scripts.button_window", "a button of its window"),
    "tag_file_location": Message("easy_scripts.folder_window", "a folder of its window"),
    "easy_name": Message("easy_scripts.shorthand_window", "a shorthand of its window"),
    "name": Message("easy_scripts.subsets_title_window", "the subset's title in its window"),
}


def looks_like(data: Mapping[str, Any]) -> bool:
    parts = [value for value in data.values() if isinstance(value, Mapping)]
    return any(
        isinstance(part.get(inner), Mapping) for part in parts for inner in ("args", "dataset_args")
    )


def read(path: Path, data: Mapping[str, Any], here: Here) -> Imported:
    """The training that its window would start. Raises `Invalid` for a textual inversion."""
    part = data.get("train_mode", {})
    mode = part.get("train_mode", "lora") if isinstance(part, Mapping) else part
    if mode != "lora":
        raise Invalid(
            [
                Problem(
                    "easy_scripts.holds_settings_lora",
                    path.name,
                    "holds settings for {mode}, not for a LoRA",
                    mode=repr(mode),
                )
            ]
        )
    work = Settling(path, KIND, here, {**SCRIPT_DEFAULTS, "optimizer_type": "AdamW8bit"})
    if "train_mode" in data:
        work.ledger.used("train_mode.train_mode", mode)
    args = list(_args(work, data))
    work.ledger.originals |= {item.key: item.value for item in args}
    if any(item.option == "sdxl" and item.value for item in args):
        work.family = "sdxl"
    places: dict[str, str] = {}
    imported = rules.settle(work, [*_datasets(work, data, places), *_options(work, args)])
    rows = (
        replace(row, key=places.get(row.key, row.key).removeprefix("datasets[0]."))
        for row in imported.rows
    )
    return replace(imported, rows=tuple(rows))


def _args(work: Settling, data: Mapping[str, Any]) -> Iterator[Given]:
    """Everything under [x.args]; what stands nowhere of use is reported."""
    for part, table in data.items():
        if part in ("subsets", "train_mode"):
            continue
        if not isinstance(table, Mapping):
            work.ledger.ignored(
                part,
                table,
                Message("easy_scripts.stands_part_window", "it belongs to no part of the window"),
            )
            continue
        for inner, values in table.items():
            if inner == "args" and isinstance(values, Mapping):
                yield from (
                    Given(key, value, f"{part}.args.{key}") for key, value in values.items()
                )
            elif inner != "dataset_args":
                work.ledger.ignored(
                    f"{part}.{inner}",
                    values,
                    Message(
                        "easy_scripts.neither_args_nor_dataset", "neither args nor dataset_args"
                    ),
                )


def _options(work: Settling, args: list[Given]) -> Iterator[Given]:
    for item in args:
        if item.option in _STATE:
            work.ledger.ignored(item.key, item.value, _STATE[item.option])
        elif item.option == "sdxl":
            work.ledger.used(
                item.key,
                item.value,
                Message("easy_scripts.base_model_last_word", "the base model decides"),
            )
        elif item.option == "fa":
            yield from (
                [item._replace(option="network_module", value="networks.lora_fa")]
                if item.value
                else ()
            )
            work.ledger.used(item.key, item.value)
        elif item.option == "warmup_ratio":
            yield item._replace(option="lr_warmup_steps", value=float(item.value))
        elif item.option in _LISTS and isinstance(item.value, Mapping):
            yield from _list(work, item)
        else:
            yield item


def _list(work: Settling, item: Given) -> Iterator[Given]:
    """A table as the list of name=value that sd-scripts takes;
    some names say which network it is.
    """
    words = []
    for name, value in item.value.items():
        joined = ",".join(map(str, value)) if isinstance(value, list) else str(value).strip()
        if not joined:
            work.ledger.used(
                f"{item.key}.{name}", value, why=Message("easy_scripts.nothing_set", "nothing set")
            )
            continue
        joined = joined.capitalize() if joined in ("true", "false") else joined
        words.append(f"{name}={joined}")
        work.ledger.used(f"{item.key}.{name}", value, f"{item.option} {words[-1]}")
    if item.option == "network_args" and {"algo", "unit"} & item.value.keys():
        which = "algo" if "algo" in item.value else "unit"
        work.ledger.originals[f"{item.key}.{which}"] = item.value[which]
        yield Given(
            "network_module",
            "lycoris.kohya" if which == "algo" else "networks.dylora",
            f"{item.key}.{which}",
        )
    yield item._replace(value=words)


def _datasets(work: Settling, data: Mapping[str, Any], places: dict[str, str]) -> Iterator[Given]:
    """Its dataset settings are our general ones, each subset a folder.

    ``places`` learns their names in the file.
    """
    general: dict[str, Any] = {}
    for part, table in data.items():
        inner = table.get("dataset_args") if isinstance(table, Mapping) else None
        for key, value in inner.items() if isinstance(inner, Mapping) else ():
            general[key] = value
            places[f"general.{key}"] = f"{part}.dataset_args.{key}"
    listed = data.get("subsets", [])
    if not isinstance(listed, list) or not all(isinstance(subset, Mapping) for subset in listed):
        raise Invalid(
            [
                Problem(
                    "easy_scripts.subsets_tables",
                    work.path.name,
                    "its subsets are not tables",
                    "Write them as [[subsets]].",
                )
            ]
        )
    subsets = [dict(subset) for subset in listed]
    for index, subset in enumerate(subsets):
        if "name" in subset:
            work.ledger.ignored(
                f"datasets[0].subsets[{index}].name", subset.pop("name"), _STATE["name"]
            )
    yield from toml_subsets.options(work, {"general": general, "datasets": [{"subsets": subsets}]})
