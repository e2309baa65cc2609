"""Several subjects: each photo is asked about, captioned and edited under its own one's name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.captioning import program
from sd_scripts_bridge.captioning.captioner import named
from sd_scripts_bridge.cli.typed import subjects
from sd_scripts_bridge.datasets.captions import tables
from sd_scripts_bridge.datasets.captions.edits import CaptionEdit
from sd_scripts_bridge.datasets.captions.files import CaptionFolder
from sd_scripts_bridge.datasets.captions.tally import CaptionFilter
from sd_scripts_bridge.demo import photos as demo_photos
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.planning import staging
from tests.support.caption_server import Moody

Job = Callable[..., JobFolder]
PROMPT = 'One line on this {class}. Call {name} "{subject}", never anything else.'


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """What is typed for two subjects; one photo of each has words of its own, one begins with the
    name.
    """
    for name, words in (("ada", "at the lake"), ("bob", "Bob man in a car")):
        for drawn in demo_photos.draw(tmp_path / name, 2, side=128):
            drawn.with_suffix(".txt").unlink()
        (tmp_path / name / "1.txt").write_text(words, encoding="utf-8")
    return [f"Ada Mae woman={tmp_path / 'ada'}", f"Bob man={tmp_path / 'bob'}"]


@pytest.fixture
def both(bridge: Bridge, folders: list[str], tmp_path: Path) -> Path:
    """A dataset of them."""
    bridge.write_subjects(subjects.read(folders), 60, tmp_path / "set")
    return tmp_path / "set"


def captions(root: Path) -> dict[str, list[str]]:
    """The captions by their folder's subject."""
    found: dict[str, list[str]] = {}
    for file in sorted(root.rglob("*.txt")):
        found.setdefault(file.parent.name.partition("_")[2], []).append(file.read_text().strip())
    return found


def test_each_photo_is_asked_about_under_its_own_name(both: Path, job: Job) -> None:
    with Moody() as server:
        folder = job(both, named(server.address, "m", PROMPT))
        assert program.main([str(folder.root)]) == 0
    asked = [body["messages"][0]["content"][0]["text"] for body in server.asked]
    assert asked == [
        'One line on this woman. Call Ada Mae "Ada Mae woman", never anything else.',
        'One line on this man. Call Bob "Bob man", never anything else.',
    ]
    found = captions(both)
    assert all(text.startswith("Ada Mae woman") for text in found["Ada Mae woman"])
    assert all(text.startswith("Bob man") for text in found["Bob man"])
    assert "sunny park" in " ".join(found["Bob man"])


def test_many_at_once_keep_each_ones_name(both: Path) -> None:
    folder = CaptionFolder.at(both)
    assert len(folder.some(CaptionFilter(without_words=True))) == 2
    assert {tag.text for tag in folder.tally().tags} == {"at the lake", "in a car"}
    folder.change(CaptionEdit("add", "smiling", at_start=True))
    assert captions(both) == {
        "Ada Mae woman": ["Ada Mae woman, smiling, at the lake", "Ada Mae woman, smiling"],
        "Bob man": ["Bob man, smiling, in a car", "Bob man, smiling"],
    }
    folder.bring(tables.read("1\n2\n3\n4\n", "txt", folder.names))
    assert captions(both)["Bob man"] == ["Bob man, 3", "Bob man, 4"]


def test_photos_that_came_with_a_name_are_trained_under_it(
    folders: list[str], home: Home, tmp_path: Path
) -> None:
    data = subjects.dataset_of(subjects.read(folders), 60)
    trained, _ = staging.stage(home, "Both", data)
    assert captions(trained) == {
        "Ada Mae woman": ["Ada Mae woman, at the lake", "Ada Mae woman"],
        "Bob man": ["Bob man in a car", "Bob man"],
    }
    again, notes = staging.stage(home, "Both", data)
    assert again == trained and "trained again" in str(notes[0])
    assert (tmp_path / "ada" / "1.txt").read_text() == "at the lake"
