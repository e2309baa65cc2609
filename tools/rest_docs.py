"""Writes the tables and shapes of docs/rest.md from the routes' own types; see also `rest_types`.

    python -m tools.rest_docs [--check]

What stands between ``<!-- routes of MODULE -->`` or ``<!-- shapes -->`` and ``<!-- end -->`` is
replaced; all else is written by hand.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from sd_scripts_bridge.rest.bodies.photos import PngBody
from sd_scripts_bridge.rest.routes import RULES, Rule
from sd_scripts_bridge.rest.signature import Nothing, Signature, signature_of
from sd_scripts_bridge.rest.views import ErrorView
from sd_scripts_bridge.shapes.marks import (
    ABSENT,
    Bounds,
    Example,
    FromForm,
    bare,
    choices_of,
    kinds,
    named,
    parts_of,
    title_of,
)
from sd_scripts_bridge.shapes.plain import plain

from . import rest_types

DOCUMENT = Path(__file__).parents[1] / "docs" / "rest.md"
WIDTH = 100
COMMENTS_AT = 42
BLOCK = re.compile(r"(<!-- (routes of (\w+)|shapes) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
WORDS: Mapping[Any, tuple[str, Any]] = {
    str: ("text", ""),
    bool: ("true or false", False),
    int: ("whole number", 0),
    float: ("number", 0.0),
    Path: ("absolute path", "/photos"),
    Any: ("any value", None),
}
"""A type in words, and what an example of it is where it has no `Example`."""
PLURALS = {"text": "texts", "whole number": "whole numbers", "absolute path": "absolute paths"}


def main() -> int:
    """Write the document, or with ``--check`` only say whether it is out of date."""
    parser = argparse.ArgumentParser(description="Write the generated parts of docs/rest.md.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if outdated")
    check = parser.parse_args().check
    old = DOCUMENT.read_text(encoding="utf-8")
    new = renewed(old)
    if not check:
        DOCUMENT.write_text(new, encoding="utf-8", newline="\n")
        rest_types.main()
        return 0
    if new != old:
        print("docs/rest.md is out of date: python -m tools.rest_docs", file=sys.stderr)
    return int(new != old)


def renewed(text: str) -> str:
    """The document with its generated parts as they are now."""

    def block(found: re.Match[str]) -> str:
        lines = routes(found[3]) if found[3] else shapes()
        return "\n".join([found[1].rstrip(), "", *lines, found[5]])

    return BLOCK.sub(block, text)


# ---- routes ----


def routes(module: str) -> Iterator[str]:
    """A table of the routes whose handlers lie in ``module``, and what each does."""
    rules = [rule for rule in RULES if rule.handler.partition(":")[0] == module]
    yield "| route | takes | answers | errors |"
    yield "|---|---|---|---|"
    for rule in rules:
        types, errors = signature_of(rule), ", ".join(map(str, rule.errors))
        local = " *local*" if rule.only_local else ""
        row = (f"`{address(rule)}`{local}", _takes(types), _answers(types), errors)
        yield f"| {' | '.join(row)} |"
    yield ""
    for rule in rules:
        yield from _about(rule, signature_of(rule))
    yield ""


def address(rule: Rule) -> str:
    """ "POST jobs/ID/stop"."""
    names = {"job": "ID", "pid": "ID", "number": "N"}
    path = re.sub(r"\{(\w+)\}", lambda found: names[found[1]], rule.path)
    return f"{rule.method} {path.lstrip('/')}"


def _takes(types: Signature) -> str:
    query = [f"`{name}`" for name in named(types.query)] if types.query else []
    kinds_of_body = {Nothing: [], PngBody: ["image/png"]}
    body = kinds_of_body.get(types.body, [_title(types.body)])
    return ", ".join([*body, *query])


def _answers(types: Signature) -> str:
    return _title(types.answer) if is_dataclass(types.answer) else types.media


def _title(cls: Any) -> str:
    return f"`{title_of(cls)}`"


def _about(rule: Rule, types: Signature) -> Iterator[str]:
    paragraphs = [
        " ".join(text.split()).replace("``", "`")
        for text in (types.handler.__doc__ or "").split("\n\n")
    ]
    yield from _wrapped(f"* `{address(rule)}`: {' '.join(paragraphs)}", "  ")
    for name, kind in kinds(types.query).items() if types.query else ():
        default = named(types.query)[name].default if types.query else MISSING
        usual = f" ({default})" if default not in (MISSING, None, "") else ""
        text = "; ".join(filter(None, [_text(kind), _limits(kind), _choices(kind)]))
        yield from _wrapped(
            f"  - `{name}`{usual}: {text}" if text else f"  - `{name}`{usual}", "    "
        )


# ---- shapes ----


def shapes() -> Iterator[str]:
    """Every shape that a route takes or answers, as an example with comments."""
    found: dict[str, type[Any]] = {}
    for rule in RULES:
        types = signature_of(rule)
        for cls in (types.body, types.answer):
            if cls is not PngBody:
                _collect(cls, found)
    _collect(ErrorView, found)
    found.pop(Nothing.__name__)
    for name in sorted(found):
        yield f"### {name}"
        yield ""
        yield from _wrapped(" ".join((found[name].__doc__ or "").split()).replace("``", "`"))
        yield ""
        yield "```jsonc"
        yield from object_lines(found[name])
        yield "```"
        yield ""


def _collect(kind: Any, found: dict[str, type[Any]]) -> None:
    kind, marks = bare(kind)
    if FromForm.FILES in marks:
        return
    if is_dataclass(kind) and isinstance(kind, type):
        if title_of(kind) not in found:
            found[title_of(kind)] = kind
            for part in kinds(kind).values():
                _collect(part, found)
    else:
        for part in get_args(kind):
            _collect(part, found)


def object_lines(cls: type[Any], indent: str = "") -> Iterator[str]:
    """An example of ``cls`` as JSON with a comment for each field."""
    yield "{"
    last = [*named(cls)][-1]
    for name, field in named(cls).items():
        comma, kind = "" if name == last else ",", kinds(cls)[name]
        shape = _expanded(kind)
        comment = _comment(kind, field)
        if shape is None:
            value = json.dumps(example(kind, field), ensure_ascii=False)
            yield from _commented(f'{indent}  "{name}": {value}{comma}', comment, indent)
            continue
        first, *inner = object_lines(shape, indent + "  ")
        yield from _commented(f'{indent}  "{name}": {first}', comment, indent)
        yield from inner[:-1]
        yield inner[-1] + comma
    yield indent + "}"


def _expanded(kind: Any) -> type[Any] | None:
    """The dataclass whose fields the example shows in its place."""
    parts, may_be_null = parts_of(bare(kind)[0])
    if may_be_null or any(isinstance(mark, Example) for mark in bare(kind)[1]):
        return None
    part = bare(parts[0])[0]
    return part if len(parts) == 1 and is_dataclass(part) else None  # type: ignore[return-value]


def _commented(code: str, comment: str, indent: str) -> Iterator[str]:
    """The line with its comment at its side, or above it where it is long."""
    if not comment:
        yield code
    elif len(code) < COMMENTS_AT:
        first, *more = textwrap.wrap(comment, WIDTH - COMMENTS_AT - 3)
        yield f"{code:<{COMMENTS_AT}}// {first}"
        yield from (f"{'':<{COMMENTS_AT}}// {line}" for line in more)
    else:
        yield from (f"{indent}  // {line}" for line in textwrap.wrap(comment, 80))
        yield code


def example(kind: Any, field: Field[Any] | None = None) -> Any:
    """What a field of this type may hold: its `Example`, its default, else the plainest."""
    inner, marks = bare(kind)
    told = [mark.value for mark in marks if isinstance(mark, Example)]
    if told:
        return told[0]
    if field is not None and field.default not in (MISSING, ABSENT):
        return plain(field.default)
    parts, may_be_null = parts_of(inner)
    if choices_of(kind) or (len(parts) == 1 and parts[0] is inner):
        return _plainest(kind)
    return None if may_be_null else example(parts[0])


def _plainest(kind: Any) -> Any:
    inner, marks = bare(kind)
    if choices_of(kind):
        return choices_of(kind)[0]
    least = next((mark.least for mark in marks if isinstance(mark, Bounds)), 0)
    if inner in WORDS:
        return max(least, 0) if inner is int else WORDS[inner][1]
    if issubclass(get_origin(inner) or inner, Mapping):
        return {}
    return [example(get_args(inner)[0])] * least if least else []


def _comment(kind: Any, field: Field[Any]) -> str:
    optional = "" if field.default is MISSING and field.default_factory is MISSING else "optional"
    about = "; ".join(filter(None, [_limits(kind), _text(kind)]))
    said = [optional, words(kind)]
    by = "; " if re.match(r"\S+: ", about) else ": "
    return ", ".join(filter(None, said)) + (by + about if about else "")


def words(kind: Any) -> str:
    """A type in words."""
    inner, marks = bare(kind)
    if FromForm.FILES in marks:
        return "files of a form"
    parts, may_be_null = parts_of(inner)
    told = [_choices(kind)] if choices_of(kind) else [_word(part) for part in parts]
    return " or ".join([*told, *(["null"] if may_be_null else [])])


def _word(kind: Any) -> str:
    inner = bare(kind)[0]
    if inner is not kind or choices_of(kind):
        return words(kind)
    if inner in WORDS:
        return WORDS[inner][0]
    if is_dataclass(inner):
        return title_of(inner)  # type: ignore[arg-type]
    origin, parts = get_origin(inner), get_args(inner)
    if issubclass(origin or inner, Mapping):
        return "object"
    one = words(parts[0])
    return f"list of {PLURALS.get(one, one)}" if len(parts) == 1 or Ellipsis in parts else "list"


def _choices(kind: Any) -> str:
    quoted = [f'"{choice}"' for choice in choices_of(kind)]
    return " or ".join(filter(None, [", ".join(quoted[:-1]), *quoted[-1:]]))


def _text(kind: Any) -> str:
    return next((mark for mark in bare(kind)[1] if isinstance(mark, str)), "")


def _limits(kind: Any) -> str:
    """The bounds of a type, or of one in it, with their unit."""
    inner, marks = bare(kind)
    bounds = next((mark for mark in marks if isinstance(mark, Bounds)), None)
    parts = parts_of(inner)[0]
    if bounds is None:
        return _limits(parts[0]) if parts[0] is not kind else ""
    unit = {str: " characters", int: "", float: ""}.get(parts[0], " entries")
    least = f"{bounds.least:,} to " if bounds.least or not unit else "up to "
    return f"{least}{bounds.most:,}{unit}"


def _wrapped(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


if __name__ == "__main__":
    sys.exit(main())
