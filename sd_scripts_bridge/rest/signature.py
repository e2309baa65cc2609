"""What a route takes and answers, as the types of its handler say it.

``def stop(call: Call, job: int, body: StopBody) -> SentenceView``: the numbers of the address by
their names, ``query`` and ``body`` where there are any, and the answer; each a frozen dataclass.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from starlette.responses import Response

from ..shapes.marks import FromForm, bare, is_needed, kinds, named
from .bodies.photos import PngBody
from .routes import FILES, JSON, PARTS, PNG, Rule


@dataclass(frozen=True)
class Nothing:
    """No fields."""


@dataclass(frozen=True)
class Media:
    """The mark of an answer that is a file: ``Annotated[Response, Media("image/png")]``."""

    kind: str


@dataclass(frozen=True)
class Signature:
    """A handler with its types."""

    handler: Callable[..., Any]
    query: type[Any] | None
    body: type[Any]
    answer: Any
    """A dataclass, or None where the answer is a file."""
    media: str
    """The content type of the answer."""

    @property
    def takes(self) -> tuple[str, ...]:
        """The content types of the body."""
        if self.body is PngBody:
            return (PNG,)
        files = [name for name, kind in kinds(self.body).items() if _is_files(kind)]
        if not files:
            return (JSON,)
        return (FILES,) if is_needed(named(self.body)[files[0]]) else (FILES, JSON)


def signature_of(rule: Rule) -> Signature:
    """The handler of a route, imported when it is first asked for."""
    return _signature(rule.handler)


@functools.cache
def _signature(name: str) -> Signature:
    module, _, function = name.partition(":")
    handler = getattr(importlib.import_module(PARTS + module), function)
    types = get_type_hints(handler, include_extras=True)
    answer, marks = bare(types["return"])
    media = next((mark.kind for mark in marks if isinstance(mark, Media)), JSON)
    body = types.get("body", Nothing)
    return Signature(handler, types.get("query"), body, _shape(answer), media)


def _shape(answer: Any) -> Any:
    """The dataclass in ``answer``: a handler may also answer a response that is ready."""
    parts = get_args(answer) if get_origin(answer) in (Union, UnionType) else (answer,)
    shapes = [part for part in parts if get_origin(part) or not issubclass(part, Response)]
    return shapes[0] if shapes else None


def _is_files(kind: Any) -> bool:
    return FromForm.FILES in bare(kind)[1]
