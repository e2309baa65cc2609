"""What a set shows of its subject, as far as that can be measured: distance, light, places,
clothes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from ...messages import Message, joined
from ...photos.faces import Box
from ...photos.printable import shown
from .findings import Finding
from .people import NOT_ASKED, SamePerson

CLOSE, HALF = 0.38, 0.16
"""Shares of the photo's height that a face takes: from the first on it is a close one, from the
second on it shows half of somebody, below that the whole.
"""
DIM = 95.0
"""Mean brightness of 0 to 255 below which a photo counts as taken in the evening or in the dark."""
SAME_PLACE, SAME_CLOTHES = 13.5, 21.5
"""Percent of a face's colours: the upper corners (what is below a face) differ by less where it is
the same place (the same clothes). Chosen on drawn sets, see docs/benchmarks.md.
"""
_MANY = 200
"""More photos aren't compared with each other."""
_NAMED = 3
"""So many photos that look like someone else are named for the set."""

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Facet:
    """One thing that should vary. ``text`` says how often what was seen, or why nobody knows."""

    name: Annotated[str, "distance, light, places, clothes or same person"]
    measured: bool
    text: str
    missing: Annotated[
        str, "what to add, which photos to look at, or what measuring needs; empty: nothing"
    ] = ""


def coverage(used: Sequence[Finding], people: Sequence[SamePerson] = (NOT_ASKED,)) -> list[Facet]:
    """Of the photos that will be trained, once they were looked at. ``people``: who is on them, for
    each subject.
    """
    seen = [finding for finding in used if finding.measures is not None]
    if not seen:
        return []
    return [
        _distance(seen),
        _light(seen),
        _places(seen),
        _clothes(seen),
        _same_person(seen, people),
    ]


# ---- the facets ----


def _distance(seen: Sequence[Finding]) -> Facet:
    if not _faces_known(seen):
        return _without_detector("distance")
    faces = [finding.faces[0].height for finding in seen if finding.faces]
    close, far = sum(height >= CLOSE for height in faces), sum(height < HALF for height in faces)
    half = len(faces) - close - far
    text = Message(
        "coverage.distance",
        "distance: {close} close, {half} half, {far} full body",
        close=close,
        half=half,
        far=far,
    )
    lacks = [word for word, count in zip(_DISTANCES, (close, half, far), strict=True) if not count]
    return Facet("distance", True, text, joined(lacks, ", ") if faces else "")


def _light(seen: Sequence[Finding]) -> Facet:
    dim = sum(finding.measures.brightness < DIM for finding in seen if finding.measures)
    day = len(seen) - dim
    text = Message("coverage.light", "light: {day} bright, {dim} dim", day=day, dim=dim)
    lack = _DIM if not dim else _BRIGHT if not day else ""
    return Facet("light", True, text, lack)


def _places(seen: Sequence[Finding]) -> Facet:
    if len(seen) > _MANY:
        return Facet(
            "places", False, Message("coverage.places_many", "places: too many to compare")
        )
    count = same_place(seen)
    text = Message("coverage.places", "places: {count} different", count=count)
    return Facet("places", True, text, _OTHER_PLACES if 2 * count <= len(seen) else "")


def _clothes(seen: Sequence[Finding]) -> Facet:
    if not _faces_known(seen):
        return _without_detector("clothes")
    count, of = same_clothes(seen)
    text = Message("coverage.clothes", "clothes: {count} different", count=count)
    return Facet("clothes", True, text, _OTHER_CLOTHES if of > 3 and 3 * count <= of else "")


def _same_person(seen: Sequence[Finding], people: Sequence[SamePerson]) -> Facet:
    used = frozenset(finding.sha256 for finding in seen)
    told = [one for one in people if not one.why]
    if not told:
        text = Message("coverage.person_unknown", "same person: not measured")
        return Facet("same person", False, text, people[0].why if people else "")
    said = joined([one.said(used) for one in told], "; ")
    text = Message("coverage.person", "same person: {said}", said=said)
    names = {finding.sha256: shown(finding.path.name) for finding in reversed(seen)}
    odd = [
        Message("coverage.stranger", "{file} {reason}", file=names[sha], reason=stranger.reason)
        for one in told
        for sha, stranger in one.strangers.items()
        if sha in names
    ]
    return Facet("same person", True, text, joined(_first(odd), "; "))


def _first(odd: Sequence[str]) -> list[str]:
    """The first of them, and how many more there are."""
    more = len(odd) - _NAMED
    rest = [Message("coverage.more_strangers", "{count} more", count=more)] if more > 0 else []
    return [*odd[:_NAMED], *rest]


def _faces_known(seen: Sequence[Finding]) -> bool:
    return all(finding.faces is not None for finding in seen)


def _without_detector(name: str) -> Facet:
    text = {
        "distance": Message(
            "coverage.distance_unknown", "distance: not measured (no face detector here)"
        ),
        "clothes": Message(
            "coverage.clothes_unknown", "clothes: not measured (no face detector here)"
        ),
    }[name]
    return Facet(name, False, text)


_DISTANCES = (
    Message("coverage.no_close", "none close"),
    Message("coverage.no_half", "none half"),
    Message("coverage.no_far", "none full body"),
)
_DIM = Message("coverage.no_dim", "none in dim light")
_BRIGHT = Message("coverage.no_bright", "none in bright light")
_OTHER_PLACES = Message("coverage.more_places", "more places: a background that repeats is learnt")
_OTHER_CLOTHES = Message(
    "coverage.more_clothes", "other clothes: what is worn everywhere is learnt"
)


# ---- what is alike ----


def same_place(seen: Sequence[Finding]) -> int:
    """How many places there are, photos with the same colours around their middle being of one."""
    return _groups([surroundings(finding) for finding in seen], SAME_PLACE)


def same_clothes(seen: Sequence[Finding]) -> tuple[int, int]:
    """(how many different clothes there are, on how many photos they can be seen)."""
    found = [clothes(finding) for finding in seen]
    worn = [colours for colours in found if colours is not None]
    return _groups(worn, SAME_CLOTHES), len(worn)


def surroundings(finding: Finding) -> Floats:
    """Mean colours in both upper corners, from the top to the middle: [4, 3], as `_percent`."""
    thumb = _percent(finding)
    rows = [
        np.concatenate([thumb[at : at + 2, :2], thumb[at : at + 2, 14:]]) for at in (0, 2, 4, 6)
    ]
    return np.stack([row.reshape(-1, 3).mean(axis=0) for row in rows])


def clothes(finding: Finding) -> Floats | None:
    """Mean colour of what is below the largest face: [1, 3], as `_percent`; None where too little
    of it is seen.
    """
    if not finding.faces:
        return None
    face = finding.faces[0]
    below = Box(face.left, face.bottom + 0.2 * face.height, face.width, 0.6 * face.height)
    patch = _part(_percent(finding), below)
    return patch.mean(axis=0)[None] if patch.size else None


def _percent(finding: Finding) -> Floats:
    """The small picture, [16, 16, 3]; each colour in percent of what it is in the largest face, so
    that the same thing measures the same in another light. Of half the levels without a face.
    """
    assert finding.measures is not None
    thumb: Floats = finding.measures.thumb.astype(np.float64)
    face = _part(thumb, finding.faces[0]) if finding.faces else np.empty(0)
    reference = face.mean(axis=0) if face.size else np.full(3, 128.0)
    percent: Floats = 100 * thumb / np.maximum(reference, 1.0)
    return percent


def _part(thumb: Floats, box: Box) -> Floats:
    """The colours in ``box``: [count, 3]."""
    left, top, right, bottom = box.of((16, 16))
    return thumb[top:bottom, left:right].reshape(-1, 3)


def _groups(colours: Sequence[Floats], limit: float) -> int:
    """Of how many kinds they are: each belongs to the first kind that it is near to."""
    kinds: list[Floats] = []
    for one in colours:
        if not any(float(np.abs(one - kind).mean()) < limit for kind in kinds):
            kinds.append(one)
    return len(kinds)
