"""A sentence for the user that knows what it says: its code, and the values in it.

A `Message` is a str, the English sentence, so whatever only prints or stores it needs to know
nothing more. Whoever translates it goes by ``code`` and fills ``values`` into a text of its own;
nobody takes a sentence apart to find out what it says.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from typing import Any

Value = Any
"""What may stand in a message: a str, a number, or another `Message`."""


class Message(str):
    """``Message("job.is_over", "Job {job} is over.", job=7)``.

    A place may choose between one and many: ``"{count} {count:photo|photos}"``. A place without a
    value raises KeyError: that is a defect of ours, which every test that meets it shows.
    """

    code: str
    values: Mapping[str, Value]

    def __new__(cls, code: str, text: str, /, **values: Value) -> Message:
        values = {name: _said(value) for name, value in values.items()}
        return cls.stored(code, _FILLER.vformat(text, (), values) if values else text, values)

    @classmethod
    def stored(cls, code: str, english: str, values: Mapping[str, Value]) -> Message:
        """A message whose English is filled in already, as `as_dict` kept it."""
        message = super().__new__(cls, english)
        message.code, message.values = code, dict(values)
        return message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).stored, (self.code, str(self), self.values)

    def __deepcopy__(self, memo: dict[int, Any]) -> Message:
        return self  # it never changes

    def as_dict(self) -> dict[str, Any]:
        """Code, English and values, those that are messages in the same form: plain data."""
        values = {name: _plain(value) for name, value in self.values.items()}
        return {"code": self.code, "text": str(self), "values": values}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Message:
        """The message that `as_dict` described. Raises KeyError for other data."""
        values = {name: _lively(value) for name, value in data["values"].items()}
        return cls.stored(str(data["code"]), str(data["text"]), values)


def joined(messages: Iterable[str], by: str = " ") -> str:
    """Several messages as one, ``by`` between them, each still known by its code."""
    parts = [part for part in messages if part]
    if len(parts) < 2:
        return parts[0] if parts else ""
    names = {f"part{number}": part for number, part in enumerate(parts, 1)}
    return Message("joined", by.join(f"{{{name}}}" for name in names), **names)


def code_of(text: str) -> str:
    """The message's code, empty for text that is none."""
    return text.code if isinstance(text, Message) else ""


def found_in(data: Any) -> dict[str, dict[str, Any]]:
    """Every message in plain data: English -> {code, values}; what REST sends beside an answer."""
    found: dict[str, dict[str, Any]] = {}
    _collect(data, found)
    return found


_NO_MESSAGES = frozenset({str, int, float, bool, type(None)})


def _collect(data: Any, found: dict[str, dict[str, Any]]) -> None:
    if isinstance(data, Message):
        told = data.as_dict()
        found[told["text"]] = {"code": told["code"], "values": told["values"]}
    elif isinstance(data, Mapping):
        _collect([*data.values()], found)
    elif isinstance(data, (list, tuple)):
        for value in data:
            if type(value) not in _NO_MESSAGES:
                _collect(value, found)


def _said(value: Value) -> Value:
    """An exception of ours by its own message."""
    return getattr(value, "message", value) if isinstance(value, Exception) else value


def _plain(value: Value) -> Any:
    if isinstance(value, Message):
        return value.as_dict()
    return value if isinstance(value, (str, int, float)) else str(value)


def _lively(value: Any) -> Value:
    return Message.from_dict(value) if isinstance(value, dict) else value


class _Filler(string.Formatter):
    """`str.format` that also knows ``{count:photo|photos}``."""

    def format_field(self, value: Any, format_spec: str) -> str:
        one, bar, many = format_spec.partition("|")
        if bar:
            return one if value == 1 else many
        return str(super().format_field(value, format_spec))


_FILLER = _Filler()
