"""`check` on the command line: verdicts, the set, and the sizes that are trained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sd_scripts_bridge.cli.main import main
from tests.support import messy


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, size in enumerate([(600, 600), (600, 600), (600, 800)]):
        messy.photo(number, size).save(folder / f"{number}.png")
    messy.photo(7, (600, 600)).point(lambda level: level // 8).save(folder / "dark.png")
    return folder


def test_it_says_what_is_trained_and_what_to_do(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(photos)]) == 0
    said = capsys.readouterr().out
    assert "sizes     512 x 512: 3, 448 x 576: 1, as trained at 512" in said
    assert "Use a brightened copy, or leave it out." in said
    assert "set       light: 3 bright, 1 dim" in said


def test_its_json_has_severity_and_remedy(photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(photos), "--resolution", "1024", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["buckets"] == [
        {"width": 1024, "height": 1024, "photos": 3},
        {"width": 896, "height": 1152, "photos": 1},
    ]
    (dark,) = [photo for photo in report["photos"] if photo["file"] == "dark.png"]
    assert dark["used"] and [one["severity"] for one in dark["findings"]] == ["mind"]
    assert {facet["name"] for facet in report["coverage"]} >= {"light", "distance", "same person"}


def test_a_resolution_that_is_none_is_a_usage_error(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(photos), "--resolution", "5x"]) == 2
    assert "'5x' is not a number of pixels" in capsys.readouterr().err
