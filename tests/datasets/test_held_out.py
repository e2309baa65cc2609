"""Which photos are never trained on, where they lie, and what the rest of the set becomes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from sd_scripts_bridge.datasets import held_out
from sd_scripts_bridge.datasets.kohya_folder import open_dataset
from sd_scripts_bridge.datasets.writer import clean_copy, is_clean, prepare
from sd_scripts_bridge.demo import photos as demo_photos
from sd_scripts_bridge.errors import Invalid


@pytest.fixture(scope="module")
def ten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ten")
    demo_photos.draw(folder, side=192)
    return folder


def tree(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.png"))


def test_without_a_word_all_ten_are_in_the_kohya_folder(ten: Path, tmp_path: Path) -> None:
    made = prepare([ten], "AlvaroBadia", "man", 1500, tmp_path / "out")
    assert (made.images, made.subsets[0].repeats, made.held_out) == (10, 150, ())


def test_one_of_ten_is_held_out_and_the_steps_are_made_of_the_rest(
    ten: Path, tmp_path: Path
) -> None:
    made = prepare([ten], "AlvaroBadia", "man", 1500, tmp_path / "out", hold_out=["auto"])
    assert (made.images, made.subsets[0].repeats, made.real_steps) == (9, 167, 1503)
    assert made.subsets[0].folder.name == "167_AlvaroBadia man" and len(made.held_out) == 1
    apart = made.held_out[0]
    assert apart.parent == tmp_path / "out" / "held_out" and apart.with_suffix(".txt").is_file()
    said = json.loads((tmp_path / "out" / "dataset.json").read_text())
    assert said["held_out"] == ["auto"] and f"held_out/{apart.name}" in said["files"]
    assert len(tree(tmp_path / "out")) == 10 and is_clean(made)


@pytest.mark.parametrize("wanted", [["3.png"], ["3.png", "10.jpg"]])
def test_the_user_chooses_which(ten: Path, tmp_path: Path, wanted: list[str]) -> None:
    made = prepare([ten], "AlvaroBadia", "man", 1500, tmp_path / "out", hold_out=wanted)
    said = json.loads((tmp_path / "out" / "dataset.json").read_text())["files"]
    apart = [said[f"held_out/{photo.name}"]["from"] for photo in made.held_out]
    assert sorted(apart) == sorted(wanted) and made.images == 10 - len(wanted)


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [(["99.jpg"], "there is no photo '99.jpg'"), ([f"{n}.{'png' if n % 3 == 0 else 'jpg'}"
     for n in range(1, 11)], "all 10 photos would be held out")],
)  # fmt: skip
def test_a_wrong_choice_is_refused_and_leaves_nothing(
    ten: Path, tmp_path: Path, wanted: list[str], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        prepare([ten], "AlvaroBadia", "man", 1500, tmp_path / "out", hold_out=wanted)
    assert list(tmp_path.iterdir()) == []


def test_how_many() -> None:
    assert [held_out.count_for(photos) for photos in (0, 7, 8, 19, 20, 500)] == [0, 0, 1, 1, 2, 2]


def test_a_typical_photo_is_chosen_and_no_odd_one(ten: Path, tmp_path: Path) -> None:
    """A blurred, dark one is neither typical nor good."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for file in demo_photos.files(ten):
        (folder / file.name).write_bytes(file.read_bytes())
    odd = folder / "odd.png"
    with Image.open(folder / "1.jpg") as first:
        first.filter(ImageFilter.GaussianBlur(9)).point(lambda level: level // 5).save(odd)
    for drop in ("2.jpg", "4.jpg", "5.jpg"):
        (folder / drop).unlink()
    made = prepare([folder], "Ada", "woman", 100, tmp_path / "out", hold_out=["auto"])
    said = json.loads((tmp_path / "out" / "dataset.json").read_text())["files"]
    assert made.images == 7 and said[f"held_out/{made.held_out[0].name}"]["from"] != "odd.png"


def test_a_copy_holds_out_what_was_planned_and_keeps_what_was_apart(
    ten: Path, tmp_path: Path
) -> None:
    made = prepare([ten], "AlvaroBadia", "man", 1500, tmp_path / "out")
    assert held_out.wanted_of(made, None) == ("auto",), "nobody has said anything yet"
    assert held_out.wanted_of(made, ["none"]) == ()
    planned = held_out.reduced(made, ("auto",))
    copy, _ = clean_copy(planned, tmp_path / "copy")
    assert copy.subsets[0].folder.name == "167_AlvaroBadia man" and len(copy.held_out) == 1
    assert (copy.images, copy.real_steps) == (planned.images, planned.real_steps) == (9, 1503)
    again, _ = clean_copy(copy, tmp_path / "again")
    assert len(again.held_out) == 1 and held_out.wanted_of(again, None) == ()
    assert tree(tmp_path / "out")[0] == "img/150_AlvaroBadia man/1.png", (
        "the folder stays as it was"
    )


def test_a_kohya_folder_of_ones_own_is_trained_as_it_lies(ten: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine" / "10_Ada woman"
    folder.parent.mkdir()
    folder.symlink_to(ten, target_is_directory=True)
    mine = open_dataset(tmp_path / "mine")
    assert held_out.wanted_of(mine, None) == ()
    asked = held_out.reduced(mine, held_out.wanted_of(mine, ["auto"]))
    assert (asked.images, asked.subsets[0].repeats) == (9, 11), "as many steps as before, or nearly"


def test_a_copy_of_the_whole_takes_back_what_was_apart(ten: Path, tmp_path: Path) -> None:
    made = prepare([ten], "AlvaroBadia", "man", 1500, tmp_path / "out", hold_out=["3.png", "4.jpg"])
    planned = held_out.whole(made)
    assert not is_clean(planned), "so it is copied"
    copy, _ = clean_copy(planned, tmp_path / "copy")
    assert (copy.images, copy.real_steps) == (planned.images, planned.real_steps) == (10, 1500)
    assert copy.subsets[0].folder.name == "150_AlvaroBadia man" and copy.held_out == ()
    assert is_clean(copy) and held_out.wanted_of(copy, None) == ()
    assert held_out.whole(copy) == copy and len(tree(tmp_path / "out")) == 10
