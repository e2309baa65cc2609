"""What sd-scripts' own reader of a dataset_config refuses: `ConfigSanitizer` in
library/config_util.py of sd-scripts 0.10.1, rule for rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...errors import Problem, short

Check = Callable[[Any], bool]


def _a(*kinds: type) -> Check:
    """A value of one of these types; Python's True is an int to sd-scripts, too."""
    return lambda value: isinstance(value, kinds)


def _two(kind: type) -> Check:
    def check(value: Any) -> bool:
        listed = isinstance(value, (list, tuple)) and len(value) == 2
        return listed and all(isinstance(side, kind) for side in value)

    return check


def _resolution(value: Any) -> bool:
    return isinstance(value, int) or _two(int)(value)


_SUBSET: Mapping[str, Check] = {
    "color_aug": _a(bool),
    "face_crop_aug_range": _two(float),
    "flip_aug": _a(bool),
    "num_repeats": _a(int),
    "random_crop": _a(bool),
    "shuffle_caption": _a(bool),
    "keep_tokens": _a(int),
    "keep_tokens_separator": _a(str),
    "secondary_separator": _a(str),
    "caption_separator": _a(str),
    "enable_wildcard": _a(bool),
    "token_warmup_min": _a(int),
    "token_warmup_step": _a(float, int),
    "caption_prefix": _a(str),
    "caption_suffix": _a(str),
    "custom_attributes": _a(dict),
    "resize_interpolation": _a(str),
    "caption_dropout_every_n_epochs": _a(int),
    "caption_dropout_rate": _a(float, int),
    "caption_tag_dropout_rate": _a(float, int),
}
_DREAMBOOTH: Mapping[str, Check] = {
    "caption_extension": _a(str),
    "class_tokens": _a(str),
    "cache_info": _a(bool),
}
_DATASET: Mapping[str, Check] = {
    "batch_size": _a(int),
    "bucket_no_upscale": _a(bool),
    "bucket_reso_steps": _a(int),
    "enable_bucket": _a(bool),
    "max_bucket_reso": _a(int),
    "min_bucket_reso": _a(int),
    "validation_seed": _a(int),
    "validation_split": _a(float),
    "resolution": _resolution,
    "network_multiplier": _a(float),
    "resize_interpolation": _a(str),
}
_PICTURES: Mapping[str, Check] = {"image_dir": _a(str), "is_reg": _a(bool), "alpha_mask": _a(bool)}
_METADATA: Mapping[str, Check] = {
    "metadata_file": _a(str),
    "image_dir": _a(str),
    "alpha_mask": _a(bool),
}
_CAPTIONS = {key: _DREAMBOOTH[key] for key in ("caption_extension", "cache_info")}
_MASKS: Mapping[str, Check] = {"image_dir": _a(str), "conditioning_data_dir": _a(str)}

GENERAL = {**_DATASET, **_SUBSET, **_DREAMBOOTH}


class _Kind(NamedTuple):
    """What one of the datasets may say, its subsets may, and they must."""

    dataset: Mapping[str, Check]
    subset: Mapping[str, Check]
    needed: tuple[str, ...]


_OF_PICTURES = _Kind(_DREAMBOOTH, {**_DREAMBOOTH, **_PICTURES}, ("image_dir",))
_OF_METADATA = _Kind({}, _METADATA, ("metadata_file",))
_OF_MASKS = _Kind(_CAPTIONS, {**_CAPTIONS, **_MASKS}, ("image_dir", "conditioning_data_dir"))


def problems(data: Mapping[str, Any], *, masked_loss: bool = False) -> list[Problem]:
    """Why sd-scripts would refuse the file, or nothing; ``where`` is the key.

    Only with ``masked_loss`` does it know folders of masks (``conditioning_data_dir``).
    """
    found = [_not_known(key) for key in data if key not in ("general", "datasets")]
    general = data.get("general", {})
    found += _table(general, GENERAL, "general.")
    for number, dataset in enumerate(data.get("datasets", [])):
        place = f"datasets[{number}]."
        subsets = dataset.get("subsets", [])
        kind = _kind(subsets, masked_loss)
        if kind is None:
            found.append(_mixed(place))
            continue
        own = {key: value for key, value in dataset.items() if key != "subsets"}
        found += _table(own, {**_DATASET, **_SUBSET, **kind.dataset}, place)
        for index, subset in enumerate(subsets):
            where = f"{place}subsets[{index}]."
            found += _table(subset, {**_SUBSET, **kind.subset}, where)
            lacking = (needed for needed in kind.needed if needed not in subset)
            found += (Problem("dataset_config.lacks", where + key, "is missing") for key in lacking)
    return found


def _kind(subsets: Sequence[Mapping[str, Any]], masked_loss: bool) -> _Kind | None:
    """Which kind the subsets are of; without any, sd-scripts takes the first that is left."""
    if masked_loss and all("conditioning_data_dir" in subset for subset in subsets):
        return _OF_MASKS
    if all("metadata_file" in subset for subset in subsets):
        return _OF_METADATA
    return None if any("metadata_file" in subset for subset in subsets) else _OF_PICTURES


def _table(table: Mapping[str, Any], rules: Mapping[str, Check], place: str) -> Iterator[Problem]:
    for key, value in table.items():
        if key not in rules:
            yield _not_known(place + key)
        elif not rules[key](value):
            yield Problem(
                "dataset_config.value",
                place + key,
                "sd-scripts doesn't take {value} there",
                "See its docs/config_README-en.md.",
                value=short(value),
            )


def _not_known(where: str) -> Problem:
    return Problem(
        "dataset_config.key", where, "sd-scripts knows no such key there", "Leave it out."
    )


def _mixed(place: str) -> Problem:
    return Problem(
        "dataset_config.mixed",
        place.removesuffix("."),
        "sd-scripts takes no subsets with and without metadata_file in one dataset",
        "Split them into two [[datasets]].",
    )
