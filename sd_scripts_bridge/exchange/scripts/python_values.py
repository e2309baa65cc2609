"""What a Python expression comes to where the text alone says it; nothing is imported or run.

Anything else is `Unread`: the expression as it stands.
"""

from __future__ import annotations

import ast
import operator
import posixpath
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...system import toml_file
from ..settling.work import Unread

MOST = 100_000
_BINARY: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
}
_COMPARED: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
_KINDS = {kind.__name__: kind for kind in (int, float, str, bool, list, dict, tuple)}
_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    **{kind.__name__: kind for kind in (int, float, str, bool, len, list, dict, round, min, max)},
    "any": any,
    "all": all,
    "os.path.join": posixpath.join,
    "toml.dumps": lambda value: value,
    "toml.loads": lambda text: toml_file.loads(text),
}
_METHODS = frozenset(
    {"lower", "upper", "strip", "split", "replace", "startswith", "endswith", "removesuffix"}
    | {"format", "join", "items", "keys", "values", "get"}
)
_FAILS = (
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    MemoryError,
)


class Values:
    """The names that have a value so far, and what expressions of them come to."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {"None": None}
        self.called: Callable[[str, Sequence[Any]], Any] | None = None
        """What to do where another function is called, with the values that it is given."""

    def of(self, node: ast.expr | None) -> Any:
        """The value of an expression, or `Unread`."""
        if node is None:
            return None
        try:
            found = self._of(node)
        except _FAILS:
            return Unread(ast.unparse(node))
        too_long = isinstance(found, (str, list, tuple)) and len(found) > MOST
        return Unread(ast.unparse(node)) if too_long else found

    def truth(self, node: ast.expr) -> bool | None:
        """Whether a condition holds; None where the text doesn't say."""
        found = self.of(node)
        return None if isinstance(found, Unread) else bool(found)

    def _of(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self.names.get(node.id, Unread(node.id))
        if isinstance(node, (ast.List, ast.Tuple)):
            return [self.of(item) for item in node.elts]
        if isinstance(node, ast.Dict):
            pairs = zip(node.keys, node.values, strict=True)
            return {self._known(key): self.of(value) for key, value in pairs if key is not None}
        if isinstance(node, ast.IfExp):
            return self.of(node.body if self._known(node.test) else node.orelse)
        if isinstance(node, ast.JoinedStr):
            return "".join(str(self._part(part)) for part in node.values)
        if isinstance(node, ast.BoolOp):
            return self._either(node)
        if isinstance(node, ast.UnaryOp):
            return self._unary(node)
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            compare = _COMPARED[type(node.ops[0])]
            return compare(self._known(node.left), self._known(node.comparators[0]))
        if isinstance(node, ast.Subscript):
            return self._known(node.value)[self._known(node.slice)]
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.DictComp)):
            return self._comprehension(node)
        return Unread(ast.unparse(node))

    def _known(self, node: ast.expr | None) -> Any:
        """The value of ``node``; ValueError where it is `Unread`."""
        found = self.of(node)
        if isinstance(found, Unread):
            raise ValueError(found)
        return found

    def _part(self, part: ast.expr) -> Any:
        if isinstance(part, ast.FormattedValue):
            if part.format_spec is not None or part.conversion not in (-1, 115):
                raise ValueError("a format")
            return self._known(part.value)
        return self._known(part)

    def _either(self, node: ast.BoolOp) -> Any:
        """``a or b``, ``a and b``: the first that decides."""
        found: Any = None
        for value in node.values:
            found = self._known(value)
            if bool(found) == isinstance(node.op, ast.Or):
                return found
        return found

    def _unary(self, node: ast.UnaryOp) -> Any:
        value = self._known(node.operand)
        if isinstance(node.op, ast.Not):
            return not value
        return -value if isinstance(node.op, ast.USub) else +value

    def _binary(self, node: ast.BinOp) -> Any:
        left, right = self._known(node.left), self._known(node.right)
        if isinstance(node.op, ast.Mult) and not (_number(left) and _number(right)):
            raise ValueError("repeated")
        return _BINARY[type(node.op)](left, right)

    def _call(self, node: ast.Call) -> Any:
        name = ast.unparse(node.func)
        if name in _FUNCTIONS and not node.keywords:
            return _FUNCTIONS[name](*map(self._known, node.args))
        if name == "isinstance" and len(node.args) == 2:
            named = {word.id for word in ast.walk(node.args[1]) if isinstance(word, ast.Name)}
            return isinstance(self._known(node.args[0]), tuple(_KINDS[kind] for kind in named))
        if name in ("globals", "locals"):
            return self.names
        if isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS:
            owner = self._known(node.func.value)
            if isinstance(owner, (str, dict)):
                found = getattr(owner, node.func.attr)(*map(self._known, node.args))
                return [*found] if node.func.attr in ("items", "keys", "values") else found
        if not node.keywords and self.called is not None:
            return self.called(name, [self.of(argument) for argument in node.args])
        return Unread(ast.unparse(node))

    def _comprehension(self, node: ast.ListComp | ast.GeneratorExp | ast.DictComp) -> Any:
        loop = node.generators[0]
        before, found = dict(self.names), list[Any]()
        for item in [*self._known(loop.iter)][:MOST]:
            self.bind(loop.target, item)
            if all(self.truth(test) is not False for test in loop.ifs):
                found.append(
                    (self._known(node.key), self.of(node.value))
                    if isinstance(node, ast.DictComp)
                    else self.of(node.elt)
                )
        self.names = before
        return dict(found) if isinstance(node, ast.DictComp) else found

    def bind(self, target: ast.expr, value: Any) -> None:
        """Carry out ``target = value``."""
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            parts = value if isinstance(value, (list, tuple)) else []
            for position, part in enumerate(target.elts):
                known = position < len(parts)
                self.bind(part, parts[position] if known else Unread(ast.unparse(part)))
        elif isinstance(target, ast.Subscript):
            owner, key = self.of(target.value), self.of(target.slice)
            unread = isinstance(key, Unread) or isinstance(value, Unread)
            if isinstance(owner, dict) and not unread:
                owner[key] = value


def _number(value: Any) -> bool:
    return isinstance(value, (int, float))
