"""`--masks` on the command line: said by `check`, written by `dataset`, trained by `train`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.cli.main import main
from sd_scripts_bridge.photos.faces import Box
from tests.support import messy
from tests.support.verbs import base

__all__ = ["base"]

Ask = Callable[..., Any]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two photos; a mask lies beside the first."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in (1, 2):
        messy.photo(number, (600, 600)).save(folder / f"{number}.jpg")
    mask = Image.new("L", (300, 300))
    mask.paste(255, (0, 0, 150, 300))
    mask.save(folder / "1.mask.png")
    return folder


@pytest.fixture
def ask(bridge: Bridge, capsys: pytest.CaptureFixture[str]) -> Ask:
    """``ask("check", photos)``: the JSON that it answers, or the sentences of its refusal."""

    def typed(*words: object) -> Any:
        code = main(["--home", str(bridge.home.root), *map(str, words), "--json"])
        out, error = capsys.readouterr()
        return json.loads(out) if code == 0 else error + out

    return typed


def test_check_says_which_photos_have_a_mask(ask: Ask, photos: Path) -> None:
    report = ask("check", photos)
    assert (report["total"], report["masks"]) == (2, 1)
    assert [one["mask"] for one in report["photos"]] == ["file", ""]
    Image.new("L", (100, 300), 255).save(photos / "1.mask.png")
    report = ask("check", photos)
    (finding,) = [f for one in report["photos"] for f in one["findings"] if "mask" in f["reason"]]
    assert "1.mask.png doesn't fit" in finding["reason"] and "left out" in finding["remedy"]


def test_a_dataset_written_with_masks_is_trained_with_them(
    ask: Ask, photos: Path, tmp_path: Path, base: Path
) -> None:
    words = ("--name", "Ada", "--class", "woman", "--steps", "8")
    made = ask("dataset", photos, *words, "--masks", "--out", tmp_path / "with")
    plain = ask("dataset", photos, *words, "--out", tmp_path / "without")
    assert (made["masks"], plain["masks"]) == (1, None)

    def plan(*typed: object) -> tuple[Any, list[str]]:
        answer = ask("train", *typed, "--base", base, "--dry-run")
        return answer["job"]["params"]["extra"].get("alpha_mask"), [
            note for note in answer["notes"] if "mask" in note
        ]

    masked, notes = plan(tmp_path / "with")
    assert masked is True and notes[0].startswith("1 of 2 photos has a mask")
    assert plan(tmp_path / "without") == (None, [])
    masked, notes = plan(tmp_path / "without", "--masks")
    assert masked is True and notes[0].startswith("No photo has a mask")
    masked, notes = plan(photos, "--masks")
    assert masked is True and notes[0].startswith("1 of 2 photos has a mask")
    assert plan(tmp_path / "with", "--set", "alpha_mask=false")[0] is False
    masked, notes = plan(photos, "--set", "masked_loss=true")
    assert masked is None and "changes nothing alone" in notes[0]


def test_a_box_around_the_face_is_for_photos_without_a_mask(
    ask: Ask, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Centre:
        name = "a detector"

        def find(self, pixels: Image.Image) -> tuple[Box, ...]:
            return (Box(0.4, 0.4, 0.2, 0.2),)

    words = ("--name", "Ada", "--class", "woman", "--steps", "8", "--face-masks")
    monkeypatch.setattr("sd_scripts_bridge.datasets.writer.find_detector", lambda _: None)
    refused = ask("dataset", photos, *words, "--out", tmp_path / "none")
    assert "there is no face detector here" in refused and not (tmp_path / "none").exists()
    monkeypatch.setattr("sd_scripts_bridge.datasets.writer.find_detector", lambda _: Centre())
    made = ask("dataset", photos, *words, "--out", tmp_path / "faces")
    assert made["masks"] == 2
    seen = {}
    for number in (1, 2):
        with Image.open(Path(made["folder"]) / f"{number}.png") as image:
            seen[number] = image.getchannel("A").getbbox()
    assert seen == {1: (0, 0, 300, 600), 2: (180, 180, 420, 420)}
