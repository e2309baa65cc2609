"""Two windows on one draft: neither writes over what the other has typed, nor trains it unseen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ...errors import Conflict
from ...names import normal
from .state import State

_MISSING = object()


def refuse_overwriting(state: State, data: Mapping[str, Any], was: Sequence[Any]) -> None:
    """``data`` is to be saved by a window that has seen ``was``: a list of the same parts with
    earlier values. Raises `Conflict` where another window has written something else meanwhile.
    """
    seen = [dict(flat(part)) for part in was if isinstance(part, Mapping)]
    now = dict(flat({**asdict(state), "training": asdict(state.training)}))
    for key, here in flat(data):
        there = now.get(key, "")
        known = [part[key] for part in seen if key in part]
        if known and there not in (here, *known):
            raise changed_elsewhere(key, here, there)


def changed_elsewhere(key: str, here: Any, there: Any) -> Conflict:
    """``key``: the field; ``here``: what was to be saved; ``there``: what it has become."""
    return Conflict(
        "draft.changed_elsewhere",
        "{field} was changed in another window, too: here {here}, there {there}.",
        field=key,
        here=shown(here),
        there=shown(there),
    )


def refuse_unseen(state: State, seen: Any) -> None:
    """Start trains what its window shows. Raises `Conflict` naming what is different by now."""
    if not isinstance(seen, Mapping):
        return
    now = dict(flat({**asdict(state), "training": asdict(state.training)}))
    there = dict(flat(seen))
    changed = [key for key, value in there.items() if now.get(key, _MISSING) != value]
    changed += [key for key in now if key.startswith("training.values.") and key not in there]
    if changed:
        raise Conflict(
            "draft.changed_before_start",
            "Another window has changed this: {changes}. Look at it, and start again.",
            changes=", ".join(
                f"{key.rpartition('.')[2]} = {shown(now.get(key))}" for key in changed
            ),
        )


def flat(data: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """("name", ...), ("training.steps", ...), ("training.values.seed", ...) of a draft's parts, as
    they are kept; what isn't set is "".
    """
    for key in ("name", "class_token"):
        if isinstance(data.get(key), str):
            yield key, normal(data[key])
    training = data.get("training")
    for key, value in training.items() if isinstance(training, Mapping) else ():
        if key == "values" and isinstance(value, Mapping):
            yield from ((f"training.values.{name}", _kept(set_)) for name, set_ in value.items())
        elif key != "values":
            yield f"training.{key}", _kept(value)


def _kept(value: Any) -> Any:
    return "" if value is None else value


def shown(value: Any) -> str:
    """For a sentence: quoted where it is a text, "nothing" where there is none."""
    text = "nothing" if value == "" else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}...'"
