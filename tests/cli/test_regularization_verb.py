"""Regularization pictures from the class word, drawn by our own sampler."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.datasets import caption_tokens
from sd_scripts_bridge.datasets.writer import is_clean, open_dataset, prepare
from sd_scripts_bridge.demo import photos as demo_photos
from sd_scripts_bridge.engines.regularizing.class_pictures import ClassPictures
from sd_scripts_bridge.engines.regularizing.request import RegularizationRequest, settle
from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.models.shipped import demo_base
from sd_scripts_bridge.paths import Home
from tests.support import verbs


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Three photos of a man, four times each."""
    demo_photos.draw(tmp_path / "photos", 3, side=128)
    prepare([tmp_path / "photos"], "Ada", "man", 12, tmp_path / "set")
    return tmp_path / "set"


def asked(home: Home, base: Path, **more: object) -> ClassPictures:
    return settle(home, RegularizationRequest("man", base, **more))  # type: ignore[arg-type]


def test_as_many_as_the_dataset_shows_photos(home: Home, dataset: Path, tmp_path: Path) -> None:
    found = asked(home, demo_base.put(tmp_path), out=dataset)
    assert (found.count, found.width, found.leaf) == (12, 64, dataset / "reg" / "1_man")
    there = asked(home, demo_base.put(tmp_path), out=dataset / "img")
    assert there.leaf == found.leaf
    kept = asked(home, demo_base.put(tmp_path))
    assert (kept.count, kept.leaf.parent.parent) == (200, home.root / "regularization")


@pytest.mark.parametrize(
    ("more", "sentence"),
    [({"count": 0}, "0 is not a number"), ({"count": 10_001}, "10001 is not a number")],
)
def test_what_cant_be_drawn_is_said(
    home: Home, tmp_path: Path, more: dict[str, object], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        asked(home, demo_base.put(tmp_path), **more)
    with pytest.raises(Invalid, match="class"):
        settle(home, RegularizationRequest("a/b", demo_base.put(tmp_path)))


def test_what_is_drawn_is_kept_and_trained_beside_the_photos(
    bridge: Bridge, dataset: Path, tmp_path: Path
) -> None:
    """Two are drawn, then three are asked for: the third is new, the first two stay."""
    if caption_tokens.find_vocabulary() is None:
        pytest.skip("open_clip_torch is not installed, which brings CLIP's vocabulary")
    words = ["regularization", "man", "--base", demo_base.put(tmp_path), "--out", dataset]
    done = verbs.run(bridge, *words, "--count", 2)
    assert done.returncode == 0, done.stderr + done.stdout
    leaf = dataset / "reg" / "1_man"
    before = {file.name: file.read_bytes() for file in leaf.iterdir()}
    assert set(before) == {"1.png", "1.txt", "2.png", "2.txt"}
    assert before["1.txt"] == b"man\n" and before["1.png"] != before["2.png"]
    again = verbs.run(bridge, *words, "--count", 3, "--json")
    answer = json.loads(again.stdout.splitlines()[-1])
    assert answer["pictures"] == 3 and answer["folder"] == str(leaf)
    after = {file.name: file.read_bytes() for file in leaf.iterdir()}
    assert {name: after[name] for name in before} == before and len(after) == 6
    with Image.open(leaf / "3.png") as picture:
        assert picture.size == (64, 64) and picture.info["parameters"].startswith("man\n")
    data = open_dataset(dataset)
    assert is_clean(data) and [one.images for one in data.regularisation] == [3]
    other = verbs.run(bridge, *words, "--prompt", "a tall man")
    assert other.returncode == 1 and "holds pictures of 'man'" in other.stderr
    base = demo_base.put(tmp_path)
    dry = verbs.run(bridge, "train", dataset, "--base", base, "--engine", "embedded", "--dry-run")
    assert "3 regularization images" in dry.stdout and "0.5 epochs" in dry.stdout
    assert "For as many as without, train 24 steps." in " ".join(dry.stdout.split())
