"""Photos out of a zip that somebody uploaded: all of it or nothing, and never outside the folder
that was given.
"""

from __future__ import annotations

import re
import shutil
import stat
import struct
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from ..errors import Invalid, Problem
from ..messages import Message
from ..names import RESERVED
from ..system.files import numbered
from .masking.names import FOLDERS as MASK_FOLDERS
from .masking.names import MARKS

try:
    from lzma import LZMAError
except ImportError:  # a Python that was built without it, and then zipfile says so itself
    LZMAError = EOFError  # type: ignore[misc, assignment]

CHUNK = 1 << 20
SKIPPED = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_FORBIDDEN = re.compile(r'[<>:"|?*\\/]')
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OverflowError,
    ValueError,
    LookupError,
    LZMAError,
)
"""What zipfile and its unpackers raise for damaged files; hypothesis found most of them."""
_DRIVE = re.compile(r"[A-Za-z]:")


@dataclass(frozen=True)
class Limits:
    """``ratio``: photos hardly shrink in a zip, so one that unpacks to many times its size is a
    trap (from ``small`` on).
    """

    entries: int = 20_000
    bytes: int = 4 << 30
    ratio: int = 50
    small: int = 100 << 20

    def of(self, packed: int) -> int:
        """What a zip of ``packed`` bytes may unpack to."""
        return min(self.bytes, max(self.small, self.ratio * packed))


class _Refused(ValueError):
    """Why this zip is not unpacked."""


def is_zip(head: bytes) -> bool:
    return head[:4] in (b"PK\x03\x04", b"PK\x05\x06")


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[list[Path]]:
    """``paths`` with the folders of each zip among them in its place, unpacked as long as the block
    lasts. Raises `Invalid`.
    """
    with tempfile.TemporaryDirectory(prefix="lora-bridge-") as aside:
        yield [
            folder
            for number, path in enumerate(paths)
            for folder in _folders_in(path, Path(aside, str(number)))
        ]


def _folders_in(path: Path, into: Path) -> list[Path]:
    try:
        archive = path.open("rb")
    except (
        OSError,
        ValueError,
    ):  # a folder, or nothing that can be opened: for whoever looks for photos
        return [path]
    with archive:
        if not is_zip(archive.read(4)):
            return [path]
        into.mkdir()
        return list(dict.fromkeys(file.parent for file in unpack(archive, path.name, into)))


def unpack(archive: IO[bytes], name: str, into: Path, limits: Limits | None = None) -> list[Path]:
    """Unpack the files of ``archive`` (called ``name``) below ``into``, one folder for each of its
    own.

    Raises `Invalid` with one sentence; then ``into`` may hold a part, which its owner removes.
    """
    try:
        return _unpack(archive, into, limits or Limits())
    except _Refused as refused:
        raise Invalid(
            [
                Problem(
                    "zips.refused",
                    name,
                    "is refused: {refused}",
                    "Unpack it yourself and give the photos.",
                    refused=refused,
                )
            ]
        ) from None


def _unpack(archive: IO[bytes], into: Path, limits: Limits) -> list[Path]:
    packed = archive.seek(0, 2)
    _refuse_long_list(archive, packed, limits)
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.filename.endswith("/")]
            budget = _budget(entries, packed, limits, shutil.disk_usage(into).free)
            return _write_all(
                opened, [entry for entry in entries if _is_wanted(entry)], into, budget
            )
    except _Refused:
        raise
    except NotImplementedError as error:
        raise _Refused(
            Message(
                "zip.packed_way_cant_read",
                "it is packed in a way that can't be read here ({error})",
                error=error,
            )
        ) from error
    except _DAMAGED as error:
        raise _Refused(Message("zip.damaged", "it is damaged ({error})", error=error)) from error


def _refuse_long_list(archive: IO[bytes], packed: int, limits: Limits) -> None:
    """Before zipfile reads the whole list into memory: the end record says how long it is."""
    archive.seek(max(0, packed - 65_557))
    tail = archive.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) < at + 22:
        raise _Refused(Message("zip.damaged_end_missing", "it is damaged (its end is missing)"))
    _, count, size = struct.unpack("<HHI", tail[at + 8 : at + 16])
    if count > limits.entries or size > 400 * limits.entries:
        raise _Refused(
            Message(
                "zip.holds_more_files", "it holds more than {entries} files", entries=limits.entries
            )
        )


def _budget(entries: list[zipfile.ZipInfo], packed: int, limits: Limits, free: int) -> int:
    """How many bytes may be written. Raises `_Refused` for what can be told without unpacking."""
    for entry in entries:
        shown = ascii(entry.orig_filename[:80])
        if _is_unsafe(entry):
            raise _Refused(Message("zip.unsafe_entry", "unsafe entry {shown}", shown=shown))
        if entry.flag_bits & 1:
            raise _Refused(Message("zip.encrypted", "it is encrypted ({shown})", shown=shown))
    if len(entries) > limits.entries:
        raise _Refused(
            Message(
                "zip.holds_files_limit",
                "it holds {count} files; the limit is {entries}",
                count=len(entries),
                entries=limits.entries,
            )
        )
    total, most = sum(entry.file_size for entry in entries), limits.of(packed)
    if total > most:
        raise _Refused(
            Message(
                "zip.unpacks_more",
                "it unpacks to {megabytes}, more than {megabytes2}",
                megabytes=_megabytes(total),
                megabytes2=_megabytes(most),
            )
        )
    if total > free - limits.small:
        raise _Refused(
            Message(
                "zip.unpacks_free_disk",
                "it unpacks to {megabytes}, and {megabytes2} are free on this disk",
                megabytes=_megabytes(total),
                megabytes2=_megabytes(free),
            )
        )
    return most


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"


def _is_unsafe(entry: zipfile.ZipInfo) -> bool:
    name = entry.orig_filename.replace("\\", "/")
    mode = entry.external_attr >> 16
    linked = stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR)
    return (
        linked
        or "\0" in name
        or name.startswith("/")
        or bool(_DRIVE.match(name))
        or ".." in name.split("/")
    )


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    parts = entry.orig_filename.replace("\\", "/").split("/")
    return not any(part.lower() in SKIPPED or part.startswith(".") for part in parts)


def _write_all(
    opened: zipfile.ZipFile, entries: list[zipfile.ZipInfo], into: Path, budget: int
) -> list[Path]:
    folders: dict[str, Path] = {}
    written: list[Path] = []
    named = {PurePosixPath(_path_of(entry)).with_suffix("") for entry in entries}
    for entry in entries:
        parent, name = _place_of(_path_of(entry), named)
        folder = folders.setdefault(parent, into / str(len(folders)))
        folder.mkdir(exist_ok=True)
        target = free_name(folder, safe_name(name))
        budget -= _write(opened, entry, target, budget)
        written.append(target)
    return written


def _path_of(entry: zipfile.ZipInfo) -> str:
    return entry.orig_filename.replace("\\", "/")


def _place_of(path: str, named: Collection[PurePosixPath]) -> tuple[str, str]:
    """(folder, name) of what a zip calls ``path``: a mask in a folder of masks comes beside its
    photo; ``named``: everything in the zip without its ending.
    """
    parent, _, name = path.rpartition("/")
    above, _, last = parent.rpartition("/")
    own = PurePosixPath(name)
    if last in MASK_FOLDERS and PurePosixPath(above, own.stem) in named:
        return above, own.stem + MARKS[0] + own.suffix
    return parent, name


def _write(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, budget: int) -> int:
    """Copy one entry; returns its bytes, counted, since the sizes that a zip states can lie."""
    shown, count = ascii(entry.orig_filename[:80]), 0
    try:
        with opened.open(entry) as source, target.open("xb") as copy:
            while block := source.read(CHUNK):
                count += len(block)
                if count > budget or count > entry.file_size:
                    raise _Refused(
                        Message(
                            "zip.unpacks_more_says",
                            "it unpacks to more than it says at {shown}",
                            shown=shown,
                        )
                    )
                copy.write(block)
    except _Refused:
        raise
    except (NotImplementedError, RuntimeError) as error:
        raise _Refused(
            Message(
                "zip.packed_way_cant_read_2",
                "{shown} is packed in a way that can't be read here ({error})",
                shown=shown,
                error=error,
            )
        ) from error
    except _DAMAGED as error:
        raise _Refused(Message("zip.damaged_2", "it is damaged at {shown}", shown=shown)) from error
    except OSError as error:
        if error.errno is not None:  # ours: a full disk
            raise
        raise _Refused(
            Message("zip.damaged_2", "it is damaged at {shown}", shown=shown)
        ) from error  # bz2's
    return count


def safe_name(name: str) -> str:
    """``name`` as a file of ours: its last part, without what some system forbids, at most 150
    bytes.
    """
    last = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    last = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    last = _FORBIDDEN.sub("_", last.replace('"', "'")).strip(" ").rstrip(". ")
    stem, dot, ending = last.rpartition(".")
    if not dot:
        stem, ending = last, ""
    while len(stem.encode()) > 150:
        stem = stem[:-1]
    stem = stem.rstrip(". ") or "photo"
    if stem.startswith(".") or stem.split(".")[0].strip().upper() in RESERVED:
        stem = f"_{stem}"
    return f"{stem}.{ending[:12]}" if ending else stem


def free_name(folder: Path, name: str) -> Path:
    """``folder/name``, or with a number where that is taken."""
    own = Path(name)
    names = (f"{stem}{own.suffix}" for stem in numbered(own.stem, "{name} ({number})"))
    return next(folder / one for one in names if not (folder / one).exists())
