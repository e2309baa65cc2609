"""One value as its option's type: read from text, its range in words."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from ..errors import mistyped
from ..messages import Message

TRUE_WORDS = frozenset({"true", "yes", "on", "1"})


FALSE_WORDS = frozenset({"false", "no", "off", "0"})


EMPTY_WORDS = frozenset({"", "none", "null"})


def read(value: Any, kind: tuple[type, bool]) -> Any:
    """``value`` as the option's type. Raises ValueError with a sentence."""
    wanted, may_be_empty = kind
    if value is None or (
        isinstance(value, str) and value.strip().lower() in EMPTY_WORDS and wanted is not bool
    ):
        if may_be_empty:
            return None
        raise ValueError(Message("params.empty", "must not be empty"))
    if wanted is bool:
        return _read_bool(value)
    if wanted is str:
        return str(value).strip()
    if isinstance(value, bool):
        raise ValueError(_not_a_number(value))
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(_not_a_number(value)) from None
    if wanted is float:
        return number
    if not math.isfinite(number) or number != int(number):
        raise ValueError(
            Message("params.not_whole", "{value} is not a whole number", value=mistyped(value))
        )
    digits = str(value).strip()  # a float rounds what has more than 15 of them
    return int(digits) if digits.isdecimal() else int(number)


def plain(limit: float) -> str:
    """A limit as people write it: 1,000,000 and not 1e+06."""
    return f"{limit:,.0f}" if limit >= 1e5 else f"{limit:g}"


def range_of(spec: dataclasses.Field[Any], kind: type) -> str:
    """The remedy for a value outside ``spec``'s limits; ``kind`` is the option's own type."""
    low, high = spec.metadata["ge"], spec.metadata["le"]
    if low is None or high is None:
        return ""
    ends = {"low": plain(low), "high": plain(high)}
    if kind is float:
        text = "Give {low} to {high}, with a point for decimals."
        return Message("params.range_decimals", text, **ends)
    return Message("params.range", "Give {low} to {high}.", **ends)


def _not_a_number(value: Any) -> Message:
    return Message("params.not_a_number", "{value} is not a number", value=mistyped(value))


def _read_bool(value: Any) -> bool:
    word = str(value).strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ValueError(
        Message("params.not_bool", "{value} is neither true nor false", value=mistyped(value))
    )
