"""A file's name as a message can show it."""

from __future__ import annotations

from pathlib import Path


def shown(text: str | Path) -> str:
    """``text`` for a message: on one line, and printable even where a file's name isn't."""
    return "".join(_shown(character) for character in str(text))


def _shown(character: str) -> str:
    if character.isprintable() or character in "\u200c\u200d":
        return character
    if character.isspace() and character not in "\n\r":
        return " "
    code = ord(character)
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else ascii(character)[1:-1]
