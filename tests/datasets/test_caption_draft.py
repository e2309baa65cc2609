"""From what a model says to a caption of one person."""

from __future__ import annotations

import pytest

from sd_scripts_bridge.datasets import caption_text
from sd_scripts_bridge.datasets.captions.draft import composed


@pytest.mark.parametrize(
    ("said", "caption"),
    [
        ("A man in a grey shirt stands in a park.", "Ada man in a grey shirt stands in a park."),
        ("A smiling man in a park", "Ada man, smiling in a park"),
        ("a photo of a man wearing a hat", "Ada man wearing a hat"),
        ("This is a picture of a person, half body", "Ada man, half body"),
        ("The guy is sitting on a bench", "Ada man, sitting on a bench"),
        ("A smiling young man in a park", "Ada man, smiling in a park"),
        ("An elderly bearded man in a park", "Ada man in a park"),
        ("Ada man, close-up, at night", "Ada man, close-up, at night"),
        ("ada man with a dog", "Ada man with a dog"),
        ("Ada is standing in the rain", "Ada man, standing in the rain"),
        ("grey shirt, sunny park", "Ada man, grey shirt, sunny park"),
        ("A dog beside a man", "Ada man, a dog beside a man"),
        ("A park with a man in it", "Ada man, a park with a man in it"),
        ("Adam's garden", "Ada man, Adam's garden"),
    ],
)
def test_the_name_comes_first_and_once(said: str, caption: str) -> None:
    assert composed("Ada", "man", said) == caption


def test_a_long_description_ends_where_a_part_ends() -> None:
    said = ", ".join(f"part {number} of it" for number in range(40))
    caption = composed("Ada", "man", said)
    assert caption_text.words(caption) <= 75 and caption.endswith("of it")


def test_one_endless_part_is_cut_between_words() -> None:
    assert caption_text.words(composed("Ada", "man", "word " * 300)) == 75


def test_without_a_name_it_stays_a_description() -> None:
    assert composed("", "", "A man in a park") == "A man in a park"
