"""A shell script's text as words and operators: quotes, expansions, continued lines,
here-documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

NAME = re.compile(r"[A-Za-z_]\w*")
ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=")
OPERATORS = (";;", "&&", "||", "&>", ">>", "<<<", "<<", ";", "|", "&", ">", "<", "(", ")", "\n")
REDIRECTIONS = {">", ">>", "<", "&>", "<<", "<<<"}


class WordPiece(NamedTuple):
    """Part of a word: its own text, or an expansion (without the $)."""

    text: str
    quoted: bool
    expands: bool = False


class ShellToken(NamedTuple):
    """A word (its pieces), or an operator."""

    pieces: tuple[WordPiece, ...] = ()
    operator: str = ""

    @property
    def plain(self) -> str:
        """The word's text where nothing in it is quoted or expanded."""
        bare = all(not (piece.quoted or piece.expands) for piece in self.pieces)
        return "".join(piece.text for piece in self.pieces) if bare else ""


def tokens(text: str) -> Iterator[ShellToken]:
    """The script's words and operators, in order."""
    position, pieces, heredocs = 0, list[WordPiece](), list[str]()
    begun = False
    while position < len(text):
        sign = text[position]
        if text.startswith("\\\n", position):
            position += 2
        elif sign in " \t" or (sign == "#" and not begun):
            if begun:
                yield ShellToken(tuple(pieces))
                pieces, begun = [], False
            position = text.find("\n", position) if sign == "#" else position + 1
            position = len(text) if position < 0 else position
        elif sign == "(" and begun and _opens_list(pieces):
            yield ShellToken((*pieces, WordPiece("(", False)))
            pieces, begun = [], False
            position += 1
        elif operator := next((o for o in OPERATORS if text.startswith(o, position)), ""):
            if begun and not (operator in REDIRECTIONS and _is_number(pieces)):
                yield ShellToken(tuple(pieces))
            pieces, begun = [], False
            position += len(operator)
            yield ShellToken(operator=operator)
            if operator == "<<":
                heredocs.append(_heredoc_end(text, position))
            elif operator == "\n" and heredocs:
                position = _after_heredocs(text, position, heredocs)
                heredocs = []
        else:
            piece, position = _piece(text, position)
            pieces += piece
            begun = True
    if begun:
        yield ShellToken(tuple(pieces))


def _opens_list(pieces: list[WordPiece]) -> bool:
    return bool(ASSIGNMENT.fullmatch("".join(piece.text for piece in pieces)))


def _is_number(pieces: list[WordPiece]) -> bool:
    return "".join(piece.text for piece in pieces).isdigit()


def _piece(text: str, position: int) -> tuple[list[WordPiece], int]:
    sign = text[position]
    if sign == "\\":
        return [WordPiece(text[position + 1 : position + 2], True)], position + 2
    if sign == "'":
        end = _find(text, "'", position + 1)
        return [WordPiece(text[position + 1 : end], True)], end + 1
    if sign == '"':
        return _double_quoted(text, position + 1)
    if sign == "`":
        end = _find(text, "`", position + 1)
        return [WordPiece(text[position : end + 1], False, True)], end + 1
    if sign == "$":
        return _expansion(text, position, quoted=False)
    return [WordPiece(sign, False)], position + 1


def _find(text: str, sign: str, start: int) -> int:
    end = text.find(sign, start)
    return len(text) if end < 0 else end


def _double_quoted(text: str, position: int) -> tuple[list[WordPiece], int]:
    pieces = [WordPiece("", True)]
    while position < len(text) and text[position] != '"':
        if text[position] == "\\" and text[position + 1 : position + 2] in '\\"$`\n':
            kept = text[position + 1 : position + 2]
            pieces.append(WordPiece("" if kept == "\n" else kept, True))
            position += 2
        elif text[position] == "$":
            more, position = _expansion(text, position, quoted=True)
            pieces += more
        else:
            pieces.append(WordPiece(text[position], True))
            position += 1
    return pieces, position + 1


def _expansion(text: str, position: int, *, quoted: bool) -> tuple[list[WordPiece], int]:
    """``$name``, ``${...}``, ``$(...)``, ``$1``; a lonely dollar sign is itself."""
    rest = text[position + 1 : position + 2]
    if rest in ("(", "{"):
        end = _closing(text, position + 1, rest, {"(": ")", "{": "}"}[rest])
        inner = text[position + 1 : end]
        return [WordPiece(inner[1:-1] if rest == "{" else inner, quoted, True)], end
    match = NAME.match(text, position + 1)
    if match:
        return [WordPiece(match[0], quoted, True)], match.end()
    if rest and rest in "0123456789@*#?$!":
        return [WordPiece(rest, quoted, True)], position + 2
    return [WordPiece("$", quoted)], position + 1


def _closing(text: str, position: int, opens: str, closes: str) -> int:
    depth = 0
    for end in range(position, len(text)):
        depth += (text[end] == opens) - (text[end] == closes)
        if depth == 0:
            return end + 1
    return len(text)


def _heredoc_end(text: str, position: int) -> str:
    return text[position : _find(text, "\n", position)].split(" ")[0].strip("-'\" ;)")


def _after_heredocs(text: str, position: int, ends: list[str]) -> int:
    for word in ends:
        match = re.compile(rf"^\s*{re.escape(word)}\s*$", re.MULTILINE).search(text, position)
        position = match.end() + 1 if match else len(text)
    return position
