"""Reading kohya's folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sd_scripts_bridge.engines.embedded.data import subsets
from sd_scripts_bridge.errors import Invalid

Draw = Callable[[Path, int, str], None]


def test_reads_repeats_captions_and_tags(tmp_path: Path, pictures: Draw) -> None:
    pictures(tmp_path / "img" / "20_Ada woman", 6, "Ada woman, photo, number {}")
    found = subsets.read(tmp_path / "img")

    assert [(s.repeats, s.class_tokens, len(s.pictures)) for s in found.train] == [
        (20, "Ada woman", 6)
    ]
    assert found.training_pictures[0].caption == "Ada woman, photo, number 1"
    assert found.train[0].tag_counts["photo"] == 6
    assert found.train[0].tag_counts["number 3"] == 1
    assert found.count(is_reg=False) == 120


def test_without_a_caption_file_the_class_tokens_are_the_caption(
    tmp_path: Path, pictures: Draw
) -> None:
    pictures(tmp_path / "img" / "1_Ada woman", 2, "Ada")
    (tmp_path / "img" / "1_Ada woman" / "2.txt").unlink()

    first, second = subsets.read(tmp_path / "img").training_pictures

    assert (first.caption, first.has_caption_file) == ("Ada", True)
    assert (second.caption, second.has_caption_file) == ("Ada woman", False)


@pytest.mark.parametrize(
    ("folder", "expected"), [("2_woman", [2, 2]), ("1_woman", [2, 2]), ("9_woman", [9])]
)
def test_regularisation_pictures_fill_up_to_the_training_ones(
    tmp_path: Path, pictures: Draw, folder: str, expected: list[int]
) -> None:
    pictures(tmp_path / "img" / "2_Ada woman", 2, "Ada")
    pictures(tmp_path / "reg" / folder, 2, "woman")

    reg = [picture for picture in subsets.read(tmp_path / "img").pictures if picture.is_reg]

    assert [picture.repeats for picture in reg] == expected


def test_folders_without_a_number_are_no_training_folders(tmp_path: Path, pictures: Draw) -> None:
    pictures(tmp_path / "img" / "Ada woman", 1, "Ada")

    with pytest.raises(Invalid, match="holds no folder named like"):
        subsets.read(tmp_path / "img")


def test_a_caption_that_is_not_utf8_is_named(tmp_path: Path, pictures: Draw) -> None:
    pictures(tmp_path / "img" / "1_Ada", 1, "Ada")
    (tmp_path / "img" / "1_Ada" / "1.txt").write_bytes(b"Mar\xeda")

    with pytest.raises(Invalid, match=r"1\.txt: is not UTF-8"):
        subsets.read(tmp_path / "img")
