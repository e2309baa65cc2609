"""The header of a .safetensors file: reading it with suspicion, copying a file under other
metadata, its hashes.

A file is eight bytes (the header's length, little-endian), the header (JSON), then the tensors'
bytes without a gap. What the safetensors library refuses is refused here too, before a training run
gets as far as that.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import stat
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from ..errors import Invalid, Problem
from ..messages import Message

HEADER_LIMIT = 100_000_000
RANK_LIMIT = 64
CHUNK = 1 << 20
LEGACY_OFFSET, LEGACY_SIZE = 0x100000, 0x10000
AGAIN = Message("safetensors.download_copy_again", "Download or copy it again.")

BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "U16": 16,
    "I16": 16,
    "U32": 32,
    "I32": 32,
    "U64": 64,
    "I64": 64,
    "F64": 64,
    "F32": 32,
    "F16": 16,
    "BF16": 16,
    "C64": 64,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "F8_E8M0": 8,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "F4": 4,
}
"""Bits of one number, by the format's name."""

_IMPOSTORS = (
    (
        b"PK\x03\x04",
        Message("safetensors.pytorch_zip_file_under", "a PyTorch or zip file under another name"),
    ),
    (
        b"\x80",
        Message(
            "safetensors.pickled_pytorch_file_under", "a pickled PyTorch file under another name"
        ),
    ),
    (
        b"version https://git-lfs",
        Message("safetensors.git_lfs_pointer_file", "a git-lfs pointer, not the file itself"),
    ),
    (b"<", Message("safetensors.web_page_file_itself", "a web page, not the file itself")),
    (b"GGUF", Message("safetensors.gguf_file_under_another", "a GGUF file under another name")),
)


class TensorInfo(NamedTuple):
    """One tensor; ``begin`` and ``end`` count from the end of the header."""

    dtype: str
    shape: tuple[int, ...]
    begin: int
    end: int


@dataclass(frozen=True)
class Header:
    """What a file says about itself.

    ``tensors`` are in the order of their bytes; ``size`` is the whole file's.
    """

    metadata: Mapping[str, str]
    tensors: Mapping[str, TensorInfo]
    data_start: int
    size: int


class _HeaderError(ValueError):
    """What is wrong, and what to do about it."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(what)
        self.remedy = remedy


# ---- reading ----


def read_header(path: Path, *, whole: bool = True) -> Header:
    """The header of ``path``, and no tensor. Raises `Invalid` with one sentence for whatever isn't
    a whole file.

    Not ``whole``: the tensors behind the header may be missing, since only the front of the file
    was sent.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _HeaderError("is not a file")
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            text = _header_text(file, size)
        data_start = 8 + len(text)
        metadata, tensors = _parse(text)
        end = max((tensor.end for tensor in tensors.values()), default=0)
        _check_extent(tensors, data_start, size if whole else max(size, data_start + end))
        return Header(metadata, tensors, data_start, size)
    except _HeaderError as bad:
        raise Invalid(
            [Problem("safetensors_file.said", path.name, bad.args[0], bad.remedy)]
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = getattr(error, "strerror", None) or error
        raise Invalid(
            [
                Problem(
                    "safetensors_file.cant_read",
                    path.name,
                    "can't be read: {why}",
                    "Choose another file.",
                    why=why,
                )
            ]
        ) from error


def _header_text(file: IO[bytes], size: int) -> bytes:
    start = file.read(64)
    if not start:
        raise _HeaderError("is empty (0 bytes)", AGAIN)
    for mark, what in _IMPOSTORS:
        if start.startswith(mark) and start[8:9] != b"{":
            raise _HeaderError(f"is {what}")
    if len(start) < 8:
        raise _HeaderError(f"is not a safetensors file ({size} bytes)", AGAIN)
    (length,) = struct.unpack("<Q", start[:8])
    if length > HEADER_LIMIT or start[8:9] not in (b"{", b""):
        raise _HeaderError(f"is not a safetensors file (its header would be {length:,} bytes long)")
    if 8 + length > size:
        raise _HeaderError(
            f"is cut off: its header needs {8 + length:,} bytes, the file has {size:,}", AGAIN
        )
    file.seek(8)
    return file.read(length)


def _parse(text: bytes) -> tuple[dict[str, str], dict[str, TensorInfo]]:
    try:
        data = json.loads(text.decode("utf-8"), object_pairs_hook=_no_twins, parse_int=_integer)
    except _HeaderError:
        raise
    except (ValueError, RecursionError) as error:
        raise _HeaderError(
            f"has a header that is not JSON ({type(error).__name__})", AGAIN
        ) from None
    if not isinstance(data, dict):
        raise _HeaderError("has a header that is not a JSON object")
    metadata = _metadata(data.pop("__metadata__", None))
    tensors = {_text(name): _tensor(name, entry) for name, entry in data.items()}
    return metadata, dict(sorted(tensors.items(), key=lambda item: (item[1].begin, item[1].end)))


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _HeaderError("has a header that names something twice")
    return found


def _integer(digits: str) -> int:
    """Python before 3.10.7 takes minutes for a number of a million digits."""
    if len(digits) > 20:
        raise _HeaderError("has a header with an impossible number")
    return int(digits)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise _HeaderError(f"has metadata that is not text ({type(value).__name__})")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise _HeaderError("has a header with broken characters") from None
    return value


def _metadata(data: Any) -> dict[str, str]:
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise _HeaderError("has metadata that is not a JSON object")
    return {_text(key): _text(value) for key, value in data.items()}


def _tensor(name: str, entry: Any) -> TensorInfo:
    if not isinstance(entry, dict):
        raise _HeaderError(f"has no description of its tensor {_short(name)}")
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in BITS:
        raise _HeaderError(
            f"has a tensor {_short(name)} in an unknown number format ({_short(dtype)})"
        )
    if (
        not isinstance(shape, list)
        or len(shape) > RANK_LIMIT
        or not all(_is_count(side) for side in shape)
    ):
        raise _HeaderError(
            f"has a tensor {_short(name)} with an impossible shape ({_short(shape)})"
        )
    if (
        not isinstance(offsets, list)
        or len(offsets) != 2
        or not all(_is_count(offset) for offset in offsets)
    ):
        raise _HeaderError(
            f"has a tensor {_short(name)} at an impossible place ({_short(offsets)})"
        )
    begin, end = offsets
    if end < begin or (end - begin) * 8 != math.prod(shape) * BITS[dtype]:
        raise _HeaderError(
            f"has a tensor {_short(name)} whose shape {_short(shape)} doesn't fit its place "
            f"({begin} to {end})"
        )
    return TensorInfo(dtype, tuple(shape), begin, end)


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _check_extent(tensors: Mapping[str, TensorInfo], data_start: int, size: int) -> None:
    """The tensors, in the order of their bytes, must fill the file: no gap, no overlap, nothing
    behind.
    """
    place = 0
    for name, tensor in tensors.items():
        if tensor.begin != place:
            fault = (
                Message("safetensors.overlaps_before", "overlaps the one before")
                if tensor.begin < place
                else Message("safetensors.leaves_gap_before_itself", "leaves a gap before itself")
            )
            raise _HeaderError(f"has a tensor {_short(name)} that {fault}")
        place = tensor.end
    whole = data_start + place
    if whole > size:
        raise _HeaderError(
            f"is cut off: it has {size:,} of {whole:,} bytes ({100 * size // whole} %)", AGAIN
        )
    if whole < size:
        raise _HeaderError(f"has {size - whole:,} bytes after its last tensor", AGAIN)


# ---- writing ----


def header_bytes(metadata: Mapping[str, str], tensors: Mapping[str, TensorInfo]) -> bytes:
    """Length and header as they stand at the front of a file."""
    data: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    for name, tensor in tensors.items():
        data[name] = {
            "dtype": tensor.dtype,
            "shape": list(tensor.shape),
            "data_offsets": [tensor.begin, tensor.end],
        }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text


def copy_into(source: Path, out: IO[bytes], metadata: Mapping[str, str]) -> None:
    """Write ``source`` into an open file under other metadata, every tensor byte the same, down to
    the disk. What is half written on a full disk is the caller's to remove.
    """
    header = read_header(source)
    out.write(header_bytes(metadata, header.tensors))
    with source.open("rb") as file:
        file.seek(header.data_start)
        shutil.copyfileobj(file, out, CHUNK)
    out.flush()
    os.fsync(out.fileno())


# ---- hashes ----


def model_hash(path: Path) -> str:
    """``sshs_model_hash``: sha256 of everything behind the header,
    as the WebUI identifies a LoRA.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(read_header(path).data_start)
        for chunk in _chunks(file):
            digest.update(chunk)
    return digest.hexdigest()


def legacy_hash(path: Path, metadata: Mapping[str, str] | None = None) -> str:
    """``sshs_legacy_hash``: 8 hex digits over 64 kB at 1 MB of the file as it would be with its
    ``ss_`` metadata only.

    That is how sd-scripts defines it, so that an edited title changes nothing. ``metadata``
    replaces the file's own.
    """
    header = read_header(path)
    own = header.metadata if metadata is None else metadata
    kept = {key: value for key, value in own.items() if key.startswith("ss_")}
    front = header_bytes(kept, header.tensors)
    window = front[LEGACY_OFFSET : LEGACY_OFFSET + LEGACY_SIZE]
    with path.open("rb") as file:
        file.seek(header.data_start + max(0, LEGACY_OFFSET - len(front)))
        window += file.read(LEGACY_SIZE - len(window))
    return hashlib.sha256(window).hexdigest()[:8]


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK):
        yield chunk
