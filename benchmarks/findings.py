"""The doctor's findings on drawn photos whose truth is known: precision and recall."""

from __future__ import annotations

import argparse
import itertools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from sd_scripts_bridge.datasets.looking import coverage
from sd_scripts_bridge.datasets.looking.concerns import face_concerns
from sd_scripts_bridge.datasets.looking.findings import Finding
from sd_scripts_bridge.messages import code_of

from .drawn_set import Labelled, draw, look
from .outcome import Outcome

TARGET = 0.8
Judgement = tuple[bool, bool]
"""(what is true, what was said)."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--photos", type=int, default=60, help="drawn for each seed (60)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13])


def measure(chosen: argparse.Namespace) -> Outcome:
    """Every finding that can be judged by how the photos were drawn."""
    judged: dict[str, list[Judgement]] = {}
    for seed in chosen.seeds:
        with tempfile.TemporaryDirectory() as folder:
            photos = draw(Path(folder), chosen.photos, seed)
            for name, found in judgements(photos, look(photos)).items():
                judged.setdefault(name, []).extend(found)
    rows = [(name, len(found), *map(_percent, scores(found))) for name, found in judged.items()]
    worst = min(score for found in judged.values() for score in scores(found))
    return Outcome(
        ("finding", "judged", "precision", "recall"),
        rows,
        f"The lowest precision or recall is {_percent(worst)}; the target is {_percent(TARGET)}.",
        worst >= TARGET,
    )


def judgements(photos: Sequence[Labelled], found: Sequence[Finding]) -> dict[str, list[Judgement]]:
    """Finding by finding, over all photos or pairs of them."""
    pairs = list(zip(photos, found, strict=True))
    plain = [(photo, one) for photo, one in pairs if photo.spoilt not in ("dark", "bright")]
    return {
        "soft": [(photo.spoilt == "soft", "soft" in _said(one)) for photo, one in plain],
        "soft face": [
            (photo.spoilt in ("soft", "face soft"), "face soft" in _said(one))
            for photo, one in plain
        ],
        "dark": [(photo.spoilt == "dark", "dark" in _said(one)) for photo, one in pairs],
        "bright": [(photo.spoilt == "bright", "bright" in _said(one)) for photo, one in pairs],
        "close": [
            (photo.zoom >= 0.7, one.faces is not None and one.faces[0].height >= coverage.CLOSE)
            for photo, one in pairs
        ],
        "same place": _alike(plain, lambda photo: photo.place, coverage.SAME_PLACE, "place"),
        "same clothes": _alike(plain, lambda photo: photo.shirt, coverage.SAME_CLOTHES, "clothes"),
    }


def scores(found: Sequence[Judgement]) -> tuple[float, float]:
    """(precision, recall)."""
    right = sum(true and said for true, said in found)
    return right / max(1, sum(said for _, said in found)), right / max(
        1, sum(true for true, _ in found)
    )


_WORDS = {
    "photo.soft": "soft",
    "photo.very_blurred": "soft",
    "photo.face_soft": "face soft",
    "photo.face_very_blurred": "face soft",
    "photo.dark": "dark",
    "photo.dark_black": "dark",
    "photo.bright": "bright",
    "photo.bright_white": "bright",
}


def _said(finding: Finding) -> set[str]:
    concerns = [*(finding.measures.concerns() if finding.measures else ()), *face_concerns(finding)]
    return {_WORDS.get(code_of(concern) or "", "") for concern in concerns}


def _alike(
    pairs: Sequence[tuple[Labelled, Finding]],
    of: Callable[[Labelled], str],
    limit: float,
    what: str,
) -> list[Judgement]:
    """Each two photos: whether they were drawn alike, and whether they measure so."""
    measured = [(of(photo), _colours(one, what)) for photo, one in pairs]
    return [*_judged_pairs(measured, limit)]


def _colours(finding: Finding, what: str) -> coverage.Floats | None:
    return coverage.surroundings(finding) if what == "place" else coverage.clothes(finding)


def _judged_pairs(
    measured: Sequence[tuple[str, coverage.Floats | None]], limit: float
) -> Iterator[Judgement]:
    for (one, mine), (other, theirs) in itertools.combinations(measured, 2):
        if mine is not None and theirs is not None:
            yield one == other, float(np.abs(mine - theirs).mean()) < limit


def _percent(share: float) -> str:
    return f"{share:.0%}"
