"""A PowerShell script followed as far as its own text goes: variables, lists, ``.Add()``, ``if``.

Nothing is run. What comes from elsewhere (``$args``, ``Get-Date``, a variable that is never set)
stays as it stands, as `Unread`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from ..settling.work import Unread
from . import conditions

_TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|`\r?\n)|(?P<comment><\#.*?\#>|\#[^\n]*)|(?P<newline>[\n;])
    |(?P<here>@'\r?\n.*?\r?\n'@|@"\r?\n.*?\r?\n"@)
    |(?P<single>'(?:[^']|'')*')|(?P<double>"(?:`.|""|[^"`])*")
    |(?P<open>@?[({])|(?P<close>[)}])|(?P<sign>\+=|\|\||&&|[|,+&]|\d?>+(?:&\d)?|=(?!=))
    |(?P<variable>[$@](?:\{[^}]*\}|(?:[A-Za-z_]+:)?\w+))
    |(?P<bare>(?:`.|[^\s'"(){},;|&`$])+|\$|`)""",
    re.VERBOSE | re.DOTALL,
)
_ADDED = re.compile(r"\.(?:Add|AddRange|Append)$", re.IGNORECASE)
_IN_TEXT = re.compile(r"`(.)|\$\{(\w+)\}|\$((?:\w+:)?\w+)|(\$\([^)]*\))", re.DOTALL)
_WORDS = {"true": "True", "false": "", "null": ""}
Value = str | list[str]


class PowerShellToken(NamedTuple):
    """A piece of the script: its kind (a group of `_TOKEN`) and its text."""

    kind: str
    text: str
    glued: bool
    """No space stands before it."""


def commands(text: str) -> list[list[str]]:
    """Each command of the script that would be run, as words."""
    run = _Run()
    run.block(list(_tokens(text)))
    return [words for words in run.found if words]


def _tokens(text: str) -> Iterator[PowerShellToken]:
    glued = False
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        if kind == "comment" and glued and match[0].startswith("#"):
            yield PowerShellToken("bare", match[0], True)  # a#b is a word
        elif kind not in ("space", "comment"):
            yield PowerShellToken(kind, match[0], glued)
        glued = kind not in ("space", "newline", "comment")


class _Run:
    """The script's own course."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {"psscriptroot": ".", "pwd": "."}
        self.found: list[list[str]] = []

    # ---- statements ----

    def block(self, tokens: list[PowerShellToken]) -> None:
        position = 0
        while position < len(tokens):
            if tokens[position].kind == "newline" or tokens[position].text == "}":
                position += 1
                continue
            first = tokens[position].text.lower()
            if first == "if":
                position = self._if(tokens, position)
            elif first in ("foreach", "for", "while", "function", "param", "try", "finally"):
                position = self._other_block(tokens, position)
            else:
                end = _end_of_statement(tokens, position)
                self._statement(tokens[position:end])
                position = end

    def _other_block(self, tokens: list[PowerShellToken], position: int) -> int:
        """What stands in its braces is taken as if it were run once."""
        while position < len(tokens) and tokens[position].text != "{":
            in_brackets = tokens[position].kind == "open"
            position = _closing(tokens, position) if in_brackets else position + 1
        end = _closing(tokens, position)
        self.block(tokens[position + 1 : max(position, end - 1)])
        return end

    def _if(self, tokens: list[PowerShellToken], position: int) -> int:
        for body, end in self._branches(tokens, position):
            if body is not None:
                self.block(body)
            position = end
        return position

    def _branches(
        self, tokens: list[PowerShellToken], position: int
    ) -> Iterator[tuple[list[PowerShellToken] | None, int]]:
        """Each branch with where it ends; its tokens where it is the one that is taken.

        Where the script's text doesn't say how a condition turns out, its branch is taken.
        """
        decided = False
        while position < len(tokens):
            word = tokens[position].text.lower()
            position += 1
            if word != "else":
                end = _closing(tokens, position)
                condition = tokens[position + 1 : end - 1]
                holds = not decided and self._holds(condition) is not False
                position = end
            else:
                holds = not decided
            position = _skip_newlines(tokens, position)
            end = _closing(tokens, position)
            decided = decided or holds
            yield (tokens[position + 1 : end - 1] if holds else None), end
            position = _skip_newlines(tokens, end)
            if position >= len(tokens) or tokens[position].text.lower() not in ("elseif", "else"):
                return

    def _holds(self, tokens: list[PowerShellToken]) -> conditions.Answer:
        return conditions.powershell(self._words(tokens, empty=True))

    def _statement(self, tokens: list[PowerShellToken]) -> None:
        tokens = [*tokens]
        while tokens and (tokens[0].text == "&" or tokens[0].text.startswith("[void]")):
            rest = tokens[0].text.removeprefix("[void]").removeprefix("&")
            tokens = ([tokens[0]._replace(text=rest)] if rest else []) + tokens[1:]
        if len(tokens) > 1 and tokens[0].kind == "variable":
            second = tokens[1].text
            if second in ("=", "+="):
                self._assign(_name(tokens[0]), tokens[2:], add=second == "+=")
                return
            if _ADDED.search(second) and tokens[1].glued:
                inner = tokens[3 : _closing(tokens, 2) - 1]
                self._assign(_name(tokens[0]), inner, add=True)
                return
        for part in _piped(tokens):
            self.found.append(self._words(part))

    def _assign(self, name: str, tokens: list[PowerShellToken], *, add: bool) -> None:
        value = self._value(tokens)
        before = self.values.get(name)
        if not add or before is None:
            self.values[name] = value
        elif isinstance(before, list):
            self.values[name] = [*before, *(value if isinstance(value, list) else [value])]
        else:
            self.values[name] = _text(before, *(value if isinstance(value, list) else [value]))

    # ---- values ----

    def _value(self, tokens: list[PowerShellToken]) -> Value:
        tokens = [token for token in tokens if token.kind != "newline" or token.text == ";"]
        if tokens and tokens[0].text.lower() == "if":
            taken = (body for body, _ in self._branches(tokens, 0) if body is not None)
            return self._value(next(taken, []))
        text = "".join(token.text for token in tokens).lower()
        if text.startswith(("[system.collections", "new-object")):
            return []
        if tokens and tokens[0].text == "@(" and _closing(tokens, 0) == len(tokens):
            return self._list(tokens[1:-1])
        if any(token.text == "," for token in tokens):
            return self._list(tokens)
        if len(tokens) == 1 and tokens[0].kind == "variable":
            return self.values.get(_name(tokens[0]), Unread(tokens[0].text))
        parts = self._words([token for token in tokens if token.text != "+"])
        simple = all(t.kind in ("single", "double", "variable", "bare", "sign") for t in tokens)
        joined = _text(*parts)
        return joined if simple and not _is_call(tokens) else Unread(joined)

    def _list(self, tokens: list[PowerShellToken]) -> list[str]:
        found, item = list[str](), list[PowerShellToken]()
        for token in [*tokens, PowerShellToken("sign", ",", False)]:
            if token.text == "," or token.kind == "newline":
                value = self._value(item) if item else []
                found += value if isinstance(value, list) else [value]
                item = []
            else:
                item.append(token)
        return found

    def _words(self, tokens: list[PowerShellToken], *, empty: bool = False) -> list[str]:
        """Words as a program gets them; a list becomes a word for each of its items."""
        words: list[str] = []
        for token in tokens:
            joins = token.text == "=" or (token.text in (",", "+") and token.glued and words)
            if token.kind in ("sign", "open", "close", "newline") and not joins:
                continue
            value = self._one(token, empty)
            glue = token.glued and words and not isinstance(value, list)
            if glue:
                words[-1] = _text(words[-1], *([value] if isinstance(value, str) else value))
            else:
                words += value if isinstance(value, list) else [value]
        return words

    def _one(self, token: PowerShellToken, empty: bool) -> Value:
        if token.kind == "variable":
            name = _name(token)
            if name in _WORDS:
                return _WORDS[name]
            return self.values.get(name, "" if empty else Unread(token.text))
        if token.kind == "single":
            return token.text[1:-1].replace("''", "'")
        if token.kind == "double":
            return self._in_text(token.text[1:-1].replace('""', '"'))
        if token.kind == "here":
            return Unread(token.text)
        return re.sub(r"`(.)", r"\1", token.text)

    def _in_text(self, text: str) -> str:
        unread = False

        def value(match: re.Match[str]) -> str:
            nonlocal unread
            if match[1] is not None:
                return {"n": "\n", "t": "\t"}.get(match[1], match[1])
            found = self.values.get((match[2] or match[3] or "").lower(), Unread(match[0]))
            joined = found if isinstance(found, str) else " ".join(found)
            unread = unread or isinstance(found, Unread)
            return joined

        done = _IN_TEXT.sub(value, text)
        return Unread(done) if unread else done


# ---- tokens ----


def _name(token: PowerShellToken) -> str:
    return token.text[1:].strip("{}").lower()


def _text(*parts: str) -> str:
    joined = "".join(parts)
    return Unread(joined) if any(isinstance(part, Unread) for part in parts) else joined


def _is_call(tokens: list[PowerShellToken]) -> bool:
    """A value that is a command's output, like ``Get-Date``."""
    return bool(tokens) and bool(re.fullmatch(r"[A-Za-z]+-[A-Za-z]+", tokens[0].text))


def _closing(tokens: list[PowerShellToken], position: int) -> int:
    """Behind the bracket that closes the one at ``position``."""
    depth = 0
    for end in range(position, len(tokens)):
        depth += (tokens[end].kind == "open") - (tokens[end].kind == "close")
        if depth <= 0:
            return end + 1
    return len(tokens)


def _skip_newlines(tokens: list[PowerShellToken], position: int) -> int:
    while position < len(tokens) and tokens[position].text == "\n":
        position += 1
    return position


def _end_of_statement(tokens: list[PowerShellToken], position: int) -> int:
    while position < len(tokens) and tokens[position].kind != "newline":
        if tokens[position].text == "}":
            return position
        if tokens[position].kind == "open":
            position = _closing(tokens, position)
            after = _skip_newlines(tokens, position)
            goes_on = after < len(tokens) and tokens[after].text.lower() in ("else", "elseif")
            position = after if goes_on else position
        else:
            position += 1
    return position


def _piped(tokens: list[PowerShellToken]) -> list[list[PowerShellToken]]:
    """The commands of one statement; a redirection and what follows it is left out."""
    parts: list[list[PowerShellToken]] = [[]]
    skip = False
    for token in tokens:
        if token.text in ("|", "||", "&&"):
            parts.append([])
            skip = False
        elif ">" in token.text and token.kind == "sign":
            skip = "&" not in token.text
        elif skip:
            skip = False
        else:
            parts[-1].append(token)
    return parts
