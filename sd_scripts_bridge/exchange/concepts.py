"""OneTrainer's concepts, its folders of photos, as subsets of a dataset_config.

Their keys and defaults: `ConceptConfig` in modules/util/config/ConceptConfig.py of OneTrainer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..messages import Message
from .nested import Nested
from .settling.imported import Ledger
from .settling.work import Given, Settling, number
from .toml import subsets

_SILENT = ("name", "seed", "concept_stats", "image.enable_crop_jitter")
"""Without a part in the training, or as sd-scripts' buckets do it anyway."""
_DEFAULTS = (None, False, "", 0, 1, ",", "sample", "REPEATS", "STANDARD", "FULL", "NONE", "512")
_NOT_THERE = Message("concepts.not_there", "OneTrainer doesn't train this concept")
_OWN = Message(
    "onetrainer.onetrainers_own_sd_scripts", "OneTrainer's own: sd-scripts has no such option"
)


def options(work: Settling, concepts: Sequence[Any]) -> Iterator[Given]:
    """What holds for all pictures; the folders go into ``work`` on the way."""
    held = [Nested(concept) for concept in concepts if isinstance(concept, Mapping)]
    tables = [_table(work.ledger, f"concepts[{n}].", one) for n, one in enumerate(held)]
    shown = [table for table in tables if table]
    if shown:
        yield from subsets.options(work, {"datasets": [{"subsets": shown}]}, "concepts ")


def _table(ledger: Ledger, place: str, one: Nested) -> dict[str, Any]:
    """One concept; empty where nothing of it is trained."""
    path = one.take("path")
    if not path or not one.take("enabled", True) or one.take("type") == "VALIDATION":
        ledger.ignored(f"{place}path", path, _NOT_THERE)
        return {}
    table = {"image_dir": str(path), "num_repeats": _repeats(one)}
    if one.take("text.enable_tag_shuffling"):
        kept = one.take("text.keep_tags_count", 1)
        table |= {"shuffle_caption": True, "keep_tokens": int(number(kept) or 0)}
        delimiter = str(one.take("text.tag_delimiter") or ",")
        table |= {"caption_separator": delimiter} if delimiter != "," else {}
    if one.take("image.enable_random_flip"):
        table["flip_aug"] = True
    for key, value in one.left.items():
        says = value is True or value not in _DEFAULTS
        if says and key not in _SILENT and not key.startswith("text.caps_"):
            ledger.ignored(place + key, value, _OWN)
    return table


def _repeats(one: Nested) -> int:
    """How often an epoch shows each photo; a number of samples an epoch (SAMPLES) isn't that."""
    if one.left.get("balancing_strategy") == "SAMPLES":
        return 1
    return max(1, int(number(one.take("balancing")) or 1))
