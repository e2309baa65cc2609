"""The datasets and subsets of a dataset_config, as one dataset of ours and options for all of it.

What they mean: `BlueprintGenerator` in library/config_util.py of sd-scripts 0.10.1. A subset's own
word takes precedence over its dataset's, that over [general]; how often a folder is shown, and its
class tokens, stand in the file, whatever the folder's name says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...datasets import config as dataset_config
from ...datasets.kohya_folder import Dataset, Subset, open_dataset
from ...errors import BridgeError, Invalid, Problem
from ...messages import Message
from ...photos import files as photo_files
from ...photos.files import LEAF
from ..settling.places import use_dataset
from ..settling.work import Given, Settling, number
from . import sanitizer

_RENAMED = {"batch_size": "train_batch_size"}
_PLACE = ("image_dir", "num_repeats", "class_tokens", "is_reg")
_DEFAULTS: Mapping[str, Any] = {
    "batch_size": 1,
    "keep_tokens": 0,
    "min_bucket_reso": 256,
    "max_bucket_reso": 1024,
    "bucket_reso_steps": 64,
    "network_multiplier": 1.0,
    "validation_split": 0.0,
    "token_warmup_min": 1,
    "token_warmup_step": 0,
    "caption_separator": ",",
    "caption_extension": ".caption",
}
"""What a key is where nobody says it; of those not here: off."""


class _Folder(NamedTuple):
    """One subset: where it stands in the file, its own keys, and what holds for it."""

    place: str
    own: Mapping[str, Any]
    effective: Mapping[str, Any]

    @property
    def repeats(self) -> int:
        found = number(self.effective.get("num_repeats", 1))
        return int(found) if found is not None else 1


def options(work: Settling, data: Mapping[str, Any], prefix: str = "") -> Iterator[Given]:
    """The options that hold for all pictures; the folders go into ``work`` on the way.

    Where the subsets differ in what one folder of ours can't say, sd-scripts gets the whole file,
    and only how long and how large it is comes out here. Raises `Invalid` where it can't have that.
    """
    check_shape(work.path.name, data)
    general = data.get("general", {})
    folders = [folder for folder in _folders(data, prefix) if _is_shown(work, folder)]
    if problems := [*_not_alike(folders), *_beyond_us(folders)]:
        yield from _whole(work, data, folders, problems, prefix)
        return
    taken: dict[str, Given] = {}
    _take(work, taken, general, f"{prefix}general.")
    for position, dataset in enumerate(data["datasets"]):
        own = {key: value for key, value in dataset.items() if key != "subsets"}
        _take(work, taken, own, f"{prefix}datasets[{position}].")
    for folder in folders:
        _take(work, taken, folder.own, folder.place)
        _report_place(work, folder)
    yield from taken.values()
    _use(work, folders)


def _whole(
    work: Settling,
    data: Mapping[str, Any],
    folders: Sequence[_Folder],
    problems: Sequence[Problem],
    prefix: str,
) -> Iterator[Given]:
    """Hand the file on as it is, for the reasons in ``problems``."""
    found, gone = dataset_config.with_paths(
        data, lambda name: work.here.existing(name, work.path.parent)
    )
    masked = has_masks(data)
    if gone or sanitizer.problems(data, masked_loss=masked):
        raise Invalid([*problems, *gone])
    work.dataset_config, work.beyond = found, tuple(problems)
    data_set = dataset_config.photos(found)
    work.subsets, work.regularisation = data_set.subsets, data_set.regularisation
    work.trigger = f"{data_set.subject} {data_set.class_token}".strip()
    tables = [("general", data.get("general", {}))]
    tables += [(f"datasets[{n}]", dataset) for n, dataset in enumerate(data["datasets"])]
    for place, table in tables:
        for key, value in table.items():
            if key != "subsets":
                work.ledger.used(f"{prefix}{place}.{key}", value)
    for folder in folders:
        for key, value in folder.own.items():
            work.ledger.used(folder.place + key, value)
    yield from _largest(dataset_config.shares(found), prefix)
    if masked:  # without it sd-scripts knows no conditioning_data_dir
        yield Given("masked_loss", True, f"{prefix}datasets.masked_loss")


def has_masks(data: Mapping[str, Any]) -> bool:
    """Whether it names folders of masks, which sd-scripts reads with masked_loss only."""
    subsets = [subset for dataset in data["datasets"] for subset in dataset.get("subsets", [])]
    return any("conditioning_data_dir" in subset for subset in subsets)


def _largest(shares: Sequence[dataset_config.Share], prefix: str) -> Iterator[Given]:
    """Resolution and batch size where every dataset has its own: what the GPU has to hold."""
    sizes = [share.batch_size for share in shares]
    areas = [share.resolution for share in shares]
    if all(areas):
        yield Given("resolution", max(areas, key=_area), f"{prefix}datasets.resolution")
    if all(sizes):
        most = max(size for size in sizes if size)
        yield Given("train_batch_size", most, f"{prefix}datasets.batch_size")


def _area(resolution: Any) -> int:
    sides = resolution if isinstance(resolution, (list, tuple)) else (resolution, resolution)
    return int(sides[0]) * int(sides[1])


def _folders(data: Mapping[str, Any], prefix: str) -> Iterator[_Folder]:
    general = data.get("general", {})
    for position, dataset in enumerate(data["datasets"]):
        own = {key: value for key, value in dataset.items() if key != "subsets"}
        for index, subset in enumerate(dataset.get("subsets", [])):
            place = f"{prefix}datasets[{position}].subsets[{index}]."
            yield _Folder(place, subset, {**general, **own, **subset})


def _is_shown(work: Settling, folder: _Folder) -> bool:
    if folder.repeats >= 1:
        return True
    for key, value in folder.own.items():
        why = Message(
            "subsets.num_repeats_sd_scripts",
            "num_repeats is {repeats}: sd-scripts leaves this folder out",
            repeats=folder.repeats,
        )
        work.ledger.ignored(folder.place + key, value, why)
    return False


# ---- what one folder of ours can say ----


def _not_alike(folders: Sequence[_Folder]) -> Iterator[Problem]:
    """A problem for each key in which the subsets differ: here all pictures are trained alike."""
    keys = {key for folder in folders for key in folder.effective if key not in _PLACE}
    for key in sorted(keys):
        values = [_value(folder, key) for folder in folders]
        other = next((n for n, value in enumerate(values) if value != values[0]), None)
        if other is not None:
            yield Problem(
                "dataset_config.not_alike",
                folders[other].place + key,
                "is {one} here and {other} there, and LoRA Bridge trains all pictures alike",
                "Give them the same {key}, or train with two files.",
                one=repr(values[other]),
                other=repr(values[0]),
                key=key,
            )


def _value(folder: _Folder, key: str) -> Any:
    value = folder.effective.get(key, _DEFAULTS.get(key, False))
    if key == "resolution" and isinstance(value, list) and len(set(value)) == 1:
        return value[0]
    return value


def _beyond_us(folders: Sequence[_Folder]) -> Iterator[Problem]:
    for folder in folders:
        if "metadata_file" in folder.effective:
            yield Problem(
                "dataset_config.no_folder",
                folder.place + "metadata_file",
                "LoRA Bridge trains from folders of pictures with captions beside them",
                "Write the captions into .txt files.",
            )
        if "conditioning_data_dir" in folder.effective:
            yield Problem(
                "dataset_config.masks_apart",
                folder.place + "conditioning_data_dir",
                "a folder of ours has its masks beside its pictures",
                "Move them into a folder masks there, and train with --masks.",
            )
        if float(folder.effective.get("network_multiplier", 1.0)) != 1.0:
            yield Problem(
                "dataset_config.multiplier",
                folder.place + "network_multiplier",
                "the training script has no option for this",
                "Leave it out.",
            )
        attributes = folder.effective.get("custom_attributes") or {}
        if attributes.get("diff_output_preservation"):
            yield Problem(
                "dataset_config.attributes",
                folder.place + "custom_attributes",
                "diff_output_preservation can't be said for one folder of ours",
                "Leave it out.",
            )


def check_shape(name: str, data: Mapping[str, Any]) -> None:
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
                    "its general or datasets are not tables",
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
                    "its subsets are not tables",
                    "Write them as [[datasets.subsets]].",
                )
            ]
        )


def _take(work: Settling, taken: dict[str, Given], table: Mapping[str, Any], place: str) -> None:
    """All that ``table`` says; where it stands twice, the nearer to the pictures has the say."""
    for key, value in table.items():
        if key in _PLACE:
            work.ledger.used(place + key, value)
            continue
        if key == "custom_attributes":
            work.ledger.ignored(
                place + key,
                value,
                Message(
                    "subsets.nothing_training_lora_reads",
                    "nothing in the training of a LoRA reads it",
                ),
            )
            continue
        if key == "face_crop_aug_range" and isinstance(value, (list, tuple)):
            value = ",".join(map(str, value))  # as the script's own option has it
        item = Given(_RENAMED.get(key, key), value, place + key)
        before = taken.get(item.option)
        if before is not None and before.value != value:
            why = Message(
                "subsets.says_otherwise_pictures",
                "{key} says otherwise for its pictures",
                key=item.key,
            )
            work.ledger.ignored(before.key, before.value, why)
        elif before is not None:
            work.ledger.used(item.key, value)
            continue
        taken[item.option] = item


# ---- folders ----


def _report_place(work: Settling, folder: _Folder) -> None:
    found = work.here.existing(folder.effective.get("image_dir"), work.path.parent)
    for key in _PLACE:
        if key not in folder.own:
            continue
        if key == "image_dir" and found is None:
            work.ledger.ignored(
                folder.place + key,
                folder.own[key],
                Message(
                    "subsets.folder_authors_machine_give",
                    "a folder on the author's machine; give your photos as DATASET",
                ),
            )
        else:
            work.ledger.used(folder.place + key, folder.own[key])


def _use(work: Settling, folders: Sequence[_Folder]) -> None:
    """As a kohya folder where the subsets make one; else one by one, to be copied side by side."""
    subsets: list[Subset] = []
    regularisation: list[Subset] = []
    for folder in folders:
        found = work.here.existing(folder.effective.get("image_dir"), work.path.parent)
        if found is None or not found.is_dir():
            return
        is_reg = folder.effective.get("is_reg")
        (regularisation if is_reg else subsets).append(_subset(found, folder))
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
    """Whether the folders' own names say what the file says."""
    return {_said(subset) for subset in some} == {_said(subset) for subset in others}


def _said(subset: Subset) -> tuple[Path, int, str]:
    return subset.folder, subset.repeats, f"{subset.subject} {subset.class_token}".strip()


def _subset(path: Path, folder: _Folder) -> Subset:
    leaf = LEAF.fullmatch(path.name)
    words = folder.effective.get("class_tokens") or (leaf[2] if leaf else path.name)
    subject, _, class_token = str(words).partition(" ")
    images = sum(photo_files.has_picture_name(file) for file in path.iterdir())
    return Subset(path, folder.repeats, subject, class_token, images)
