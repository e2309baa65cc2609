"""The regularization pictures of the draft: how many each class has, drawn for it, trained beside
its photos.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from ...bridge import Bridge
from ...datasets.kohya_folder import Dataset, Subset
from ...engines.judging.grid import EMBEDDED
from ...engines.regularizing.class_pictures import USUAL, ClassPictures, read
from ...engines.regularizing.request import RegularizationRequest, count_for, settle
from ...errors import Conflict, Invalid, Problem
from ...jobs.job import Status
from ...paths import Home
from ...shapes.marks import Example


@dataclass(frozen=True)
class ClassSetView:
    """Pictures of one class word, as the draft's base model draws it."""

    word: Annotated[str, "the class token", Example("man")]
    drawn: Annotated[int, Example(40)]
    usable: Annotated[int, "images x repeats of the class, at most 200", Example(200)]
    job: Annotated[int | None, "the job that draws them now"]
    by: Annotated[Literal["embedded", "webui"] | None, "who draws them now"] = None
    sentence: Annotated[str, "why the WebUI stopped drawing by itself"] = ""


def classes(data: Dataset) -> list[str]:
    """The class words of the draft's photos, each once."""
    return list(dict.fromkeys(one.class_token for one in data.subsets if one.class_token))


def asked(home: Home, base: Path, class_token: str, count: int) -> ClassPictures:
    """What would be drawn. Raises `Invalid`."""
    return settle(home, RegularizationRequest(class_token, base, count))


def sets(home: Home, base: Path | None, data: Dataset) -> Iterator[ClassPictures]:
    """Those of each class; nothing where they can't be drawn with this base."""
    for word in classes(data) if base else ():
        assert base is not None
        try:
            yield asked(home, base, word, USUAL)
        except Invalid:
            continue


def views(
    bridge: Bridge, base: Path | None, data: Dataset, trouble: Callable[[Path], str]
) -> list[ClassSetView]:
    """How many there are of each class; ``trouble``: see `Context.paint_trouble`."""
    return [_view(bridge, one, data, trouble) for one in sets(bridge.home, base, data)]


def _view(
    bridge: Bridge, one: ClassPictures, data: Dataset, trouble: Callable[[Path], str]
) -> ClassSetView:
    plan, word = read(one.plan_file), one.class_token
    job = _job(bridge, plan)
    by: Literal["embedded", "webui"] | None = "embedded" if job else None
    if plan is not None and plan.is_painted:
        by = "webui"
    return ClassSetView(word, one.drawn, count_for(data, word), job, by, trouble(one.plan_file))


def _job(bridge: Bridge, plan: ClassPictures | None) -> int | None:
    """The job that is drawing them; None where nothing does."""
    if plan is None or plan.job is None:
        return None
    running = {row.id for row in bridge.active(reconcile=False) if row.status in _BUSY}
    return plan.job if plan.job in running else None


_BUSY = (Status.QUEUED, Status.RUNNING, Status.STOPPING)


def beside(home: Home, base: Path | None, data: Dataset, wanted: int) -> Dataset:
    """``data`` with so many pictures of each class beside it, as far as they are drawn."""
    if not wanted or base is None:
        return data
    found = []
    for word in classes(data):
        one = asked(home, base, word, wanted)
        if one.drawn:
            found.append(Subset(one.leaf, 1, word, "", one.drawn))
    return replace(data, regularisation=tuple(found))


def problems(data: Dataset, wanted: int) -> list[Problem]:
    """Which pictures are still to be drawn."""
    drawn = {one.subject: one.images for one in data.regularisation}
    text = "{drawn} of {wanted} regularization pictures of {word} are drawn"
    remedy = "Wait, draw them, or train without."
    return [
        Problem(
            "regularization.missing",
            "regularization",
            text,
            remedy,
            drawn=drawn.get(word, 0),
            wanted=wanted,
            word=repr(word),
        )
        for word in (classes(data) if wanted else ())
        if drawn.get(word, 0) < wanted
    ]


def draw(
    bridge: Bridge, base: Path | None, data: Dataset, count: int, by: str = EMBEDDED
) -> list[ClassPictures]:
    """Draw what is missing of each class; returns what is drawn now.

    Raises `Conflict` where there is nothing to draw from, `Invalid`, `EngineNotReady`.
    """
    words: Sequence[str] = classes(data)
    if base is None or not words:
        text = "A base model and a class word are needed to draw regularization pictures."
        raise Conflict("regularization.nothing_to_draw", text)
    return [
        bridge.draw_regularization(RegularizationRequest(word, base, count, by=by))
        for word in words
        if asked(bridge.home, base, word, count).missing
    ]


def stop(bridge: Bridge, base: Path | None, data: Dataset) -> None:
    """Draw no more of any class now; what is drawn stays. Raises `Conflict`."""
    for one in sets(bridge.home, base, data):
        bridge.stop_regularization(one)
