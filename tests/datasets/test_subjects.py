"""Several subjects in one dataset: their folders, their balance, what is held out of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_scripts_bridge.cli.typed import subjects as typed
from sd_scripts_bridge.datasets import held_out, subjects
from sd_scripts_bridge.datasets.kohya_folder import open_dataset
from sd_scripts_bridge.datasets.writer import clean_copy, is_clean, prepare_several
from sd_scripts_bridge.demo import photos as demo_photos
from sd_scripts_bridge.errors import Invalid


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Ten photos of one, four of another, two without captions."""
    root = tmp_path_factory.mktemp("photos")
    for name, count, seed in (("ada", 10, 1), ("bob", 4, 2), ("two", 2, 3)):
        demo_photos.draw(root / name, count, seed, side=192)
    for caption in (root / "two").glob("*.txt"):
        caption.unlink()
    return {folder.name: folder for folder in root.iterdir()}


def shares(photos: dict[str, Path], *words: str) -> list[subjects.PhotoShare]:
    return typed.read([word.format(**photos) for word in words])


BOTH = ("Ada woman={ada}", "Bob man={bob}")


def leaves(root: Path) -> dict[str, int]:
    return {one.name: len(list(one.glob("*.png"))) for one in (root / "img").iterdir()}


def test_each_subject_makes_half_of_the_steps(photos: dict[str, Path], tmp_path: Path) -> None:
    made = prepare_several(shares(photos, *BOTH), 400, tmp_path / "out")
    assert leaves(made.root) == {"20_Ada woman": 10, "50_Bob man": 4}
    assert made.real_steps == 400 and made.subjects == ("Ada woman", "Bob man")
    bobs = (made.root / "img" / "50_Bob man").glob("*.txt")
    assert all(text.read_text().startswith("Bob") for text in bobs) and is_clean(made)


def test_the_first_subject_is_the_first_that_was_named(
    photos: dict[str, Path], tmp_path: Path
) -> None:
    made = prepare_several(shares(photos, *reversed(BOTH)), 400, tmp_path / "out")
    assert made.subject == "Bob" and open_dataset(made.root).subjects == ("Bob man", "Ada woman")


def test_repeats_of_some_photos_are_said_and_the_rest_keeps_its_part(
    photos: dict[str, Path], tmp_path: Path
) -> None:
    words = ("Ada woman={ada}", "60_Ada woman={two}", "Bob man={bob}")
    made = prepare_several(shares(photos, *words), 400, tmp_path / "out")
    assert leaves(made.root) == {"20_Ada woman": 10, "60_Ada woman": 2, "50_Bob man": 4}
    assert made.subjects == ("Ada woman", "Bob man")


def test_one_photo_is_held_out_of_each_subject_that_has_eight(
    photos: dict[str, Path], tmp_path: Path
) -> None:
    made = prepare_several(shares(photos, *BOTH), 400, tmp_path / "out", hold_out=["auto"])
    assert [photo.parent.name for photo in made.held_out] == ["Ada woman"]
    assert leaves(made.root) == {"22_Ada woman": 9, "50_Bob man": 4}
    twice = [words.replace("{bob}", "{ada}") for words in BOTH]
    both = prepare_several(shares(photos, *twice), 400, tmp_path / "both", hold_out=["auto"])
    assert sorted(p.parent.name for p in both.held_out) == ["Ada woman", "Bob man"]
    assert is_clean(both)
    copy, _ = clean_copy(both, tmp_path / "copy")
    assert sorted(p.parent.name for p in copy.held_out) == ["Ada woman", "Bob man"]
    back, _ = clean_copy(held_out.whole(both), tmp_path / "whole")
    assert leaves(back.root) == {"20_Ada woman": 10, "20_Bob man": 10} and not back.held_out


def test_photos_of_two_subjects_with_one_number_are_both_held_out(
    photos: dict[str, Path], tmp_path: Path
) -> None:
    named = ["10_Ada woman={two}", "30_Ada woman={bob}"]
    wanted = ["1.jpg", "2.jpg"]  # of the second folder: it has the same names
    made = prepare_several(shares(photos, *named), 400, tmp_path / "out", hold_out=wanted)
    assert len(made.held_out) == 2 and made.images == 4


def test_kohyas_own_folders_come_in_as_they_are(photos: dict[str, Path], tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    for leaf, name in (("3_Ada woman", "ada"), ("7_Bob man", "bob"), ("9_Ada woman", "two")):
        (parent / leaf).parent.mkdir(exist_ok=True)
        (parent / leaf).symlink_to(photos[name], target_is_directory=True)
    (parent / "reg").mkdir()
    (parent / "reg" / "1_man").symlink_to(photos["two"], target_is_directory=True)
    made, _ = clean_copy(open_dataset(parent), tmp_path / "out")
    assert leaves(made.root) == {"3_Ada woman": 10, "7_Bob man": 4, "9_Ada woman": 2}
    assert [one.folder.name for one in made.regularisation] == ["1_man"]
    said = [str(note) for note in subjects.notes(made)]
    assert said[0] == "Pictures an epoch: Ada woman 10 x 3 + 2 x 9 = 48; Bob man 4 x 7 = 28."
    assert said[1].startswith("Ada woman is shown 1.7 times as often as Bob man.")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["Ada woman"], "'Ada woman' is not of the form"),
        (["0_Ada woman={ada}"], "has 0 repeats"),
        (["Ada/x woman={ada}"], "name"),
    ],
)
def test_what_is_typed_wrong_is_said(
    photos: dict[str, Path], words: list[str], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        shares(photos, *words)


def test_a_subject_without_usable_photos_is_refused(
    photos: dict[str, Path], tmp_path: Path
) -> None:
    (tmp_path / "none").mkdir()
    words = [*BOTH, f"Cyd dog={tmp_path / 'none'}"]
    with pytest.raises(Invalid, match="there are none here"):
        prepare_several(shares(photos, *words), 400, tmp_path / "out")
    assert not (tmp_path / "out").exists()
