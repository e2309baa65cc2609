"""A batch file of Windows followed as far as its own text goes: variables, ``if``, continued lines.

Nothing is run. What comes from elsewhere (``%1``, a variable that is never set) stays as it stands,
as `Unread`; backslashes stay as they are.
"""

from __future__ import annotations

import re

from ..settling.work import Unread
from . import conditions

_COMMENT = re.compile(r"@?\s*(?:rem\b|::)", re.IGNORECASE)
_SET = re.compile(r'@?\s*set\s+(?P<how>/[ap]\s+)?"?(?P<name>[^=\s"]+)=(?P<value>.*?)"?\s*$', re.I)
_IF = re.compile(r"@?\s*if\s+(?P<rest>.*)$", re.IGNORECASE | re.DOTALL)
_DEFINED = re.compile(r"(?P<no>not\s+)?defined\s+(?P<name>\S+)\s*(?P<rest>.*)$", re.I | re.DOTALL)
_COMPARISON = re.compile(
    r"(?P<what>(?:/i\s+)?(?:not\s+)?(?:exist\s+(?:\"[^\"]*\"|\S+)|errorlevel\s+\d+"
    r"|(?:\"[^\"]*\"|[^\s=]+)\s*(?:==|\s(?:equ|neq|lss|leq|gtr|geq)\s)\s*(?:\"[^\"]*\"|\S+)))"
    r"\s*(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_VARIABLE = re.compile(r"%([^%\s:]+)(?::[^%\n]*)?%|!([^!\s:]+)!|%~?[a-z]*\d|%\*", re.IGNORECASE)
_OWN_FOLDER = re.compile(r"%~d?p0", re.IGNORECASE)
_ELSE = re.compile(r"\)\s*else\s*", re.IGNORECASE)
_UNREAD = "\0"


def commands(text: str) -> list[list[str]]:
    """Each command of the file that would be run, as words."""
    joined = re.sub(r"\^\n\s*", " ", text.replace("\r\n", "\n").replace("\r", "\n"))
    run = _Run()
    for line in joined.split("\n"):
        run.line(line.strip())
    return [words for words in run.found if words]


class _Run:
    """The file's own course, line by line."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {"cd": "."}
        self.found: list[list[str]] = []
        self.blocks: list[bool] = []
        """For each bracket that is open: whether what stands in it is run."""

    def line(self, line: str) -> None:
        if not line or _COMMENT.match(line) or line.startswith(":"):
            return
        while line.startswith(")"):
            taken = self.blocks.pop() if self.blocks else True
            match = _ELSE.match(line)
            line = line[match.end() :] if match else line[1:].strip()
            if match:
                self._branch(line, not taken)
                return
        if line:
            self._statement(line)

    def _statement(self, line: str) -> None:
        match = _IF.match(line)
        if match:
            self._if(match["rest"])
        elif all(self.blocks):
            for part in _parts(line):
                self._simple(part)

    def _if(self, rest: str) -> None:
        """Where the file's text doesn't say how it turns out, the first branch is taken."""
        match = _DEFINED.match(rest)
        if match:
            holds: conditions.Answer = (match["name"].lower() in self.values) != bool(match["no"])
        else:
            match = _COMPARISON.match(rest)
            holds = self._compared(match["what"]) if match else None
        self._branch(match["rest"] if match else "(", holds is not False)

    def _compared(self, what: str) -> conditions.Answer:
        expanded = self._expanded(what, empty=True)
        words = _words(re.sub(r"\s*==\s*", " == ", expanded))
        return conditions.batch(words)

    def _branch(self, rest: str, taken: bool) -> None:
        if rest.startswith("("):
            self.blocks.append(taken)
            inner = rest[1:].strip()
            closed = inner.endswith(")")
            if inner:
                self._statement(inner[:-1] if closed else inner)
            if closed:
                self.blocks.pop()
        elif taken and rest:
            self._statement(rest)

    def _simple(self, part: str) -> None:
        match = _SET.match(part)
        if match is None:
            self.found.append(_words(self._expanded(part)))
            return
        value = self._expanded(match["value"])
        name = match["name"].lower()
        self.values[name] = f"{_UNREAD}%{match['name']}%" if match["how"] else value

    def _expanded(self, text: str, *, empty: bool = False) -> str:
        """``text`` with its variables in it; one that isn't known is marked as unread."""

        def value(match: re.Match[str]) -> str:
            name = (match[1] or match[2] or "").lower()
            if _OWN_FOLDER.fullmatch(match[0]):
                return ".\\"  # from there relative paths are counted
            if name in self.values and ":" not in match[0]:
                return self.values[name]
            return "" if empty and name else f"{_UNREAD}{match[0]}"

        return "%".join(_VARIABLE.sub(value, part) for part in text.split("%%"))


def _parts(line: str) -> list[str]:
    """The commands of one line; a redirection and what follows it is left out."""
    parts, part, quoted, position = list[str](), "", False, 0
    while position < len(line):
        sign = line[position]
        quoted = quoted != (sign == '"')
        if sign == "^" and not quoted:
            part += line[position + 1 : position + 2]
            position += 1
        elif sign in "&|" and not quoted:
            parts.append(part)
            part = ""
        elif sign in "<>" and not quoted:
            end = re.compile(r"[<>]+\s*(?:&\d|\"[^\"]*\"|\S+)").match(line, position)
            part = re.sub(r"(?<=\s)\d$", "", part)
            position = (end.end() if end else len(line)) - 1
        else:
            part += sign
        position += 1
    return [part.strip() for part in (*parts, part) if part.strip()]


def _words(line: str) -> list[str]:
    """As the C runtime splits a command line: quotes, and backslashes before them."""
    words, word, quoted, begun, position = list[str](), "", False, False, 0
    while position < len(line):
        sign = line[position]
        if sign == "\\":
            run = re.compile(r"\\+").match(line, position)
            count = len(run[0]) if run else 1
            position += count
            before_quote = line[position : position + 1] == '"'
            word += "\\" * (count // 2 if before_quote else count)
            if before_quote and count % 2:
                word, position = word + '"', position + 1
            begun = True
            continue
        if sign == '"':
            quoted, begun = not quoted, True
        elif sign.isspace() and not quoted:
            words += [word] if begun else []
            word, begun = "", False
        else:
            word, begun = word + sign, True
        position += 1
    return [_marked(found) for found in (*words, *([word] if begun else []))]


def _marked(word: str) -> str:
    return Unread(word.replace(_UNREAD, "")) if _UNREAD in word else word
