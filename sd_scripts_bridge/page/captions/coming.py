"""Captions that come in one after the other are one step for undo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..draft.state import State, Words


def with_some(state: State, some: Mapping[int, Words], is_first: bool) -> State:
    """More captions, in the same step for undo as those before."""
    after = state.with_captions(some)
    if is_first or after is state or len(after.undo) < 2:
        return after
    *rest, one, other = after.undo
    return replace(after, undo=(*rest, {**other, **one}))
