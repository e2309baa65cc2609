"""A shell script followed as far as its own text goes: variables, arrays, ``if``, ``case``, ``&&``,
continued lines.

Nothing is run. What comes from elsewhere (``$1``, ``$(date)``, a variable that is never set) stays
as it stands, as `Unread`.
"""

from __future__ import annotations

import re

from ..settling.work import Unread
from . import conditions
from .shell_tokens import ASSIGNMENT, REDIRECTIONS, ShellToken, WordPiece, tokens

_ENDS = {"\n", ";", ";;", "&&", "||", "|", "&", "(", ")"}
_DECLARING = ("export", "local", "declare", "readonly", "typeset")
_BETWEEN = ("then", "do", "{", "}", "done", "!", "elif", "else")
_TESTS = ("[", "[[", "test")
_SILENT = re.compile(r"[12&]?>+\s*(?:/dev/null|&\d)")
_OWN_FOLDER = re.compile(r"[^/]*\bdirname\b[^/]*(?:\$0|BASH_SOURCE)[^/]*?((?:/\.\.)*)[^/]*")
MOST_WORDS = 200_000
HERE = "."
"""The script's own folder, from which relative paths in it are counted."""


def commands(text: str) -> list[list[str]]:
    """Each command of the script that would be run, as words."""
    return _Run(list(tokens(text.replace("\r\n", "\n")))).commands()


class _Run:
    """The script's own course: what its variables hold, and which commands are reached."""

    def __init__(self, tokens: list[ShellToken]) -> None:
        self.tokens, self.position = tokens, 0
        self.texts: dict[str, str] = {"PWD": HERE}
        self.arrays: dict[str, list[str]] = {}
        self.found: list[list[str]] = []
        self.live = [True]
        """For each ``if`` and ``case`` that is open: whether its present branch is taken."""
        self.decided: list[bool] = []
        """For each of them: whether a branch has been taken."""
        self.subjects: list[str] = []
        """What each open ``case`` compares its patterns with."""
        self.ended_by = ""
        self.outcome: bool | None = None
        """What the last test came to; None: another command, or the text doesn't say."""

    def commands(self) -> list[list[str]]:
        while self.position < len(self.tokens):
            words = self._until_end()
            if self.ended_by in ("&&", "||") and words and words[0].plain in ("if", "elif"):
                words += self._joined_conditions()
            self._command(words)
            self._leave_out()
            if self.ended_by == ";;" and self.subjects:
                self._branch()
        return [words for words in self.found if words]

    def _joined_conditions(self) -> list[ShellToken]:
        """The rest of ``if A && B || C``."""
        words: list[ShellToken] = []
        while self.ended_by in ("&&", "||"):
            words.append(ShellToken((WordPiece(self.ended_by, False),)))
            words += self._until_end()
        return words

    def _leave_out(self) -> None:
        """Pass over what stands behind ``&&`` or ``||`` and isn't reached."""
        while self.outcome is (self.ended_by == "||") and self.ended_by in ("&&", "||"):
            words = self._until_end()
            if words and words[0].plain == "{":
                while self.position < len(self.tokens) and self.ended_by != "}":
                    token = self.tokens[self.position]
                    self.position, self.ended_by = self.position + 1, token.plain or token.operator
                self.ended_by = self._ending()

    def _ending(self) -> str:
        """The operator behind a group, which is what its command ends by."""
        token = self.tokens[self.position] if self.position < len(self.tokens) else ShellToken()
        self.position += bool(token.operator)
        return token.operator

    def _until_end(self) -> list[ShellToken]:
        """The words of the next command; redirections and what they name are left out."""
        words: list[ShellToken] = []
        self.ended_by, inside = "", False
        while self.position < len(self.tokens):
            token = self.tokens[self.position]
            self.position += 1
            inside = (inside or token.plain == "[[") and token.plain != "]]"
            if inside and token.operator:  # there they compare, and join
                if token.operator != "\n":
                    words.append(ShellToken((WordPiece(token.operator, False),)))
            elif token.operator in REDIRECTIONS:
                self._skip_target()
            elif token.operator in _ENDS:
                self.ended_by = token.operator
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
        return token.plain.endswith("=(") and bool(ASSIGNMENT.match(token.plain))

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
        self.outcome = None
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
        elif first == "case":
            self._case(words)
        elif first in ("fi", "esac"):
            self._close(first)
        elif all(self.live):
            self._simple(words)

    def _close(self, word: str) -> None:
        if self.decided:
            self.live.pop()
            self.decided.pop()
        if word == "esac" and self.subjects:
            self.subjects.pop()

    def _case(self, words: list[ShellToken]) -> None:
        subject = self._expanded(words[1:2], split=False, empty=True) if all(self.live) else []
        self.subjects.append(subject[0] if subject else "")
        self.live.append(False)
        self.decided.append(False)
        while self.position and self.tokens[self.position - 1].plain != "in":
            self.position -= 1  # its first pattern may stand on the same line
        self._branch()

    def _branch(self) -> None:
        """Read the patterns of a ``case``'s next branch, and whether it is taken: the first one
        where the subject comes from elsewhere.
        """
        patterns: list[ShellToken] = []
        while self.position < len(self.tokens):
            token = self.tokens[self.position]
            self.position += 1
            if token.operator == ")":
                break
            if token.plain == "esac" and not patterns:
                self._close("esac")
                return
            patterns += [] if token.operator else [token]
        subject, texts = self.subjects[-1], self._expanded(patterns, split=False)
        holds = isinstance(subject, Unread) or any(conditions.fits(subject, t) for t in texts)
        self.live[-1] = holds and not self.decided[-1]
        self.decided[-1] = self.decided[-1] or holds

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
        if words[0].plain in _TESTS:
            self.outcome = conditions.bash(self._expanded(words, empty=True))
            return
        if words[0].plain in _DECLARING:
            words = [word for word in words[1:] if not word.plain.startswith("-")]
        while words and self._assigned(words[0]):
            words = words[1:]
        if words and sum(map(len, self.found)) < MOST_WORDS:
            self.found.append(self._expanded(words))

    def _assigned(self, token: ShellToken) -> bool:
        head = "".join(piece.text if not piece.expands else "$" for piece in token.pieces)
        match = ASSIGNMENT.match(head)
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
        fields, kept, vanishes = [""], False, False
        for piece in word.pieces:
            kept = kept or piece.quoted
            if not piece.expands:
                fields[-1] = _joined(fields[-1], piece.text)
                continue
            values = self._value(piece.text, empty)
            vanishes = vanishes or not values  # "${list[@]}" of no items
            parts = values if piece.quoted or not split else _split(values)
            if parts:
                fields[-1] = _joined(fields[-1], parts[0])
                fields += parts[1:]
        kept = kept and not (vanishes and fields == [""])
        return [field for field in fields if field or kept]

    def _value(self, inner: str, empty: bool) -> list[str]:
        array = re.fullmatch(r"(\w+)\[[@*]\]", inner)
        if array:
            held = self.texts.get(array[1])
            return self.arrays.get(array[1], [held] if held is not None else [])
        match = re.fullmatch(r"([A-Za-z_]\w*|\d+(?=:?-))(?:(:?[-=])(.*))?", inner, re.DOTALL)
        if match is None and (folder := _own_folder(inner)):
            return [folder]
        if match is None:
            return [Unread(f"${inner}" if len(inner) < 2 or inner[0] == "(" else f"${{{inner}}}")]
        name, operator, default = match.groups()
        if name in self.arrays:
            return self.arrays[name][:1]
        if name in self.texts and (self.texts[name] or operator not in (":-", ":=")):
            return [self.texts[name]]
        if operator:
            return self._expanded(list(tokens(default)), split=False)
        return [""] if empty else [Unread(f"${name}")]


# ---- words ----


def _joined(*parts: str) -> str:
    """As one word: unread where a part of it is."""
    text = "".join(parts)
    return Unread(text) if any(isinstance(part, Unread) for part in parts) else text


def _split(values: list[str]) -> list[str]:
    """Split at spaces; the parts of an unread value are unread."""
    return [
        Unread(part) if isinstance(value, Unread) else part
        for value in values
        for part in value.split()
    ]


def _own_folder(inner: str) -> str:
    """What ``$(dirname "$0")``, ``$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)`` and
    ``$(pwd)`` come to; empty for other commands.
    """
    if not inner.startswith("("):
        return ""
    command = _SILENT.sub("", inner)
    match = _OWN_FOLDER.fullmatch(command)
    return HERE + match[1] if match else HERE if command.strip("() ") == "pwd" else ""
