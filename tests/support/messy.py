"""A folder as people really have it: `make` writes it and says what the report must say about each
file.
"""

from __future__ import annotations

import io
import os
import random
import struct
import sys
import zlib
from pathlib import Path

from PIL import Image, ImageCms, ImageDraw, ImageFilter

Expected = dict[str, tuple[bool, str]]
"""File name -> (is it used, a piece of its sentence)."""

SIZE = (640, 560)


def photo(seed: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """A picture that no check minds, and that no other seed's is a copy of.

    Its upper left quarter is bluish.
    """
    dice = random.Random(seed)
    picture = Image.new("RGB", size, (150, 150, 150))
    draw = ImageDraw.Draw(picture)
    for _ in range(60):
        x, y, radius = dice.randrange(size[0]), dice.randrange(size[1]), dice.randrange(10, 90)
        colour = tuple(dice.randrange(40, 220) for _ in "rgb")
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    draw.rectangle((0, 0, size[0] // 2, size[1] // 2), fill=(60, 90, 200))
    for x in range(0, size[0], 16):
        draw.line((x, 0, x, size[1]), fill=(90, 90, 90))
    return picture


def make(folder: Path) -> Expected:
    """Write the folder; every file gets exactly one sentence."""
    folder.mkdir(parents=True, exist_ok=True)
    expected: Expected = {}
    for maker in (_colours, _names, _containers, _damaged, _bombs, _captions, _looks):
        expected |= maker(folder)
    _side_files(folder)
    return expected


def jpeg(picture: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90, **options)
    return buffer.getvalue()


def exif(orientation: int) -> Image.Exif:
    """EXIF with a maker, a place and an orientation."""
    data = Image.Exif()
    data[0x0112], data[0x010F] = orientation, "SecretPhone"
    data.get_ifd(0x8825)[1] = "N"
    data[0x8825] = {1: "N", 2: (52.0, 31.0, 0.0)}
    return data


def png_bomb(width: int, height: int) -> bytes:
    """A PNG of that size in next to no bytes: all zero."""
    compressor, body = zlib.compressobj(9), b""
    rows = bytes((width + 7) // 8 + 1) * 100
    for _ in range(height // 100):
        body += compressor.compress(rows)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", body + compressor.flush())
        + _chunk(b"IEND", b"")
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _colours(folder: Path) -> Expected:
    photo(1).save(folder / "turned.jpg", quality=90, exif=exif(6))
    grey = photo(2).convert("L")
    deep = Image.frombytes(
        "I;16", grey.size, b"".join(struct.pack("<H", value * 257) for value in grey.tobytes())
    )
    deep.save(folder / "deep.png")
    cut_out = photo(3).convert("RGBA")
    cut_out.putalpha(Image.linear_gradient("L").resize(SIZE))
    cut_out.save(folder / "cut-out.png")
    photo(4).convert("P", palette=Image.Palette.ADAPTIVE).save(folder / "palette.png")
    photo(5).convert("CMYK").save(folder / "print.jpg", quality=90)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    photo(6).save(folder / "wrong-profile.jpg", quality=90, icc_profile=profile)
    photo(7).convert("1").save(folder / "bits.tif")
    return {
        "turned.jpg": (True, "560 x 640, turned upright"),
        "deep.png": (True, "16 bits to 8"),
        "cut-out.png": (True, "transparency on white"),
        "palette.png": (True, "good"),
        "print.jpg": (True, "CMYK to sRGB"),
        "wrong-profile.jpg": (True, "good"),
        "bits.tif": (True, ""),
    }


def _names(folder: Path) -> Expected:
    quoted = "it's quoted.jpg" if sys.platform == "win32" else 'it\'s "quoted".jpg'
    names = ["a name with spaces.jpg", quoted, "Álvaro ñ 日本.jpg"]
    for number, name in enumerate(names):
        photo(20 + number).save(folder / name, quality=90)
    expected: Expected = dict.fromkeys(names, (True, "is good"))
    if sys.platform == "linux":
        name = os.fsdecode(b"broken \xff\xfe name.jpg")
        photo(30).save(folder / name, quality=90)
        expected |= {name: (True, "broken \\xff\\xfe name.jpg is good")}
    return expected


def _containers(folder: Path) -> Expected:
    photo(40).save(folder / "two.mpo", "MPO", save_all=True, append_images=[photo(41)])
    (folder / "two.mpo").rename(folder / "portrait-mode.jpg")
    photo(42).save(folder / "moving.gif", save_all=True, append_images=[photo(43)])
    photo(44).save(folder / "modern.webp", quality=90)
    expected: Expected = {
        "portrait-mode.jpg": (True, "is good"),
        "moving.gif": (True, "first frame"),
        "modern.webp": (True, "is good"),
    }
    try:
        import pillow_heif
    except ImportError:
        heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(range(256))
        return (
            _write(folder, {"phone.heic": heic}, "is an iPhone's HEIC. Run pip install pillow-heif")
            | expected
        )
    pillow_heif.from_pillow(photo(45)).save(folder / "phone.heic", quality=80)
    (folder / "renamed-heic.jpg").write_bytes(
        (folder / "phone.heic").read_bytes() + b"\0\0\0\x08free"
    )
    return expected | {
        "phone.heic": (True, "is good"),
        "renamed-heic.jpg": (False, "copy of phone.heic"),
    }


def _damaged(folder: Path) -> Expected:
    whole, whole_png = jpeg(photo(50)), _png(photo(51))
    html = b"<!DOCTYPE html><html><body>404 Not Found</body></html>"
    return (
        _write(folder, {"half.jpg": whole[: len(whole) // 2]}, "is damaged (stops at about ")
        | _write(
            folder, {"half.png": whole_png[: len(whole_png) // 2]}, "is damaged. Export it again."
        )
        | _write(folder, {"page.jpg": html}, "is not a picture (content: HTML).")
        | _write(folder, {"empty.jpg": b""}, "is not a picture (content: empty).")
        | _write(folder, {"zeros.jpg": bytes(5000)}, "is not a picture (content: only zero bytes).")
        | _write(
            folder,
            {"clip.mov": b"\0\0\0\x14ftypqt  \0\0\0\0qt  "},
            "is not a photo (content: video).",
        )
        | _write(folder, {"scan.pdf": b"%PDF-1.7\n"}, "is not a photo (content: PDF).")
        | _write(
            folder,
            {"logo.svg": b"<?xml version='1.0'?>\n<svg xmlns='x'/>"},
            "is not a photo (content: SVG).",
        )
        | _write(
            folder, {"art.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n"}, "is not a photo (content: EPS)."
        )
        | _write(
            folder,
            {"tool.jpg": b"MZ" + bytes(range(256)) * 4},
            "is not a picture (content: Windows program).",
        )
        | _write(
            folder,
            {"random.png": random.Random(1).randbytes(4000)},
            "is not a picture (content: unknown).",
        )
    )


def _bombs(folder: Path) -> Expected:
    text = _chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9))
    with_text = _png(photo(60))
    return (
        _write(
            folder,
            {"giant.png": png_bomb(30000, 30000)},
            "is 30000 x 30000 pixels; the limit is 100 megapixels.",
        )
        | _write(
            folder,
            {"large.png": png_bomb(12000, 12000)},
            "is 12000 x 12000 pixels; the limit is 100 megapixels.",
        )
        | _write(
            folder,
            {"talkative.png": with_text[:33] + text + with_text[33:]},
            "text inside ignored",
            used=True,
        )
    )


def _captions(folder: Path) -> Expected:
    captions = {
        "caption-bom": b"\xef\xbb\xbfa man in a red shirt",
        "caption-utf16": "a man, smiling\r\nÁlvaro".encode("utf-16"),
        "caption-empty": b" \n\n",
        "caption-nul": b"a man\0 outdoors",
        "caption-latin": "un hombre en España".encode("latin-1"),
    }
    for number, (stem, raw) in enumerate(captions.items()):
        photo(70 + number).save(folder / f"{stem}.jpg", quality=90)
        (folder / f"{stem}.txt").write_bytes(raw)
    return {
        "caption-bom.jpg": (True, "byte order mark removed"),
        "caption-utf16.jpg": (True, "UTF-16 to UTF-8"),
        "caption-empty.jpg": (True, "caption: empty"),
        "caption-nul.jpg": (True, "control characters removed"),
        "caption-latin.jpg": (True, "Windows-1252 to UTF-8"),
    }


def _looks(folder: Path) -> Expected:
    photo(80).filter(ImageFilter.GaussianBlur(4)).save(folder / "blurred.jpg", quality=95)
    photo(81).point([level // 8 for level in range(256)] * 3).save(folder / "night.png")
    photo(82, (200, 150)).save(folder / "tiny.png")
    photo(83, (20, 20)).save(folder / "icon.png")
    photo(84, (1600, 420)).save(folder / "panorama.jpg", quality=90)
    original = photo(85)
    original.save(folder / "original.png")
    (folder / "original again.png").write_bytes((folder / "original.png").read_bytes())
    original.resize((320, 280)).save(folder / "original by messenger.jpg", quality=60)
    return {
        "blurred.jpg": (True, "blurred"),
        "night.png": (True, "dark"),
        "tiny.png": (True, "small"),
        "icon.png": (False, "only 20 x 20"),
        "panorama.jpg": (True, "long and narrow"),
        "original.png": (True, "good"),
        "original again.png": (False, "is the same file as original.png"),
        "original by messenger.jpg": (False, "is a copy of original.png"),
    }


def _side_files(folder: Path) -> None:
    for name in (
        ".DS_Store",
        "._turned.jpg",
        "Thumbs.db",
        "turned.json",
        "turned.npz",
        "notes.txt",
    ):
        (folder / name).write_bytes(b"\0\1\2 not a photo")


def _write(folder: Path, files: dict[str, bytes], sentence: str, used: bool = False) -> Expected:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return dict.fromkeys(files, (used, sentence))


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
