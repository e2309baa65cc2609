"""Captions as text: whatever a file holds becomes one clean line.

Pure functions; nothing here opens a file.
"""

from __future__ import annotations

import codecs
import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from ..messages import Message

ADVICE = (25, 75)
"""Words that a caption should have, least and most."""
LONGEST = 10_000
"""Characters; far above what any text encoder reads, far below what a wrong file can hold."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_JOINERS = frozenset(
    "\u200c\u200d"
)  # they make letters and emoji; every other invisible mark is dropped
_WORD = re.compile(r"\w+(?:['’\-]\w+)*")


@dataclass(frozen=True)
class Repaired:
    """A usable caption. ``changes`` says what was done to it, ``remarks`` what was left but is
    worth knowing.
    """

    text: str
    changes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def repair(raw: bytes | str, name: str, fallback: str, *, keep_lines: bool = False) -> Repaired:
    """One non-empty line that begins with ``name`` (an empty ``name`` asks for no beginning).

    ``keep_lines``: a caption of several lines stays one, for sd-scripts trains its first line, or
    one of them at random with enable_wildcard (`read_caption` in its library/train_util.py).

    ``fallback`` is the caption where there is none, "<name> <class>"; it also says which class
    follows the name.
    """
    text, changes = (raw, []) if isinstance(raw, str) else _decoded(raw)
    text = text[: 4 * LONGEST]
    for step in (_without_invisible, _clean_lines if keep_lines else _one_line, _shortened):
        text, change = step(text)
        changes += [change] if change else []
    if not _WORD.search(text):
        return Repaired(fallback, (Message("caption.empty_says_name", "empty, so it is the name"),))
    if name:
        text, change = _with_name(text, name, fallback)
        changes += [change] if change else []
    return Repaired(text, tuple(changes), tuple(_remarks(text)))


def _remarks(text: str) -> Iterator[Message]:
    if "{" in text or "}" in text:
        yield Message(
            "caption.braces_mean_choice_enable",
            "has braces, which mean a choice with enable_wildcard",
        )
    if "\n" in text:
        yield Message(
            "caption.several_lines",
            "has {count} lines: the first is trained, or with enable_wildcard one at random",
            count=text.count("\n") + 1,
        )


def draft(name: str, class_token: str) -> str:
    """The caption of a photo that has none."""
    return f"{name} {class_token}".strip()


def words(text: str) -> int:
    """How many words ``text`` has."""
    return sum(map(_words_of, text.split(" ")))


@functools.lru_cache(maxsize=50_000)
def _words_of(piece: str) -> int:
    """Of what stands between two spaces: captions of a set share most of it."""
    return len(_WORD.findall(piece))


def begins_with_name(text: str, name: str) -> bool:
    """Whether the first word or words of ``text`` are exactly ``name``."""
    return bool(name) and text.startswith(name) and not _goes_on(text[len(name) :])


def is_clean(raw: bytes) -> bool:
    """Whether a caption file can be trained as it is: UTF-8 without invisible characters, whose
    first line isn't empty.
    """
    try:
        lines = raw.decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return False
    return bool(lines and lines[0].strip()) and all(map(_visible, "".join(lines)))


def decoded(raw: bytes) -> str:
    """``raw`` as text: UTF-8, UTF-16 or UTF-32, else Windows-1252."""
    return _decoded(raw)[0]


def _decoded(raw: bytes) -> tuple[str, list[str]]:
    for mark, encoding in _BOMS:
        if raw.startswith(mark):
            text = raw[len(mark) :].decode(encoding, errors="replace")
            return text, [
                Message("caption.byte_order_mark_removed", "byte order mark removed")
            ] if encoding == "utf-8" else [
                Message("caption.utf", "{encoding} to UTF-8", encoding=encoding[:6].upper())
            ]
    if _looks_like_utf16(raw):
        order = "utf-16-le" if raw[1::2].count(0) >= raw[0::2].count(0) else "utf-16-be"
        return raw.decode(order, errors="replace"), [Message("caption.utf_utf", "UTF-16 to UTF-8")]
    try:
        return raw.decode("utf-8"), []
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace"), [
            Message("caption.windows_utf", "Windows-1252 to UTF-8")
        ]


def _looks_like_utf16(raw: bytes) -> bool:
    """Text without a mark in which every other byte is 0, as Western UTF-16 is."""
    halves = (raw[0::2].count(0), raw[1::2].count(0))
    return (
        len(raw) >= 4
        and len(raw) % 2 == 0
        and max(halves) > 0.6 * len(raw) / 2
        and min(halves) < 0.1 * len(raw) / 2
    )


def _without_invisible(text: str) -> tuple[str, str]:
    if text.isprintable():
        return text, ""
    kept = "".join(character for character in text if _visible(character))
    return kept, Message(
        "caption.control_characters_removed", "control characters removed"
    ) if kept != text else ""


def _visible(character: str) -> bool:
    """Line breaks stay for `_one_line`; control, direction and lone surrogate characters go."""
    return (
        character in _JOINERS
        or character.isspace()
        or unicodedata.category(character) not in ("Cc", "Cf", "Cs")
    )


def _clean_lines(text: str) -> tuple[str, str]:
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return "\n".join(line for line in lines if line), ""


def _one_line(text: str) -> tuple[str, str]:
    lines = [" ".join(line.split()) for line in text.splitlines()]
    lines = [line for line in lines if line]
    joined = ""
    for line in lines:
        joined += ("" if not joined else " " if joined[-1] in ".,;:!?" else ", ") + line
    return joined, Message("caption.lines_joined", "lines joined") if len(lines) > 1 else ""


def _shortened(text: str) -> tuple[str, str]:
    if len(text) <= LONGEST:
        return text, ""
    return text[:LONGEST].rsplit(" ", 1)[0].rstrip(), Message(
        "caption.cut_characters", "cut to {longest} characters", longest=LONGEST
    )


def _with_name(text: str, name: str, fallback: str) -> tuple[str, str]:
    if begins_with_name(text, name):
        return text, ""
    for form in (text, unicodedata.normalize("NFC", text)):
        if _begins(form, name):
            return name + form[len(name) :], Message(
                "caption.names_spelling", "the name's spelling"
            )
    class_token = fallback[len(name) :].strip() if fallback.startswith(name) else ""
    if class_token and _begins(text, class_token):
        return f"{name} {text}", Message("caption.name_put_front", "the name put in front")
    return f"{draft(name, class_token)}, {text}", Message(
        "caption.name_put_front", "the name put in front"
    )


def _begins(text: str, words: str) -> bool:
    return text[: len(words)].casefold() == words.casefold() and not _goes_on(text[len(words) :])


def _goes_on(rest: str) -> bool:
    """Whether the word before ``rest`` isn't over yet."""
    return bool(rest) and (
        rest[0].isalnum() or rest[0] == "_" or unicodedata.category(rest[0])[0] == "M"
    )
