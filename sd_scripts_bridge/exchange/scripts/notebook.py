"""A notebook (.ipynb) followed as far as its own text goes: the values of its forms, the settings
that it writes into TOML files, and the commands behind ``!``.

Nothing is run. Cells count in the order in which they were run, where the notebook remembers it.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from ..settling.work import Unread
from . import bash
from .python_values import Values

_SHELL = re.compile(r"^(\s*)!(.*)$")
_MAGIC = re.compile(r"^(\s*)%(?!%)(.*)$")
_BRACES = re.compile(r"\{([^{}\n]+)\}")
_DOLLAR = re.compile(r"\$\{?(\w+)\}?")
_CALL = "__command__"
MOST_ROUNDS = 500
DEEPEST = 20


class FollowedNotebook(NamedTuple):
    """What a notebook does: its commands as words, and the tables that it writes, by file name."""

    commands: list[list[str]]
    files: Mapping[str, Mapping[str, Any]]


def follow(text: str) -> FollowedNotebook:
    """Raises ValueError for what is no notebook."""
    data = json.loads(text)
    cells = data.get("cells") if isinstance(data, dict) else None
    if not isinstance(cells, list):
        raise ValueError("it has no cells")
    run = _Run()
    for source in _sources(cells):
        run.cell(source)
    return FollowedNotebook(run.commands, run.files)


def _sources(cells: Sequence[Any]) -> Iterator[str]:
    code = [cell for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]
    counts = [cell.get("execution_count") for cell in code]
    if any(isinstance(count, int) for count in counts):
        code = [cell for cell in code if isinstance(cell.get("execution_count"), int)]
        code.sort(key=lambda cell: int(cell["execution_count"]))
    for cell in code:
        source = cell.get("source", "")
        yield source if isinstance(source, str) else "".join(map(str, source))


class _ReturnedError(Exception):
    """A function that is followed has come to its ``return``."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value


class _Run:
    """The notebook's own course."""

    def __init__(self) -> None:
        self.values = Values()
        self.values.called = self._called
        self.functions: dict[str, ast.FunctionDef] = {}
        self.commands: list[list[str]] = []
        self.files: dict[str, Mapping[str, Any]] = {}
        self.open_files: dict[str, str] = {}
        self.depth = 0
        self.computes = False
        """In a function of parameters, which is called for what it returns; the early ends of one
        without are those of a form that isn't filled in.
        """

    def cell(self, source: str) -> None:
        if source.lstrip().startswith(("%%bash", "%%sh", "%%shell")):
            self.commands += bash.commands(source.split("\n", 1)[-1])
            return
        try:
            tree = ast.parse(_python(source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.commands += bash.commands(self._filled("\n".join(_shell_lines(source))))
            return
        self._block(tree.body)

    def _block(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.FunctionDef):
            self.functions[node.name] = node
        elif isinstance(node, ast.Return) and self.computes:
            raise _ReturnedError(self.values.of(node.value))
        elif isinstance(node, ast.Assign):
            value = self.values.of(node.value)
            for target in node.targets:
                self.values.bind(target, value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self.values.bind(node.target, self.values.of(node.value))
        elif isinstance(node, ast.AugAssign):
            both = ast.BinOp(_loaded(node.target), node.op, node.value)
            self.values.bind(node.target, self.values.of(both))
        elif isinstance(node, ast.If):
            self._if(node)
        elif isinstance(node, ast.For):
            self._for(node)
        elif isinstance(node, ast.With):
            self._with(node)
        elif isinstance(node, (ast.Try, ast.While)):
            self._block(node.body)
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self._call(node.value)

    def _if(self, node: ast.If) -> None:
        """Where the text doesn't say how it turns out, the values stay as the forms show them."""
        self._block(node.body if self.values.truth(node.test) else node.orelse)

    def _for(self, node: ast.For) -> None:
        items = self.values.of(node.iter)
        known = isinstance(items, (list, dict)) and not isinstance(items, Unread)
        for item in [*items][:MOST_ROUNDS] if known else [Unread(ast.unparse(node.target))]:
            self.values.bind(node.target, item)
            self._block(node.body)

    def _with(self, node: ast.With) -> None:
        for item in node.items:
            call, name = item.context_expr, item.optional_vars
            opens = isinstance(call, ast.Call) and ast.unparse(call.func) == "open" and call.args
            if opens and isinstance(name, ast.Name) and isinstance(call, ast.Call):
                self.open_files[name.id] = str(self.values.of(call.args[0]))
        self._block(node.body)

    def _called(self, name: str, given: Sequence[Any]) -> Any:
        """A function of the notebook is followed where it is called, and gives what it returns."""
        function = self.functions.get(name)
        if function is None or self.depth >= DEEPEST:
            return Unread(f"{name}()")
        parameters = [parameter.arg for parameter in function.args.args]
        before = {key: self.values.names[key] for key in parameters if key in self.values.names}
        computed, self.computes = self.computes, bool(parameters)
        self.values.names |= zip(parameters, given, strict=False)
        self.depth += 1
        try:
            self._block(function.body)
        except _ReturnedError as returned:
            return returned.value
        finally:
            self.depth, self.computes = self.depth - 1, computed
            self.values.names |= before
        return Unread(f"{name}()")

    def _call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func)
        owner, _, method = name.rpartition(".")
        if name == _CALL:
            self.commands += bash.commands(self._filled(str(self.values.of(node.args[0]))))
        elif method == "write" and owner in self.open_files and node.args:
            self._write(owner, self.values.of(node.args[0]))
        elif name == "toml.dump" and len(node.args) == 2:
            self._write(ast.unparse(node.args[1]), self.values.of(node.args[0]))
        elif method in ("append", "extend") and node.args:
            held, value = self.values.names.get(owner), self.values.of(node.args[0])
            if isinstance(held, list):
                many = method == "extend" and isinstance(value, list)
                held.extend(value if many else [value])
        else:
            self.values.of(node)

    def _write(self, owner: str, value: Any) -> None:
        if isinstance(value, dict) and owner in self.open_files:
            self.files[PurePosixPath(self.open_files[owner]).name] = value

    def _filled(self, line: str) -> str:
        """A command with the notebook's own values in it, each as one word; a value that stands
        alone is the whole command.
        """
        alone = bool(_BRACES.fullmatch(line.strip()))

        def value(match: re.Match[str]) -> str:
            try:
                found = self.values.of(ast.parse(match[1], mode="eval").body)
            except (SyntaxError, ValueError):
                return match[0]
            if isinstance(found, Unread) or not isinstance(found, (str, int, float)):
                return match[0] if match[0].startswith("$") else "${" + match[1] + "}"
            return str(found) if alone else str(found).replace("\\", "\\\\").replace(" ", "\\ ")

        return _DOLLAR.sub(value, _BRACES.sub(value, line))


# ---- text ----


def _loaded(target: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(target), mode="eval").body


def _python(source: str) -> str:
    """The cell as Python can read it: what stands behind ``!`` becomes a call."""
    lines = source.replace("\r\n", "\n").split("\n")
    found, position = list[str](), 0
    while position < len(lines):
        line = lines[position]
        shell, magic = _SHELL.match(line), _MAGIC.match(line)
        if shell or magic:
            while line.endswith("\\") and position + 1 < len(lines):
                position += 1
                line = line[:-1] + " " + lines[position].strip()
            indent = (shell or magic or [""])[1] if (shell or magic) else ""
            command = line.strip()[1:]
            found.append(f"{indent}{_CALL}({command!r})" if shell else f"{indent}pass")
        else:
            found.append(line)
        position += 1
    return "\n".join(found)


def _shell_lines(source: str) -> Iterator[str]:
    """The commands of a cell that isn't Python."""
    goes_on = False
    for line in source.split("\n"):
        match = _SHELL.match(line)
        if match or goes_on:
            yield match[2] if match else line
        goes_on = (bool(match) or goes_on) and line.rstrip().endswith("\\")
