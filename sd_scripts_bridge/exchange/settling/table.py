"""The end of what `import` says: each value that will train, and where it comes from, as wide as
the screen.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Row = tuple[str, str, str]
"""Option, value, and where the value comes from."""

NARROWEST, WIDEST = 60, 120


def columns() -> int:
    """How wide it may be: the screen, from 60 to 120 columns."""
    return max(NARROWEST, min(WIDEST, shutil.get_terminal_size((WIDEST, 24)).columns))


def lines(
    values: Mapping[str, Any], sources: Mapping[str, str], first_rows: Sequence[Row] = ()
) -> list[str]:
    """A line for each value that has an effect; ``first_rows`` stand before those of ``values``."""
    rows = [*first_rows, *_values(values, sources)]
    if not rows:
        return ["  nothing of its own: LoRA Bridge's preset for the base model"]
    first = max(len(option) for option, _, _ in rows)
    second = min(30, max(len(value) for _, value, _ in rows))
    return [line for row in rows for line in _line(row, first, second)]


def _line(row: Row, first: int, second: int) -> list[str]:
    option, value, source = row
    start = f"  {option:<{first}}  {value:<{second}}  "
    return textwrap.wrap(
        start + source,
        columns(),
        subsequent_indent=" " * (4 + first),
        break_long_words=False,
        drop_whitespace=True,
    )


def _values(values: Mapping[str, Any], sources: Mapping[str, str]) -> Iterator[Row]:
    for option, value in values.items():
        if value in (None, False, "") or option in _without_effect(values):
            continue
        text = " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
        yield option, text, sources.get(option, "")


def _without_effect(values: Mapping[str, Any]) -> set[str]:
    """The common rate where each part that learns has its own; the rate of a part that doesn't."""
    unet_only = bool(values.get("network_train_unet_only"))
    text_only = bool(values.get("network_train_text_encoder_only"))
    idle = {"text_encoder_lr"} if unet_only else {"unet_lr"} if text_only else set()
    needed = {"unet_lr", "text_encoder_lr"} - idle
    own = all(values.get(rate) is not None for rate in needed)
    return idle | ({"learning_rate"} if own else set())
