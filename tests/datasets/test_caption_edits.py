"""Many captions changed at once, filtered, counted, and brought in and out as tables."""

from __future__ import annotations

import pytest

from sd_scripts_bridge.datasets.captions import tables
from sd_scripts_bridge.datasets.captions.edits import CaptionEdit
from sd_scripts_bridge.datasets.captions.tables import CaptionRow
from sd_scripts_bridge.datasets.captions.tally import CaptionFilter, tally
from sd_scripts_bridge.errors import Invalid

HEADS = ("Ada woman", "Ada")
SET = [
    "Ada woman, sunny park, grey shirt",
    "Ada woman, grey shirt, Sunny park",
    "Ada woman",
    "Ada woman, brown eyes, rainy street, standing",
]


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        (CaptionEdit("front", "red hat"), "Ada woman, a, Red hat", "Ada woman, red hat, a"),
        (CaptionEdit("front", "red hat"), "Ada woman, a", "Ada woman, a"),
        (CaptionEdit("dedupe"), "Ada woman, a, b, A, c, b", "Ada woman, a, b, c"),
        (CaptionEdit("replace", "a+", "b", pattern=True), "Ada woman, caat", "Adb wombn, cbt"),
        (
            CaptionEdit("replace", r"(\w+) shirt", r"\1 jacket", pattern=True),
            "Ada woman, grey shirt",
            "Ada woman, grey jacket",
        ),
        (CaptionEdit("replace", "a+", "b"), "Ada woman, a+", "Ada woman, b"),
    ],
)
def test_edits(edit: CaptionEdit, before: str, after: str) -> None:
    assert edit.check().of(before, HEADS) == after


@pytest.mark.parametrize(
    ("pattern", "by"), [("(a+)+$", ""), ("(", ""), ("a", r"\2"), ("x" * 600, ""), ("[z-a]", "")]
)
def test_a_pattern_that_cant_be_used_is_refused(pattern: str, by: str) -> None:
    with pytest.raises(Invalid):
        CaptionEdit("replace", pattern, by, pattern=True).check()


@pytest.mark.parametrize(
    ("only", "places"),
    [
        (CaptionFilter(search="PARK grey"), [0, 1]),
        (CaptionFilter(tag="sunny park"), [0, 1]),
        (CaptionFilter(without_words=True), [2]),
        (CaptionFilter(alike=True), [0, 1]),
        (CaptionFilter(alike=True, search="street"), []),
        (CaptionFilter(), [0, 1, 2, 3]),
    ],
)
def test_filters(only: CaptionFilter, places: list[int]) -> None:
    assert only.places(SET, HEADS) == places


def test_more_tokens_than() -> None:
    pytest.importorskip("open_clip")
    long = "Ada woman, " + ", ".join(["a very long tag"] * 30)
    assert CaptionFilter(over=75).places([*SET, long], HEADS) == [4]


def test_tags_are_counted_with_those_of_the_person_marked() -> None:
    found = tally(SET, HEADS)
    assert [(tag.text, tag.count, tag.person) for tag in found.tags[:3]] == [
        ("grey shirt", 2, False),
        ("sunny park", 2, False),
        ("brown eyes", 1, True),
    ]
    assert found.alike == 2 and found.captions == 4
    assert found.asked_for == {"place": 1, "light": 1, "clothes": 2, "pose": 3}


FILES = ["1.png", "2.png", "me.jpg"]
ROWS = [CaptionRow("1.png", 'Ada, "quoted", a', "qwen"), CaptionRow("2.png", "Ada, ñ", "hand")]


@pytest.mark.parametrize("form", tables.FORMS)
def test_what_goes_out_comes_in_again(form: str) -> None:
    text = tables.written(ROWS, form)
    assert tables.read(text, form, FILES) == {0: ROWS[0].caption, 1: ROWS[1].caption}


@pytest.mark.parametrize(
    ("text", "form", "found"),
    [
        ("one\n\nthree\n\n\n", "txt", {0: "one", 2: "three"}),
        ('{"1": "a", "me.jpg": "b", "x.png": "c"}', "json", {0: "a", 2: "b"}),
        ("\ufefffile,caption\n2.png,two\n", "csv", {1: "two"}),
    ],
)
def test_tables_as_others_write_them(text: str, form: str, found: dict[int, str]) -> None:
    assert tables.read(text, form, FILES) == found


@pytest.mark.parametrize(
    ("text", "form"),
    [("a\nb\nc\nd", "txt"), ("", "txt"), ("{", "json"), ("[1]", "json"), ("a,b\n1,2\n", "csv")],
)
def test_tables_that_fit_nothing_are_refused(text: str, form: str) -> None:
    with pytest.raises(Invalid):
        tables.read(text, form, FILES)
