"""sd-scripts' help is "English / Japanese" in one string: the part in the reader's language."""

from __future__ import annotations

import locale
import os
import re
from collections.abc import Mapping
from typing import NamedTuple

_JAPANESE = re.compile(r"[\u3005-\u30ff\u3400-\u9fff\uff66-\uff9f]")
"""Kana and kanji. Full-width punctuation stands in Chinese and Korean, too."""
_CUTS = (re.compile(r"\s/\s"), re.compile(r"\s/|/\s"), re.compile("/"))
"""What may part the languages, the surest first."""


class Help(NamedTuple):
    """One help in both languages; ``japanese`` is empty where there is none."""

    english: str
    japanese: str = ""

    def in_(self, language: str) -> str:
        """The part for a language ("ja", "es", ...); each stands in for the other where that is
        missing.
        """
        return (
            (self.japanese or self.english) if language == "ja" else (self.english or self.japanese)
        )


def split(text: str | None) -> Help:
    """Cut at the last slash before the first Japanese letter; other slashes ("none/all", paths)
    stay.
    """
    text = " ".join((text or "").split())
    found = _JAPANESE.search(text)
    if found is None:
        first, slash, second = text.partition(" / ")
        return Help(first if slash and first == second else text)
    for cut in _CUTS:
        places = list(cut.finditer(text, 0, found.start() + 1))
        if places:
            return Help(text[: places[-1].start()].strip(), text[places[-1].end() :].strip())
    return Help("", text)


def language(environment: Mapping[str, str] = os.environ) -> str:
    """The two letters of the user's language, as gettext finds it; "en" where nothing says."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if environment.get(name):
            return _letters(environment[name])
    return _letters(locale.getlocale()[0] or "")


def _letters(name: str) -> str:
    """ "ja_JP.UTF-8" and Windows' "Japanese_Japan" are "ja"; "C" says nothing."""
    name = name.lower()
    return (
        "ja"
        if name.startswith("japan")
        else name[:2]
        if re.match(r"[a-z]{2}([_.-]|$)", name)
        else "en"
    )
