"""Command lines in shell and batch scripts: into words, and back from words."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

_CONTINUED = {"sh": r"\\\r?\n", "bat": r"\^\r?\n", "ps1": r"`\r?\n"}
_SET = re.compile(r"""^\s*(?:set|export|\$)?\s*"?\$?(\w+)\s*=\s*(.*?)\s*$""", re.IGNORECASE)


def commands(text: str, shell: str) -> list[list[str]]:
    """Each command of a script as words; "sh", "bat" or "ps1".

    Lines that can't be read are left out.
    """
    joined = re.sub(_CONTINUED[shell], " ", text)
    return _windows(joined) if shell == "bat" else _posix(joined)


def _posix(text: str) -> list[list[str]]:
    found: list[list[str]] = []
    for line in _logical_lines(text):
        try:
            found.append(shlex.split(line, comments=True))
        except ValueError:
            continue
    return [words for words in found if words]


def _logical_lines(text: str) -> list[str]:
    """Split at newlines that stand in no quotes."""
    lines, line, quote, escaped = [], "", "", False
    for character in text:
        if character == "\n" and not quote:
            lines.append(line)
            line, escaped = "", False
            continue
        if escaped:
            escaped = False
        elif character == "\\" and quote != "'":
            escaped = True
        elif character == quote:
            quote = ""
        elif character in "'\"" and not quote:
            quote = character
        line += character
    return [*lines, line]


def _windows(text: str) -> list[list[str]]:
    lines = (line.strip() for line in text.replace("\r", "").split("\n"))
    return [
        _windows_words(line)
        for line in lines
        if line and not re.match(r"@?(rem\b|::)", line, re.IGNORECASE)
    ]


def _windows_words(line: str) -> list[str]:
    """As the C runtime splits a command line: quotes, and backslashes before them."""
    words, word, quoted, begun, position = [], "", False, False, 0
    while position < len(line):
        character = line[position]
        if character == "\\":
            end = position
            while end < len(line) and line[end] == "\\":
                end += 1
            count = end - position
            if end < len(line) and line[end] == '"':
                word += "\\" * (count // 2)
                if count % 2:
                    word, end = word + '"', end + 1
            else:
                word += "\\" * count
            position, begun = end, True
            continue
        if character == '"':
            quoted, begun = not quoted, True
        elif character.isspace() and not quoted:
            if begun:
                words.append(word)
            word, begun = "", False
        else:
            word, begun = word + character, True
        position += 1
    return [*words, word] if begun else words


def variables(text: str) -> dict[str, str]:
    """The script's own plain assignments (name=value, set name=value, $name = value)."""
    found = {}
    for line in text.splitlines():
        match = _SET.match(line)
        if match:
            try:
                words = shlex.split(match[2].rstrip('"'), comments=True)
            except ValueError:
                words = [match[2].strip("\"'")]
            found[match[1]] = words[0] if words else ""
    return found


def expanded(word: str, values: Mapping[str, str], *, batch: bool = False) -> str:
    """``word`` with the script's own variables in it; anything else stays as it is."""
    if batch and "%%" in word:  # a percent sign of its own
        return "%".join(expanded(part, values) for part in word.split("%%"))

    def value(match: re.Match[str]) -> str:
        return values.get(match[1] or match[2] or match[3], match[0])

    return re.sub(r"\$\{(\w+)\}|\$(\w+)|%(\w+)%", value, word)


# ---- back ----


def posix(words: Sequence[str]) -> str:
    return shlex.join(words)


def windows(word: str) -> str:
    """One word for a batch file: in quotes, nothing in it that cmd.exe would act on."""
    text = re.sub(r"[\r\n]+", " ", word).replace('"', "'").replace("%", "%%")
    if re.fullmatch(r"[\w.,:=/\\+-]+", text) and not text.endswith("\\"):
        return text
    return '"' + re.sub(r"(\\+)$", r"\1\1", text) + '"'
