"""The Spanish page: every message and every text of the page has its Spanish, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

from sd_scripts_bridge.webui import settings
from tests.support.messages import CODE, places, said

ROOT = Path(__file__).parents[1]
FILE = (ROOT / "localizations" / "es_ES.json").read_text(encoding="utf-8")
SPANISH: dict[str, str] = json.loads(FILE)
BY_CODE = {code: text for code, text in SPANISH.items() if CODE.match(code)}
FRAMES = {"problem", "problems", "joined"}
"""Codes of messages that only hold others; their text differs from use to use."""


def test_nothing_is_translated_twice() -> None:
    keys = [key for key, _ in json.loads(FILE, object_pairs_hook=list)]
    assert [key for key in keys if keys.count(key) > 1] == []


def test_every_message_has_its_spanish() -> None:
    assert sorted(set(said()) - set(BY_CODE) - FRAMES) == []


def test_it_has_the_places_of_the_english() -> None:
    for code, texts in said().items():
        for text in texts:
            assert places(BY_CODE[code]) == places(text), f"{code}: {text}"


def test_nothing_is_translated_that_no_message_says() -> None:
    assert sorted(set(BY_CODE) - set(said())) == []
    assert FRAMES.isdisjoint(SPANISH)


def test_nothing_is_translated_that_the_page_does_not_show() -> None:
    assert sorted(set(SPANISH) - set(BY_CODE) - page_texts() - set(settings.SHOWN)) == []


def test_the_webuis_settings_page_has_its_spanish() -> None:
    assert sorted(set(settings.SHOWN) - set(SPANISH)) == []


def page_texts() -> set[str]:
    """Every text that stands in a call of lb.t(...)."""
    scripts = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "javascript").glob("*.js")
    )
    found = re.findall(r'lb\.t\(\s*("(?:[^"\\]|\\.)*")', scripts)
    return {json.loads(text) for text in found}


def test_its_sentences_are_spanish() -> None:
    """A text that says the same in both languages has no words, or is on this list."""
    english = {code: next(iter(texts)) for code, texts in said().items()}
    same = {code for code, text in BY_CODE.items() if text == english.get(code)}
    words = {
        code
        for code in same
        if re.search(r"[a-z]{3,} [a-z]{3,}", re.sub(r"{[^}]*}", "", BY_CODE[code]))
    }
    assert words == set()
