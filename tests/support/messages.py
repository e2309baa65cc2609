"""Every message that the package can say, read out of its source: code -> English texts."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

from sd_scripts_bridge.messages import code_of

PACKAGE = Path(__file__).parents[2] / "sd_scripts_bridge"
ERRORS = {
    "BridgeError",
    "CannotGoOn",
    "Conflict",
    "NotFound",
    "PublishRefused",
    "TrainingFailed",
    "NoCaption",
}
PLACE = re.compile(r"\{(\w+)[^{}]*\}")
CODE = re.compile(r"[a-z][\w-]*(\.[\w-]+)+$")


@functools.cache
def said() -> dict[str, set[str]]:
    """Code -> its English texts; one that stands in several places should say the same in each."""
    found: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for code, text in _in_module(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(code, set()).add(text)
    for code, text in _from_data():
        found.setdefault(code, set()).add(text)
    return found


def places(text: str) -> set[str]:
    """The names of the values that ``text`` has a place for."""
    return set(PLACE.findall(text))


def _in_module(tree: ast.Module) -> Iterator[tuple[str, str]]:
    texts = _Texts(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        code = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
        if not isinstance(code, str) or not CODE.match(code):
            continue
        if name == "Problem":
            for argument, ending in zip(node.args[2:4], ("", ".remedy"), strict=False):
                yield from ((code + ending, text) for text in texts.of(argument))
        elif name in ERRORS | {"Message", "__init__"} and len(node.args) == 2:
            yield from ((code, text) for text in texts.of(node.args[1]))


class _Texts:
    """What an argument says: written out, or given a name above in the same module."""

    def __init__(self, tree: ast.Module) -> None:
        self._named: dict[str, list[tuple[int, str]]] = {}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Constant):
                continue
            target, text = node.targets[0], node.value.value
            if isinstance(target, ast.Name) and isinstance(text, str):
                self._named.setdefault(target.id, []).append((node.lineno, text))

    def of(self, argument: ast.expr) -> list[str]:
        if isinstance(argument, ast.Constant):
            return [argument.value] if isinstance(argument.value, str) and argument.value else []
        if isinstance(argument, ast.IfExp):
            return [*self.of(argument.body), *self.of(argument.orelse)]
        above = self._named.get(getattr(argument, "id", ""), [])
        before = [text for line, text in sorted(above) if line < argument.lineno]
        return before[-1:]


def _from_data() -> Iterator[tuple[str, str]]:
    """What stands in tables and files: failures, presets, the help of the options."""
    from sd_scripts_bridge.options import presets
    from sd_scripts_bridge.options.params import fields_of_params
    from sd_scripts_bridge.running.failures.table import TABLE

    yield from ((f"failure.{entry.name}", entry.sentence) for entry in TABLE)
    for preset in map(presets.get, presets.names()):
        for text in (preset.title, preset.why, preset.memory):
            if text:
                yield code_of(text), str(text)
    yield from ((f"option.{f.name}.help", f.metadata["help"]) for f in fields_of_params())


def without_a_code() -> list[str]:
    """Where a problem or an error is made whose first argument can't be a code."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id not in ERRORS | {"Problem"} or not node.args:
                continue
            first = node.args[0]
            literal = first.value if isinstance(first, ast.Constant) else None
            plain = isinstance(first, ast.JoinedStr) or (
                literal is not None and not CODE.match(str(literal))
            )
            if plain or (node.func.id == "Problem" and len(node.args) < 3):
                found.append(f"{path.relative_to(PACKAGE).as_posix()}:{node.lineno}")
    return found
