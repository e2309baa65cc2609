"""A shell script followed as far as its own text goes: variables, arrays, ``if``, continued lines.

Nothing is run. What comes from elsewhere (``$1``, ``$(date)``, a variable that is never set) stays
as it stands, as `Unread`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ..settling.work import Unread
from . import conditions

_NAME = re.compile(r"[A-Za-z_]\w*")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=")
_OPERATORS = (";;", "&&", "||", "&>", ">>", "<<<", "<<", ";", "|", "&", ">", "<", "(", ")", "\n")
_ENDS = {"\n", ";", ";;", "&&", "||", "|", "&", "(", ")"}
_REDIRECTIONS = {">", ">>", "<", "&>", "<<", "<<<"}
_DECLARING = ("export", "local", "declare", "readonly", "typeset")
_BETWEEN = ("then", "do", "{", "}", "done", "!", "elif", "else")
MOST_WORDS = 200_000


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


def commands(text: str) -> list[list[str]]:
    """Each command of the script that would be run, as words."""
    return _Run(list(_tokens(text.replace("\r\n", "\n")))).commands()


# ---- words ----


def _tokens(text: str) -> Iterator[ShellToken]:
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
        elif operator := next((o for o in _OPERATORS if text.startswith(o, position)), ""):
            if begun and not (operator in _REDIRECTIONS and _is_number(pieces)):
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
    return bool(_ASSIGNMENT.fullmatch("".join(piece.text for piece in pieces)))


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
    match = _NAME.match(text, position + 1)
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


# ---- running ----


class _Run:
    """The script's own course: what its variables hold, and which commands are reached."""

    def __init__(self, tokens: list[ShellToken]) -> None:
        self.tokens, self.position = tokens, 0
        self.texts: dict[str, str] = {}
        self.arrays: dict[str, list[str]] = {}
        self.found: list[list[str]] = []
        self.live = [True]
        """For each ``if`` that is open: whether its present branch is taken."""
        self.decided: list[bool] = []
        """For each ``if`` that is open: whether a branch has been taken."""

    def commands(self) -> list[list[str]]:
        while self.position < len(self.tokens):
            self._command(self._until_end())
        return [words for words in self.found if words]

    def _until_end(self) -> list[ShellToken]:
        """The words of the next command; redirections and what they name are left out."""
        words: list[ShellToken] = []
        while self.position < len(self.tokens):
            token = self.tokens[self.position]
            self.position += 1
            if token.operator in _REDIRECTIONS:
                self._skip_target()
            elif token.operator in _ENDS:
                break
            else:
                words.append(token)
                if self._opens_array(token):
                    words[-1] = self._array(token)
        return words

    def _skip_target(self) -> None:
        if self.position < len(self.tokens) and self.tokens[self.position].operator == "&":
            self.position += 1
        if self.position < len(self.tokens) and not self.tokens[self.position].operator:
            self.position += 1

    @staticmethod
    def _opens_array(token: ShellToken) -> bool:
        return token.plain.endswith("=(") and bool(_ASSIGNMENT.match(token.plain))

    def _array(self, token: ShellToken) -> ShellToken:
        """An assignment of a list is carried out here, for its words end at the bracket."""
        words: list[ShellToken] = []
        while self.position < len(self.tokens):
            inner = self.tokens[self.position]
            self.position += 1
            if inner.operator == ")":
                break
            if not inner.operator:
                words.append(inner)
        if all(self.live):
            name, plus = token.plain[:-2].removesuffix("+"), token.plain.endswith("+=(")
            before = self.arrays.get(name, []) if plus else []
            self.arrays[name] = [*before, *self._expanded(words)]
            self.texts.pop(name, None)
        return ShellToken()

    def _command(self, words: list[ShellToken]) -> None:
        while words and (words[0].plain in _BETWEEN or not words[0].pieces):
            first = words.pop(0).plain
            if first in ("elif", "else"):
                self._next_branch()
                if first == "elif":
                    self._condition(words, reopened=True)
                    return
        if not words:
            return
        first = words[0].plain
        if first == "if":
            self._condition(words[1:], reopened=False)
        elif first == "fi":
            if self.decided:
                self.live.pop()
                self.decided.pop()
        elif all(self.live):
            self._simple(words)

    def _next_branch(self) -> None:
        if self.decided:
            self.live[-1] = not self.decided[-1]
            self.decided[-1] = True

    def _condition(self, words: list[ShellToken], *, reopened: bool) -> None:
        """An ``if`` whose outcome the script's text doesn't say takes its first branch."""
        expanded = self._expanded(words, empty=True) if all(self.live[:-1] or self.live) else []
        holds = conditions.bash(expanded)
        if reopened and self.decided:
            taken = self.live[-1] and holds is not False
            self.live[-1], self.decided[-1] = taken, not self.live[-1] or taken
        else:
            taken = holds is not False
            self.live.append(taken)
            self.decided.append(taken)

    def _simple(self, words: list[ShellToken]) -> None:
        if words[0].plain in _DECLARING:
            words = [word for word in words[1:] if not word.plain.startswith("-")]
        while words and self._assigned(words[0]):
            words = words[1:]
        if words and sum(map(len, self.found)) < MOST_WORDS:
            self.found.append(self._expanded(words))

    def _assigned(self, token: ShellToken) -> bool:
        head = "".join(piece.text if not piece.expands else "$" for piece in token.pieces)
        match = _ASSIGNMENT.match(head)
        if not match or any(piece.quoted or piece.expands for piece in token.pieces[: match.end()]):
            return not token.pieces
        rest = ShellToken(token.pieces[match.end() :])
        value = " ".join(self._expanded([rest], split=False)) if rest.pieces else ""
        unread = any(isinstance(word, Unread) for word in self._expanded([rest], split=False))
        value = self.texts.get(match[1], "") + value if match[2] else value
        self.texts[match[1]] = Unread(value) if unread else value
        self.arrays.pop(match[1], None)
        return True

    # ---- expansion ----

    def _expanded(
        self, words: list[ShellToken], *, split: bool = True, empty: bool = False
    ) -> list[str]:
        found: list[str] = []
        for word in words:
            found += self._fields(word, split, empty)
        return found

    def _fields(self, word: ShellToken, split: bool, empty: bool) -> list[str]:
        """The words that one word becomes: a variable out of quotes is split at its spaces."""
        fields, unread, kept, vanishes = [""], False, False, False
        for piece in word.pieces:
            kept = kept or piece.quoted
            if not piece.expands:
                fields[-1] += piece.text
                continue
            values = self._value(piece.text, empty)
            unread = unread or any(isinstance(value, Unread) for value in values)
            vanishes = vanishes or not values  # "${list[@]}" of no items
            parts = values if piece.quoted or not split else " ".join(values).split()
            if parts:
                fields[-1] += parts[0]
                fields += parts[1:]
        kept = kept and not (vanishes and fields == [""])
        kept_fields = [field for field in fields if field or kept]
        return [Unread(field) for field in kept_fields] if unread else kept_fields

    def _value(self, inner: str, empty: bool) -> list[str]:
        array = re.fullmatch(r"(\w+)\[[@*]\]", inner)
        if array:
            held = self.texts.get(array[1])
            return self.arrays.get(array[1], [held] if held is not None else [])
        match = re.fullmatch(r"([A-Za-z_]\w*)(?:(:?[-=])(.*))?", inner, re.DOTALL)
        if match is None:
            return [Unread(f"${inner}" if len(inner) < 2 or inner[0] == "(" else f"${{{inner}}}")]
        name, operator, default = match.groups()
        if name in self.arrays:
            return self.arrays[name][:1]
        if name in self.texts and (self.texts[name] or operator not in (":-", ":=")):
            return [self.texts[name]]
        if operator:
            return self._expanded(list(_tokens(default)), split=False)
        return [""] if empty else [Unread(f"${name}")]
