"""The bounds of a value: whether it keeps to them, and how a message says them."""

from __future__ import annotations

from typing import Any

from ..messages import Message
from .marks import Bounds, bare, parts_of


def fits(value: Any, limits: Bounds) -> bool:
    """Whether a number, the characters of a text or the entries of a list are within bounds."""
    size = len(value) if isinstance(value, (str, list)) else value
    return bool(limits.least <= size <= limits.most)


def between(kind: Any, limits: Bounds) -> Message:
    """What a value of ``kind`` has to be: "a whole number from 1 to 1,000,000"."""
    inner = bare(parts_of(bare(kind)[0])[0][0])[0]
    ends = {"least": f"{limits.least:,}", "most": f"{limits.most:,}"}
    if inner is int:
        return Message("shape.int_between", "a whole number from {least} to {most}", **ends)
    if inner is float:
        return Message("shape.number_between", "a number from {least} to {most}", **ends)
    if inner is not str:
        return Message("shape.list_between", "a list of {least} to {most} entries", **ends)
    if not limits.least:
        return Message("shape.text_up_to", "a text of up to {most} characters", most=ends["most"])
    return Message("shape.text_between", "a text of {least} to {most} characters", **ends)
