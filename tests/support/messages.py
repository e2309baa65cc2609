"""Every message that the package can say, read out of its source: code -> English texts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "sd_scripts_bridge"
ERRORS = {"BridgeError", "NotFound", "Conflict", "TrainingFailed", "PublishRefused"}
PLACE = re.compile(r"\{(\w+)[^{}]*\}")
CODE = re.compile(r"[a-z][\w-]*(\.[\w-]+)+$")


def said() -> dict[str, set[str]]:
    """Code -> its English texts; one that stands in several places should say the same in each."""
    found: dict[str, set[str]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for code, text in _in_module(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(code, set()).add(text)
    for code, text in _failures():
        found.setdefault(code, set()).add(text)
    return found


def places(text: str) -> set[str]:
    """The names of the values that ``text`` has a place for."""
    return set(PLACE.findall(text))


def _in_module(tree: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        words = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
        texts = [word if isinstance(word, str) else "" for word in words]
        if name == "Problem" and len(node.args) > 2 and isinstance(node.args[0], ast.Constant):
            code = str(node.args[0].value)
            for argument, ending in zip(node.args[2:4], ("", ".remedy"), strict=False):
                if isinstance(argument, ast.Constant) and argument.value:
                    yield code + ending, str(argument.value)
        elif name in ERRORS | {"Message"} and len(texts) == 2 and len(node.args) == 2:
            yield texts[0], texts[1]


def _failures() -> Iterator[tuple[str, str]]:
    from sd_scripts_bridge.running.failures.table import TABLE

    yield from ((f"failure.{entry.name}", entry.sentence) for entry in TABLE)


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
