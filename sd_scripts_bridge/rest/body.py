"""The body of a POST as it comes in: JSON in memory, files straight onto the disk."""

from __future__ import annotations

import importlib
import json
import math
import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Any

from starlette.concurrency import run_in_threadpool

from ..errors import BridgeError, Invalid, Problem
from ..messages import Message
from ..page.draft.intake import Upload

JSON_LIMIT = 16 << 20
"""Bytes of a body without files."""
FILES_LIMIT = 8 << 30
"""Bytes of a body with files."""
FIELD_LIMIT = 64 << 10
MOST_FILES = 5000
WRITTEN_AT_ONCE = 1 << 20
"""Bytes that are kept in memory before they are written."""
ROOM_LEFT = 100 << 20
"""Bytes that an upload leaves free on the disk."""


class Refused(BridgeError):
    """A request that is not let in."""

    def __init__(self, status: int, sentence: str) -> None:
        self.status = status
        super().__init__(sentence)


async def read_json(stream: AsyncIterator[bytes], stated: int) -> dict[str, Any]:
    """The JSON object. ``stated``: bytes, as the request says. Raises `Refused` or `Invalid`."""
    return await run_in_threadpool(parsed, await read_bytes(stream, stated))


async def read_bytes(stream: AsyncIterator[bytes], stated: int) -> bytes:
    """The body as it is. Raises `Refused` for more than `JSON_LIMIT`."""
    parts, size = [], 0
    _refuse_size(stated, JSON_LIMIT)
    async for part in stream:
        size += len(part)
        _refuse_size(size, JSON_LIMIT)
        parts.append(part)
    return b"".join(parts)


def parsed(raw: bytes) -> dict[str, Any]:
    """The object that ``raw`` is as JSON. Raises `Invalid`."""
    try:
        body = json.loads(raw, parse_constant=_no_number, parse_float=_finite) if raw else {}
    except (ValueError, RecursionError):
        raise Invalid(
            [Problem("doors.requests_body_json", "", "The request's body is not JSON")]
        ) from None
    if not isinstance(body, dict):
        problem = Problem(
            "doors.requests_body_json_object", "", "The request's body is not a JSON object"
        )
        raise Invalid([problem])
    return body


async def read_files(
    stream: AsyncIterator[bytes], stated: int, boundary: bytes, folder: Path
) -> Receiver:
    """Writes what comes into ``folder``, a megabyte at a time and off the event loop.

    Raises `Refused` or `Invalid`.
    """
    _refuse_size(stated, FILES_LIMIT)
    receiver = await run_in_threadpool(Receiver, boundary, folder, stated)
    size, waiting = 0, bytearray()
    try:
        async for part in stream:
            size += len(part)
            _refuse_size(size, FILES_LIMIT)
            waiting += part
            if len(waiting) >= WRITTEN_AT_ONCE:
                await run_in_threadpool(receiver.write, bytes(waiting))
                waiting.clear()
        await run_in_threadpool(receiver.write, bytes(waiting))
        receiver.end()
    finally:
        receiver.close()
    return receiver


class Receiver:
    """The parts of a multipart body: files in ``folder``, numbered, and the texts beside them."""

    def __init__(self, boundary: bytes, folder: Path, stated: int) -> None:
        self.files: list[Upload] = []
        self.fields: dict[str, str] = {}
        self._folder = folder
        folder.mkdir(parents=True)
        _refuse_full(folder, stated)
        self._out: IO[bytes] | None = None
        self._name = self._header = self._value = self._text = b""
        self._is_whole = False
        names = ("part_begin", "header_field", "header_value", "header_end", "headers_finished")
        names += ("part_data", "part_end", "end")  # type: ignore[assignment]
        callbacks = {f"on_{name}": getattr(self, f"_{name}") for name in names}
        self._library = _multipart()
        self._parser = self._library.MultipartParser(boundary, callbacks)

    def write(self, data: bytes) -> None:
        """Take more of the body. Raises `Invalid` for anything but a multipart body."""
        try:
            if data:
                self._parser.write(data)
        except self._library.MultipartParseError as error:
            raise _damaged() from error

    def end(self) -> None:
        """Raises `Invalid` where the body broke off."""
        if not self._is_whole:
            raise _damaged()

    def close(self) -> None:
        if self._out is not None:
            self._out.close()
            self._out = None

    # ---- what the parser calls ----

    def _part_begin(self) -> None:
        self._header = self._value = self._text = self._name = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, said = self._library.parse_options_header(self._value)
            self._name = said.get(b"name", b"")
            if b"filename" in said:
                self._begin_file(_own_name(said[b"filename"].decode("utf-8", "replace")))
        self._header = self._value = b""

    def _begin_file(self, name: str) -> None:
        if len(self.files) >= MOST_FILES:
            raise Refused(
                413,
                Message(
                    "body.too_many_files",
                    "These are more than {most} files at once. Send fewer, or a zip.",
                    most=MOST_FILES,
                ),
            )
        path = self._folder / str(len(self.files))
        self._out = path.open("xb")
        self.files.append(Upload(name, path))

    def _headers_finished(self) -> None:
        pass

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._out is not None:
            self._out.write(memoryview(data)[start:end])
            return
        self._text += data[start:end]
        _refuse_size(len(self._text), FIELD_LIMIT)

    def _part_end(self) -> None:
        if self._out is None:
            self.fields[self._name.decode("utf-8", "replace")] = self._text.decode(
                "utf-8", "replace"
            )
        self.close()

    def _end(self) -> None:
        self._is_whole = True


def _own_name(sent: str) -> str:
    """A file's own name: browsers escape a quotation mark and the ends of lines, and nothing else
    (HTML, "multipart/form-data encoding algorithm").
    """
    return sent.replace("%22", '"').replace("%0D", "\r").replace("%0A", "\n")


def boundary_of(content_type: str) -> bytes:
    """The line between the parts. Raises `Refused` where the request doesn't say it."""
    _, said = _multipart().parse_options_header(content_type)
    if not said.get(b"boundary"):
        raise Refused(415, Message("body.no_boundary", "This multipart body names no boundary."))
    return bytes(said[b"boundary"])


def aside(home: Path) -> Path:
    """A folder for one upload, on the disk where the draft's photos lie."""
    return home / "draft" / f".upload.{os.getpid()}-{os.urandom(4).hex()}.part"


def _multipart() -> Any:
    """python-multipart, which gradio brings; until 0.0.13 it had a shorter name."""
    try:
        return importlib.import_module("python_multipart.multipart")
    except ImportError:
        return importlib.import_module("multipart.multipart")


def _refuse_size(size: int, most: int) -> None:
    if size > most:
        raise Refused(
            413,
            Message(
                "rest.too_large",
                "This is more than {megabytes} MB at once. Send fewer photos at a time, "
                "or give their folder.",
                megabytes=most >> 20,
            ),
        )


def _refuse_full(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed + ROOM_LEFT > free:
        raise Refused(
            413,
            Message(
                "body.disk_full",
                "This needs {needed} MB, and {free} MB are free on the disk of {folder}.",
                needed=needed >> 20,
                free=free >> 20,
                folder=folder.parent,
            ),
        )


def _damaged() -> Invalid:
    return Invalid(
        [Problem("body.broken_off", "files", "did not arrive whole", "Send them again.")]
    )


def _finite(digits: str) -> float:
    """Raises `Invalid` for 1e999, which Python reads as infinity and JSON can't say again."""
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits)


def _no_number(word: str) -> float:
    raise Invalid(
        [
            Problem(
                "doors.number_can_used",
                "",
                "{word} is not a number that can be used",
                "Send one with fewer digits.",
                word=word[:40],
            )
        ]
    )
