"""Faces compared for real: a child process, a small CLIP of random weights, drawn photos."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.drawn_set import draw, look
from sd_scripts_bridge.datasets.looking.coverage import Facet, coverage
from sd_scripts_bridge.datasets.looking.findings import Finding
from sd_scripts_bridge.datasets.verdicts import judge
from sd_scripts_bridge.engines.embedded.likeness.arcface import POINTS, onto
from sd_scripts_bridge.engines.faces import NO_DETECTOR, NO_MODEL, FaceComparison
from sd_scripts_bridge.likeness.vectors import KeptVectors, as_text
from sd_scripts_bridge.likeness.yardstick import find
from sd_scripts_bridge.messages import code_of
from sd_scripts_bridge.paths import Home
from tests.likeness.test_measured import small_clip


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return tmp_path / "hf" / "hub"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Sequence[Finding]:
    return look(draw(tmp_path_factory.mktemp("drawn"), 7, seed=5))


@pytest.fixture
def clip(cache: Path) -> Path:
    (cache / "models--openai--clip" / "snapshots").mkdir(parents=True)
    return small_clip(cache / "models--openai--clip" / "snapshots" / "a")


def person(findings: Sequence[Finding], comparison: FaceComparison) -> Facet:
    told = {one.name: one for one in coverage(findings, comparison.compare(findings))}
    return told["same person"]


@pytest.mark.usefixtures("clip")
def test_the_network_runs_in_a_process_of_its_own_and_once_a_photo(
    home: Home, drawn: Sequence[Finding]
) -> None:
    seen: list[tuple[int, int]] = []
    comparison = FaceComparison(home)
    comparison.measure(drawn, lambda done, of: seen.append((done, of)))
    assert seen[0] == (0, 7) and seen[-1] == (7, 7)
    facet = person(drawn, comparison)
    assert facet.measured and facet.text.endswith("of 7 alike, by CLIP (openai/clip)"), facet
    moved = [replace(one, path=Path("gone") / one.path.name) for one in drawn]
    assert person(moved, FaceComparison(home)) == facet, "kept by content: nothing is read again"


@pytest.mark.usefixtures("clip")
def test_a_photo_of_someone_else_is_named_and_stays(home: Home, drawn: Sequence[Finding]) -> None:
    by = find(home)
    assert by is not None
    kept, dice = KeptVectors(home.faces, by), np.random.default_rng(0)
    for number, finding in enumerate(drawn):
        kept.put(finding.sha256, np.eye(8)[int(number == 3)] + 0.05 * dice.standard_normal(8))
    people = FaceComparison(home).compare(drawn)
    facet = {one.name: one for one in coverage(drawn, people)}["same person"]
    assert facet.text == "same person: 6 of 7 alike, by CLIP (openai/clip)"
    assert facet.missing.startswith("3.png looks like someone else: 0.")
    checked = judge(drawn, people=people)
    odd = checked.photos[3]
    assert odd.used and checked.used == 7, "a finding drops no photo"
    (concern,) = [one for one in odd.findings if code_of(one.reason) == "photo.someone_else"]
    assert (concern.severity, concern.fix) == ("serious", "leave out")
    few = FaceComparison(home).compare(drawn[:4])
    assert [one.why for one in few] == ["4 photos with a face, and 5 are needed"]
    without = {one.name: one for one in coverage([*drawn[:3], *drawn[4:]], people)}
    assert without["same person"].text.startswith("same person: 6 of 6") and not (
        without["same person"].missing
    )


def test_what_is_needed_is_said_where_nothing_can_be_compared(
    home: Home, drawn: Sequence[Finding], cache: Path
) -> None:
    facet = person(drawn, FaceComparison(home))
    assert not facet.measured and facet.missing == NO_MODEL
    (cache / "models--openai--clip" / "snapshots").mkdir(parents=True)
    broken = small_clip(cache / "models--openai--clip" / "snapshots" / "a")
    blind = [replace(one, faces=None) for one in drawn]
    assert person(blind, FaceComparison(home)).missing == NO_DETECTOR
    (broken / "model.safetensors").write_bytes(b"not weights")
    said = person(drawn, FaceComparison(home)).missing
    assert said.startswith("CLIP (openai/clip) can't be used here: its program ended with code")


@pytest.mark.usefixtures("clip")
def test_half_a_line_and_another_yardstick_lose_no_more_than_that(home: Home) -> None:
    by = find(home)
    assert by is not None
    KeptVectors(home.faces, by).put("a", np.arange(3.0))
    with home.faces.open("a", encoding="utf-8") as file:
        file.write(json.dumps({"sha256": "b", "vector": as_text(np.ones(3))})[:20])
    assert {*KeptVectors(home.faces, by).known} == {"a"}
    assert KeptVectors(home.faces, replace(by, path=home.root)).known == {}


def test_five_points_come_upright_onto_arcfaces_template() -> None:
    wanted = np.asarray(POINTS)
    angle = np.deg2rad(25)
    turn = 2.5 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    given = wanted @ turn.T + [40, -7]
    matrix = onto(given, wanted)
    assert np.allclose(given @ matrix[:, :2].T + matrix[:, 2], wanted)
    off = given + np.random.default_rng(0).normal(0, 3, given.shape)
    design = np.array([[x, -y, 1, 0] for x, y in off] + [[y, x, 0, 1] for x, y in off])
    a, b, *shift = np.linalg.lstsq(design, wanted.T.ravel(), rcond=None)[0]
    assert np.allclose(onto(off, wanted), [[a, -b, shift[0]], [b, a, shift[1]]])
