"""Reading one photo: upright sRGB pixels, or one sentence that says why not.

Originals are only read.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import re
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from PIL import __version__ as pillow_version

from ..errors import BridgeError
from ..messages import Message
from . import content, reduced
from . import pixels as photo_pixels
from .files import PICTURE_ENDINGS
from .pixels import BROKEN
from .printable import shown

LARGEST_PIXELS = 100_000_000
LARGEST_BYTES = 1 << 30
_RAW = frozenset(
    {
        ".dng",
        ".nef",
        ".nrw",
        ".cr2",
        ".cr3",
        ".crw",
        ".arw",
        ".srf",
        ".sr2",
        ".orf",
        ".rw2",
        ".raf",
        ".pef",
        ".srw",
        ".3fr",
        ".iiq",
        ".x3f",
    }
)


@dataclass(frozen=True)
class Photo:
    """A readable photo: its size in pixels when upright, and what reading it took."""

    path: Path
    width: int
    height: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A photo with its pixels (RGB, no metadata). ``sha256`` is of the file's bytes."""

    photo: Photo
    pixels: Image.Image
    sha256: str


class PhotoUnreadable(BridgeError):
    """This file can't be used as a photo; ``str()`` is the sentence, ``reason`` the part after the
    file's name.
    """

    def __init__(self, path: Path, reason: Message) -> None:
        self.path, self.reason = path, reason
        super().__init__(
            "photo.unreadable",
            "{file} {reason}",
            file=shown(path.name),
            reason=reason,
        )


def read(path: Path, *, masked: bool = False) -> Picture:
    """The photo at ``path``; ``masked``: as RGBA where anything is transparent.

    Raises `PhotoUnreadable` with the one sentence that says why not.
    """
    data, kind = _picture_bytes(path)
    pixels, notes = _pixels(path, data, kind, masked=masked)
    return Picture(Photo(path, *pixels.size, notes), pixels, hashlib.sha256(data).hexdigest())


def glance(path: Path, side: int) -> Picture:
    """As `read`, for whoever only looks: the pixels of a JPEG may come at a fraction of its size,
    their long side never below ``side``. `Photo` says the photo's own size.
    """
    data, kind = _picture_bytes(path)
    small = reduced.decode(data, side) if kind == "JPEG" else None
    if small is None:
        pixels, notes = _pixels(path, data, kind)
        size = pixels.size
    else:
        pixels, notes, size = small
    return Picture(Photo(path, *size, notes), pixels, hashlib.sha256(data).hexdigest())


def _pixels(
    path: Path, data: bytes, kind: str, *, masked: bool = False
) -> tuple[Image.Image, tuple[str, ...]]:
    try:
        return _decoded(path, data, kind, masked)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        count = re.search(r"\d+", str(error))
        raise _too_large(
            path,
            Message(
                "photo.megapixels",
                "has {value} megapixels",
                value=int(count.group()) // 1000000 if count else "too many",
            ),
        ) from error
    except BROKEN as error:
        raise PhotoUnreadable(path, _damage(data, kind, error)) from error


def _picture_bytes(path: Path) -> tuple[bytes, str]:
    """(the file's bytes, its kind). Raises `PhotoUnreadable` for what can be told undecoded."""
    data, kind = _bytes(path)
    if kind not in content.PICTURES:
        raise PhotoUnreadable(path, _no_picture(path, kind))
    if path.suffix.lower() in _RAW:
        raise PhotoUnreadable(
            path,
            Message(
                "photos.files.cameras_raw_file_export", "is a camera's raw file. Export it as JPEG."
            ),
        )
    _refuse_size(path, content.header_size(data))
    return data, kind


def _no_picture(path: Path, kind: str) -> Message:
    what = (
        Message("photo.word_picture", "picture")
        if path.suffix.lower() in PICTURE_ENDINGS
        else Message("photo.word_photo", "photo")
    )
    remedy = Message("photo.unpack_first", " Unpack it first.") if kind in content.ARCHIVES else ""
    return Message(
        "photos.files.content",
        "is not a {what_name} (content: {kind}).{remedy_name}",
        what_name=what,
        kind=kind,
        remedy_name=remedy,
    )


def _bytes(path: Path) -> tuple[bytes, str]:
    """(the file's bytes, its kind); of what isn't a picture only the beginning is read."""
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            head = file.read(content.HEAD)
            kind = content.kind(head)
            if kind not in content.PICTURES:
                return head, kind
            if size > LARGEST_BYTES:
                raise PhotoUnreadable(
                    path,
                    Message(
                        "photos.files.gb_limit_gb_export",
                        "is {size} GB; the limit is 1 GB. Export it as JPEG.",
                        size=f"{size / 1000000000.0:.1f}",
                    ),
                )
            return head + file.read(), kind
    except OSError as error:
        raise PhotoUnreadable(
            path,
            Message(
                "photos.files.cant_opened",
                "can't be opened ({strerror}).",
                strerror=error.strerror or error,
            ),
        ) from error


def _refuse_size(path: Path, size: tuple[int, int] | None) -> None:
    if size and size[0] * size[1] > LARGEST_PIXELS:
        raise _too_large(
            path, Message("photo.pixels", "is {size} x {size2} pixels", size=size[0], size2=size[1])
        )


def _too_large(path: Path, what: str) -> PhotoUnreadable:
    return PhotoUnreadable(
        path,
        Message(
            "photos.files.limit_megapixels_export_smaller",
            "{what_name}; the limit is {largest_pixels} megapixels. Export it smaller.",
            what_name=what,
            largest_pixels=LARGEST_PIXELS // 1000000,
        ),
    )


def _decoded(
    path: Path, data: bytes, kind: str, masked: bool
) -> tuple[Image.Image, tuple[str, ...]]:
    if kind == "HEIC":
        return _heic(path, data, masked)
    formats = _formats(path, kind)
    try:
        return _pillow(path, data, formats, masked)
    except ValueError:
        if kind != "PNG":
            raise
        pixels, notes = _pillow(path, content.without_png_text(data), formats, masked)
        return pixels, (*notes, Message("photo.text_inside_ignored", "text inside ignored"))


def _formats(path: Path, kind: str) -> tuple[str, ...]:
    """Pillow's readers for ``kind``, never others (EPS would start a program)."""
    formats = content.PICTURES[kind]
    if kind == "AVIF" and importlib.util.find_spec("pillow_avif"):
        import pillow_avif  # type: ignore[import-not-found,import-untyped,unused-ignore]  # noqa: F401  # registers it
    Image.init()
    if not any(name in Image.OPEN for name in formats):
        raise PhotoUnreadable(
            path,
            Message(
                "photos.files.picture_pillow_cant_read",
                "is a {kind} picture, which this Pillow can't read. Export it as JPEG.",
                kind=kind,
            ),
        )
    return tuple(name for name in formats if name in Image.OPEN)


def _pillow(
    path: Path, data: bytes, formats: tuple[str, ...], masked: bool
) -> tuple[Image.Image, tuple[str, ...]]:
    with Image.open(io.BytesIO(data), formats=formats) as image:
        _refuse_size(path, image.size)
        return photo_pixels.plain(image, masked=masked)


def _heic(path: Path, data: bytes, masked: bool) -> tuple[Image.Image, tuple[str, ...]]:
    """Straight through pillow-heif, without its plugin,
    so that the host's Pillow stays as it is.
    """
    if importlib.util.find_spec("pillow_heif") is None:
        wanted = "pillow-heif==0.16.0" if int(pillow_version.split(".")[0]) < 10 else "pillow-heif"
        raise PhotoUnreadable(
            path,
            Message(
                "photos.files.iphones_heic_run_pip",
                "is an iPhone's HEIC. Run pip install {wanted}, or export it as JPEG.",
                wanted=wanted,
            ),
        )
    import pillow_heif  # type: ignore[import-untyped,unused-ignore]

    heif = pillow_heif.open_heif(io.BytesIO(data))
    _refuse_size(path, heif.size)
    pillow = heif.to_pillow()
    return photo_pixels.plain(pillow, turn=False, masked=masked)  # libheif has turned it already


def _damage(data: bytes, kind: str, error: BaseException) -> Message:
    if isinstance(error, MemoryError):
        return Message("photo.memory", "needs more memory than there is. Export it smaller.")
    percent = content.jpeg_percent(data) if kind == "JPEG" else None
    if percent:
        return Message(
            "photo.cut_off",
            "is damaged (stops at about {percent} %). Export it again.",
            percent=percent,
        )
    return Message("photo.damaged", "is damaged. Export it again.")
