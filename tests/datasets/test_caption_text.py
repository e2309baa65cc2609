import codecs
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sd_scripts_bridge.datasets.caption_text import begins_with_name, draft, is_clean, repair, words

NAME, FALLBACK = "AlvaroBadia", "AlvaroBadia man"


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"AlvaroBadia man, smiling\n", "AlvaroBadia man, smiling"),
        (b"a red shirt", "AlvaroBadia man, a red shirt"),
        (b"man in a red shirt", "AlvaroBadia man in a red shirt"),
        (b"manly pose", "AlvaroBadia man, manly pose"),
        (b"alvarobadia man, smiling", "AlvaroBadia man, smiling"),
        (b"AlvaroBadias dog", "AlvaroBadia man, AlvaroBadias dog"),
        (b"AlvaroBadia, smiling", "AlvaroBadia, smiling"),
        (b"", "AlvaroBadia man"),
        (b" \r\n\t\n", "AlvaroBadia man"),
        (b"\0\0\0", "AlvaroBadia man"),
        (b",.;", "AlvaroBadia man"),
        (codecs.BOM_UTF8 + b"AlvaroBadia man", "AlvaroBadia man"),
        ("AlvaroBadia man en España".encode("utf-16"), "AlvaroBadia man en España"),
        ("AlvaroBadia man en España".encode("utf-16-be"), "AlvaroBadia man en España"),
        (codecs.BOM_UTF32_LE + "AlvaroBadia man".encode("utf-32-le"), "AlvaroBadia man"),
        ("AlvaroBadia man en España".encode("latin-1"), "AlvaroBadia man en España"),
        (b"AlvaroBadia man\n\nsmiling.\r\nOutdoors", "AlvaroBadia man, smiling. Outdoors"),
        ("AlvaroBadia\u2028man\u202e x\x07".encode(), "AlvaroBadia, man x"),
        (b"AlvaroBadia  man,\tsmiling ", "AlvaroBadia man, smiling"),
        ("AlvaroBadia man 👨‍👩‍👧".encode(), "AlvaroBadia man 👨‍👩‍👧"),
    ],
)
def test_repair(raw, text):
    assert repair(raw, NAME, FALLBACK).text == text


def test_a_good_caption_is_left_alone():
    assert repair(b"AlvaroBadia man, a photo", NAME, FALLBACK).changes == ()


def test_what_was_done_is_said():
    changes = repair("a\nb".encode("utf-16"), NAME, FALLBACK).changes
    assert changes == ("UTF-16 to UTF-8", "lines joined", "the name put in front")


def test_captions_made_by_hand_need_no_name():
    assert repair(b"\xef\xbb\xbfportrait, smiling\r\n", "", FALLBACK).text == "portrait, smiling"


def test_braces_stay_and_are_mentioned():
    repaired = repair(b"AlvaroBadia man, {red|blue} shirt", NAME, FALLBACK)
    assert "{red|blue}" in repaired.text
    assert "enable_wildcard" in repaired.remarks[0]


def test_ten_megabytes_are_cut_at_a_word():
    text = repair(b"AlvaroBadia man " + b"word " * 2_000_000, NAME, FALLBACK).text
    assert len(text) <= 10_000 and text.endswith("word")


def test_a_name_with_composed_accents_is_found_in_a_caption_with_others():
    apart = unicodedata.normalize("NFD", "Álvaro man, ñandú")
    assert repair(apart, "Álvaro", "Álvaro man").text.startswith("Álvaro man")
    assert repair(apart, "Álvaro", "Álvaro man").text.count("lvaro") == 1


def test_without_a_class_the_draft_is_the_name():
    assert draft("AlvaroBadia", "") == "AlvaroBadia"


def test_words():
    assert words("AlvaroBadia man, a well-lit photo; it's 1 smile…") == 8


@given(
    st.binary(max_size=200)
    | st.text(max_size=200)
    | st.text(alphabet="AlvaroBadia man,\n\0{", max_size=60),
    st.sampled_from(["AlvaroBadia", "Álvaro", "Ana Maria", ""]),
)
def test_whatever_comes_in_one_clean_line_comes_out(raw, name):
    fallback = f"{name or 'photo'} man"
    text = repair(raw, name, fallback).text
    encoded = text.encode("utf-8")
    assert text.strip() == text and len(text.splitlines()) == 1
    assert is_clean(encoded) and is_clean(encoded + b"\n")
    assert not name or begins_with_name(text, name)
    assert repair(encoded, name, fallback).changes == ()


@given(
    st.text(
        alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]),
        min_size=1,
        max_size=80,
    )
)
def test_the_words_of_a_caption_survive_every_encoding(text):
    kept = repair(text, "", "photo man").text
    for encoding in ("utf-8-sig", "utf-16", "utf-32"):
        assert repair(text.encode(encoding), "", "photo man").text == kept


@pytest.mark.parametrize(
    "raw",
    [b"", b"\n", b"\xef\xbb\xbfx", b"\na", b"\xff\xfex\0", b"a\0b", "España".encode("latin-1")],
)
def test_what_would_harm_training_is_not_clean(raw):
    assert not is_clean(raw)


@pytest.mark.parametrize("raw", [b"a caption", b"a  caption \r\n", "España\n".encode()])
def test_what_trains_well_is_clean(raw):
    assert is_clean(raw)


def test_lines_of_ones_own_captions_stay_lines_and_it_says_what_trains():
    """sd-scripts reads the first line, or with enable_wildcard one of them at random."""
    repaired = repair(
        b"\xef\xbb\xbf\n Ada  woman, red \r\n\nAda woman,\x07 blue\n",
        "",
        "Ada woman",
        keep_lines=True,
    )
    assert repaired.text == "Ada woman, red\nAda woman, blue"
    assert any("2 lines: the first is trained" in remark for remark in repaired.remarks)
