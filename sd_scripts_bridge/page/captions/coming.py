"""Captions that come in one after the other are one step for undo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..draft.state import State, Words


def with_some(state: State, some: Mapping[int, Words]) -> State:
    """More captions, in the same step for undo as those before, also after a restart; in one of
    their own where the user has changed captions meanwhile.
    """
    after = state.with_captions(some)
    if after is state:
        return state
    if state.coming and len(after.undo) > 1:
        *rest, one, other = after.undo
        after = replace(after, undo=(*rest, {**other, **one}))
    return replace(after, coming=True)
