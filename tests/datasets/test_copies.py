"""A folder that people keep is copied once, and the copy goes when no job needs it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.datasets import copies, manifest
from sd_scripts_bridge.datasets.kohya_folder import open_dataset
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.planning.staging import stage


@pytest.fixture
def kohya(tmp_path: Path) -> Path:
    """A folder as kohya's users lay it out, not made by us."""
    leaf = tmp_path / "mine" / "img" / "5_Ada woman"
    leaf.mkdir(parents=True)
    for number in (1, 2):
        Image.effect_noise((600, 600), 50 + number).convert("RGB").save(leaf / f"{number}.png")
        (leaf / f"{number}.txt").write_text(f"Ada woman {number}")
    return tmp_path / "mine"


def test_an_unchanged_folder_is_copied_once(home: Home, kohya: Path) -> None:
    first, _ = stage(home, "Ada", open_dataset(kohya))
    again, notes = stage(home, "Ada", open_dataset(kohya))
    assert again == first and "unchanged" in notes[0]
    assert [folder.name for folder in home.datasets.iterdir()] == ["Ada"]


@pytest.mark.parametrize("what", ["caption", "picture", "more", "copy"])
def test_a_changed_folder_is_copied_again(home: Home, kohya: Path, what: str) -> None:
    first, _ = stage(home, "Ada", open_dataset(kohya))
    leaf = kohya / "img" / "5_Ada woman"
    if what == "caption":
        (leaf / "1.txt").write_text("another")
    elif what == "picture":
        Image.effect_noise((600, 600), 90).convert("RGB").save(leaf / "1.png")
    elif what == "more":
        Image.effect_noise((600, 600), 20).convert("RGB").save(leaf / "3.png")
    else:
        next(first.glob("*/1.png")).unlink()
    again, _ = stage(home, "Ada", open_dataset(kohya))
    assert again != first and len(list(again.glob("*/*.png"))) == (3 if what == "more" else 2)


def test_what_we_wrote_is_trained_as_it_lies(home: Home, kohya: Path) -> None:
    ours, _ = stage(home, "Ada", open_dataset(kohya))
    assert stage(home, "Ada", open_dataset(ours.parent)) == (ours, [])


def test_only_copies_that_no_job_needs_are_free(home: Home, kohya: Path) -> None:
    ours, _ = stage(home, "Ada", open_dataset(kohya))
    (home.datasets / "from the tab").mkdir()
    manifest.write(home.datasets / "from the tab", {}, {})
    assert copies.unused(home.datasets, []) == [], "it may belong to a job about to be queued"
    long_ago = time.time() - 3600
    os.utime(ours.parent / manifest.NAME, (long_ago, long_ago))
    assert copies.unused(home.datasets, [str(ours)]) == []
    (copy,) = copies.unused(home.datasets, ["", "/elsewhere/img"])
    assert copy.folder == ours.parent and copy.bytes > 10_000
    assert copy.source == (str(kohya / "img" / "5_Ada woman"),)
