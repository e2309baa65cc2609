"""sd-scripts' dataset_config where one folder of ours can't say it: kept whole, with absolute
paths, for sd-scripts to read by itself.

What is said where: `BlueprintGenerator` in library/config_util.py of sd-scripts 0.10.1. A subset's
own word takes precedence over its dataset's, that over [general], that over the script's options.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Problem
from ..messages import Message
from ..system.toml_file import dumps

if TYPE_CHECKING:
    from .kohya_folder import Dataset, Subset

Tables = Mapping[str, Any]
"""``{"general": {...}, "datasets": [{..., "subsets": [{...}]}]}``"""
PATHS = ("image_dir", "metadata_file", "conditioning_data_dir")
Find = Callable[[Any], Path | None]


@dataclass(frozen=True)
class Share:
    """What one of the datasets shows in an epoch. ``pictures`` has each repeat counted, and as many
    regularisation pictures where there are any; None: the script's option says it.
    """

    pictures: int
    batch_size: int | None
    resolution: Any = None

    def batches(self, usual: int) -> int:
        """Whole batches, of ``usual`` pictures where it has no size of its own."""
        return math.ceil(self.pictures / (self.batch_size or usual))


def subsets_of(dataset: Tables, data: Tables) -> Iterator[dict[str, Any]]:
    """What holds for each subset, the script's own options apart."""
    own = {key: value for key, value in dataset.items() if key != "subsets"}
    for subset in dataset.get("subsets", []):
        yield {**data.get("general", {}), **own, **subset}


def with_paths(data: Tables, find: Find) -> tuple[dict[str, Any], list[Problem]]:
    """The same with absolute paths as ``find`` knows them, and what it doesn't find."""
    problems: list[Problem] = []
    datasets = []
    for number, dataset in enumerate(data["datasets"]):
        subsets = []
        for index, subset in enumerate(dataset.get("subsets", [])):
            found = {key: find(subset[key]) for key in PATHS if key in subset}
            place = f"datasets[{number}].subsets[{index}]."
            problems += [_gone(place + key, subset[key]) for key in found if found[key] is None]
            subsets.append({**subset, **{key: str(path) for key, path in found.items()}})
        datasets.append({**dataset, "subsets": subsets})
    general = {"general": dict(data["general"])} if data.get("general") else {}
    return {**general, "datasets": datasets}, problems


def _gone(where: str, value: Any) -> Problem:
    return Problem(
        "dataset_config.not_here",
        where,
        "{path} is not on this machine",
        "Write the path as it is here; a relative one counts from the file's own folder.",
        path=repr(value),
    )


def paths(data: Tables) -> list[str]:
    """Everything on the disk that it names."""
    subsets = [subset for dataset in data["datasets"] for subset in dataset["subsets"]]
    return [str(subset[key]) for subset in subsets for key in PATHS if key in subset]


def photos(data: Tables) -> Dataset:
    """Its folders, with how often an epoch shows their pictures; the first one stands for all."""
    from .kohya_folder import Dataset  # it reads pictures

    train: list[Subset] = []
    regularisation: list[Subset] = []
    for dataset in data["datasets"]:
        for subset in subsets_of(dataset, data):
            (regularisation if subset.get("is_reg") else train).append(_subset(subset))
    folder = train[0].folder if train else Path()
    return Dataset(folder, folder, tuple(train), tuple(regularisation))


def shares(data: Tables) -> tuple[Share, ...]:
    """One for each of its datasets."""
    return tuple(_share(dataset, data) for dataset in data["datasets"])


def batches(data: Tables, usual: int) -> int:
    """Batches of an epoch; ``usual`` is the script's own train_batch_size.

    sd-scripts fills each bucket's last batch with fewer pictures, so it has these or more.
    """
    return sum(share.batches(usual) for share in shares(data))


def _share(dataset: Tables, data: Tables) -> Share:
    shown = {False: 0, True: 0}
    for subset in subsets_of(dataset, data):
        shown[bool(subset.get("is_reg"))] += _subset(subset).steps
    general = data.get("general", {})
    said = {key: dataset.get(key, general.get(key)) for key in ("batch_size", "resolution")}
    return Share(shown[False] * (2 if shown[True] else 1), said["batch_size"], said["resolution"])


def _subset(subset: Tables) -> Subset:
    from ..photos.files import LEAF
    from .kohya_folder import Subset

    file = subset.get("metadata_file")
    folder = Path(subset.get("image_dir") or Path(str(file)).parent)
    leaf = LEAF.fullmatch(folder.name)
    words = str(subset.get("class_tokens") or (leaf[2] if leaf else folder.name))
    subject, _, class_token = words.partition(" ")
    images = len(_metadata(Path(str(file)))) if file else _pictures(folder)
    return Subset(folder, max(0, int(subset.get("num_repeats", 1))), subject, class_token, images)


def _pictures(folder: Path) -> int:
    from ..photos import files as photo_files

    try:
        return sum(photo_files.has_picture_name(file) for file in folder.iterdir())
    except OSError:
        return 0


def _metadata(file: Path) -> Mapping[str, Any]:
    """The pictures that a metadata file names; none where it can't be read."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, Mapping) else {}


def problems(data: Tables, said: Mapping[str, Any]) -> list[Problem]:
    """What of it shows nothing; and which of the options ``said`` it overrides everywhere."""
    found = []
    for number, dataset in enumerate(data["datasets"]):
        for index, subset in enumerate(subsets_of(dataset, data)):
            if _subset(subset).images == 0:
                found.append(_empty(f"datasets[{number}].subsets[{index}]", subset))
    return [*found, *(_overridden(name) for name in said if _says(data, name))]


def _empty(where: str, subset: Tables) -> Problem:
    return Problem(
        "dataset_config.empty",
        where,
        "{place} holds no pictures",
        "Name a folder or a metadata file that does.",
        place=repr(str(subset.get("metadata_file") or subset.get("image_dir"))),
    )


_NAMES = {"train_batch_size": "batch_size"}


def _says(data: Tables, option: str) -> bool:
    key = _NAMES.get(option, option)
    tables = [data.get("general", {}), *data["datasets"]]
    tables += [subset for dataset in data["datasets"] for subset in dataset.get("subsets", [])]
    return any(key in table for table in tables)


def _overridden(option: str) -> Problem:
    return Problem(
        "dataset_config.overrides",
        option,
        "the dataset_config sets it, and takes precedence in sd-scripts",
        "Change it in that file.",
    )


def repeated(data: Tables, times: int) -> dict[str, Any]:
    """The same with each folder shown ``times`` as often in one epoch."""
    datasets = []
    for dataset in data["datasets"]:
        all_of_them = zip(dataset.get("subsets", []), subsets_of(dataset, data), strict=True)
        subsets = [
            {**own, "num_repeats": int(effective.get("num_repeats", 1)) * times}
            for own, effective in all_of_them
        ]
        datasets.append({**dataset, "subsets": subsets})
    return {**data, "datasets": datasets}


def text(data: Tables) -> str:
    """As a TOML file for ``--dataset_config``."""
    parts = ["[general]\n" + dumps(data["general"])] if data.get("general") else []
    for dataset in data["datasets"]:
        own = {key: value for key, value in dataset.items() if key != "subsets"}
        parts.append("[[datasets]]\n" + dumps(own))
        parts += ["[[datasets.subsets]]\n" + dumps(subset) for subset in dataset["subsets"]]
    return "\n".join(parts)


def told(data: Tables, resolution: Any, batch_size: int) -> Message:
    """In words, each of the datasets; what they don't say is the training's ``resolution`` and
    ``batch_size``.
    """
    values = {
        f"part{number}": _told(share, share.resolution or resolution, batch_size)
        for number, share in enumerate(shares(data), 1)
    }
    return Message("joined", "; ".join(f"{{{name}}}" for name in values), **values)


def _told(share: Share, size: Any, batch_size: int) -> Message:
    return Message(
        "dataset_config.share",
        "{pictures} {pictures:picture|pictures} an epoch at {size}, batch size {batch}",
        pictures=share.pictures,
        size="x".join(map(str, size)) if isinstance(size, (list, tuple)) else size,
        batch=share.batch_size or batch_size,
    )
