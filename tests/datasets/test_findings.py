"""Findings on drawn photos whose truth is known; `python -m benchmarks findings` has the table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.drawn_set import Labelled, draw, look
from benchmarks.findings import judgements, scores
from sd_scripts_bridge.datasets.looking.concerns import SERIOUS, explained, face_concerns
from sd_scripts_bridge.datasets.looking.coverage import coverage
from sd_scripts_bridge.datasets.looking.findings import Finding
from sd_scripts_bridge.datasets.verdicts import judge
from sd_scripts_bridge.messages import code_of
from sd_scripts_bridge.photos.faces import Box

Drawn = tuple[list[Labelled], list[Finding]]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    photos = draw(tmp_path_factory.mktemp("drawn"), 40, seed=5)
    return photos, look(photos)


def test_what_is_found_is_true_and_what_is_true_is_found(drawn: Drawn) -> None:
    for name, found in judgements(*drawn).items():
        precision, recall = scores(found)
        least = 0.7 if name.startswith("same") else 0.95
        assert precision >= least and recall >= least, (name, precision, recall)


def test_a_soft_face_before_a_sharp_background_is_found(drawn: Drawn) -> None:
    for photo, finding in zip(*drawn, strict=True):
        if photo.spoilt == "face soft" and finding.measures:
            assert "soft" not in " ".join(finding.measures.concerns()), "sharp as a whole"
            assert any("face" in said for said in face_concerns(finding))


def at(finding: Finding, face: Box) -> Finding:
    return replace(finding, faces=(face,), face_sharpness=500.0)


def test_small_and_cut_faces_are_found(drawn: Drawn) -> None:
    plain = drawn[1][0]
    assert [*face_concerns(at(plain, Box(0.4, 0.3, 0.2, 0.3)))] == []
    assert [*face_concerns(at(plain, Box(0.4, 0.3, 0.06, 0.08)))] == [
        "small face, 8 % of the height"
    ]
    assert [*face_concerns(at(plain, Box(0.8, 0.3, 0.2, 0.3)))] == [
        "the face is cut off at the edge"
    ]
    assert [*face_concerns(replace(plain, faces=None))] == []


def test_every_concern_has_a_remedy_and_drops_no_photo(drawn: Drawn) -> None:
    checked = judge(drawn[1], drop_copies=False)
    assert all(verdict.used for verdict in checked.photos)
    concerns = [concern for verdict in checked.photos for concern in verdict.findings]
    assert {code_of(concern.reason) for concern in concerns} >= {"photo.dark", "photo.very_blurred"}
    assert all(concern.remedy and concern.severity for concern in concerns)
    assert any(concern.severity == SERIOUS for concern in concerns)
    assert explained("something unheard of").severity == "mind"


def test_a_set_says_what_it_shows_and_what_it_lacks(drawn: Drawn) -> None:
    photos, findings = drawn
    close = [one for photo, one in zip(photos, findings, strict=True) if photo.zoom >= 1]
    facets = {facet.name: facet for facet in coverage(close)}
    assert facets["distance"].text == f"distance: {len(close)} close, 0 half, 0 full body"
    assert facets["distance"].missing == "none half, none full body"
    alike = [replace(close[0], path=Path(f"{number}.png")) for number in range(6)]
    facets = {facet.name: facet for facet in coverage(alike)}
    assert facets["places"].text == "places: 1 different"
    assert "more places" in facets["places"].missing
    assert "other clothes" in facets["clothes"].missing


def test_what_nobody_can_measure_is_said(drawn: Drawn) -> None:
    blind = [replace(one, faces=None) for one in drawn[1]]
    facets = {facet.name: facet for facet in coverage(blind)}
    assert not facets["distance"].measured and "not measured" in facets["distance"].text
    assert not facets["same person"].measured
    assert facets["light"].measured
    assert coverage([]) == []
