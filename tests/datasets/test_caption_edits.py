"""Many captions changed at once, filtered, counted, and brought in and out as tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_scripts_bridge.datasets.captions import patterns, tables
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
    assert edit.check().of([before], [HEADS]) == [after]


@pytest.mark.parametrize(
    ("pattern", "by"), [("(", ""), ("a", r"\2"), ("x" * 501, ""), ("[z-a]", "")]
)
def test_a_pattern_that_cant_be_used_is_refused(pattern: str, by: str) -> None:
    with pytest.raises(Invalid):
        CaptionEdit("replace", pattern, by, pattern=True).check()


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a*)*b", "a*a*a*a*a*a*b"])
def test_a_pattern_that_never_ends_is_given_up(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patterns, "SECONDS", 0.0)
    edit = CaptionEdit("replace", pattern, "", pattern=True).check()
    with pytest.raises(Invalid, match="takes too long"):
        edit.of(["Ada woman", "Ada woman, " + "a" * 300 + "!"], [HEADS] * 2)


def test_a_pattern_over_thousands_of_captions_with_any_characters() -> None:
    captions = [f'Ada woman, ñ 山 \U0001f600 \ud800 "{n}" a grey shirt' for n in range(5000)]
    edit = CaptionEdit("replace", r"(?P<it>\w+) shirt$", r"\g<it> hat", pattern=True).check()
    changed = edit.of(captions, [HEADS] * len(captions))
    assert changed[4321] == 'Ada woman, ñ 山 \U0001f600 "4321" a grey hat'
    assert all(text.endswith("a grey hat") for text in changed)


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


def test_a_tag_that_says_no_more_than_what_belongs_to_the_person_is_marked() -> None:
    found = tally(
        ["Ada woman, with brown eyes, in a park with a dog", "Ada woman, brown eyes"], HEADS
    )
    assert {tag.text for tag in found.tags if tag.person} == {"with brown eyes", "brown eyes"}


FILES = ["1.png", "2.png", "me.jpg"]
ROWS = [CaptionRow("1.png", 'Ada, "quoted", a', "qwen"), CaptionRow("2.png", "Ada, ñ", "hand")]


@pytest.mark.parametrize("form", tables.FORMS)
def test_what_goes_out_comes_in_again(form: str) -> None:
    text = tables.written(ROWS, form)
    assert tables.read(text, form, FILES).captions == {0: ROWS[0].caption, 1: ROWS[1].caption}


@pytest.mark.parametrize(
    ("text", "form", "found"),
    [
        ("one\n\nthree\n\n\n", "txt", {0: "one", 2: "three"}),
        ('{"1": "a", "me.jpg": "b", "x.png": "c"}', "json", {0: "a", 2: "b"}),
        ("\ufefffile,caption\n2.png,two\n", "csv", {1: "two"}),
        ('File;Caption\r\n2.png;"two; or more, \n here"\r\n', "csv", {1: "two; or more, here"}),
        ("file_name\ttext\nme\tbeside the sea\n", "csv", {2: "beside the sea"}),
        (
            '[{"file": "1.png", "caption": null}, 5, {"file": "2", "caption": "b"}]',
            "json",
            {1: "b"},
        ),
        ('{"C:\\\\photos\\\\me.jpg": {"caption": "c", "tags": "d"}}', "json", {2: "c"}),
    ],
)
def test_tables_as_others_write_them(text: str, form: str, found: dict[int, str]) -> None:
    assert tables.read(text, form, FILES).captions == found


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("a\nb\nc\nd", "txt"),
        ("", "txt"),
        ("{", "json"),
        ("[1]", "json"),
        ("7", "json"),
        ("a,b\n1,2\n", "csv"),
    ],
)
def test_tables_that_fit_nothing_are_refused(text: str, form: str) -> None:
    with pytest.raises(Invalid):
        tables.read(text, form, FILES)


def test_rows_of_unknown_photos_are_told() -> None:
    brought = tables.read("file,caption\n1.png,a\nx.png,b\n,c\n", "csv", FILES)
    assert brought.captions == {0: "a"}
    assert str(brought.notes[0]) == "2 rows name no photo here, or several: x.png, -."


def test_photos_of_the_same_name_are_told_apart_by_their_folders() -> None:
    names = tables.names_of([Path("a/1.png"), Path("a/2.png"), Path("b/1.png")])
    assert names == ["a/1.png", "2.png", "b/1.png"]
    rows = [CaptionRow(name, f"of {name}") for name in names]
    for form in ("csv", "json"):
        brought = tables.read(tables.written(rows, form), form, names)
        assert brought.captions == {0: "of a/1.png", 1: "of 2.png", 2: "of b/1.png"}
    assert tables.read('{"1.png": "whose?", "2": "of 2"}', "json", names).captions == {1: "of 2"}
