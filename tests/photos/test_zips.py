"""Zips from strangers: what is refused, in which words, and that nothing is written outside."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.photos.zips import Limits, safe_name, unpack


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo("x")
            info.filename, info.compress_type = (
                name,
                method,
            )  # as it is, without zipfile's own cleaning
            archive.writestr(info, data)
    return out


def refusal(archive: io.BytesIO, into: Path, limits: Limits | None = None) -> str:
    with pytest.raises(Invalid) as caught:
        unpack(archive, "my photos.zip", into, limits)
    return str(caught.value)


def test_photos_come_out_flat_in_a_folder_for_each_of_its_own(tmp_path: Path) -> None:
    skipped = {"__MACOSX/a/._1.jpg": b"x", "a/.DS_Store": b"x"}
    archive = zipped({"a/1.jpg": b"one", "a/1.txt": b"text", "b\\1.jpg": b"two", **skipped})
    found = unpack(archive, "a.zip", tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in found) == [
        "0/1.jpg",
        "0/1.txt",
        "1/1.jpg",
    ]
    assert [path.read_bytes() for path in found] == [b"one", b"text", b"two"]


@pytest.mark.parametrize(
    "name",
    ["../x.jpg", "/etc/x.jpg", "a/../../x.jpg", "C:\\win\\a.jpg", "..\\x.jpg", "\\\\host\\x.jpg"],
)
def test_an_entry_that_points_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    into = tmp_path / "in"
    into.mkdir()
    assert "unsafe entry" in refusal(zipped({"good.jpg": b"1", name: b"2"}), into)
    assert [*tmp_path.rglob("*")] == [into]


def test_a_link_is_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("link.jpg")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert "unsafe entry 'link.jpg'" in refusal(out, tmp_path)


def test_a_bomb_is_refused_by_what_it_says(tmp_path: Path) -> None:
    sentence = refusal(zipped({"bomb.bmp": bytes(2_000_000)}), tmp_path, Limits(small=100_000))
    assert "unpacks to 2 MB, more than 0 MB" in sentence and not [*tmp_path.iterdir()]


def test_a_bomb_that_lies_about_its_size_is_refused_while_reading(tmp_path: Path) -> None:
    raw = bytearray(zipped({"bomb.bmp": bytes(2_000_000)}).getvalue())
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = raw.find(signature) + at
        raw[place : place + 4] = struct.pack("<I", 10)
    sentence = refusal(io.BytesIO(bytes(raw)), tmp_path)
    assert "at 'bomb.bmp'" in sentence
    assert sum(file.stat().st_size for file in tmp_path.rglob("*.bmp")) <= 10


def test_too_many_entries_are_refused(tmp_path: Path) -> None:
    archive = zipped({f"{n}.jpg": b"" for n in range(30)})
    assert "more than 20 files" in refusal(archive, tmp_path, Limits(entries=20))


def test_an_encrypted_zip_names_its_file(tmp_path: Path) -> None:
    raw = bytearray(zipped({"secret.jpg": b"abc"}).getvalue())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.find(signature) + at] |= 1
    assert "it is encrypted ('secret.jpg')" in refusal(io.BytesIO(bytes(raw)), tmp_path)


def test_a_damaged_zip_names_its_file(tmp_path: Path) -> None:
    raw = bytearray(zipped({"photo.jpg": b"abcdefgh" * 100}, zipfile.ZIP_STORED).getvalue())
    raw[60] ^= 255
    assert "damaged at 'photo.jpg'" in refusal(io.BytesIO(bytes(raw)), tmp_path)
    assert "its end is missing" in refusal(io.BytesIO(bytes(raw[:200])), tmp_path)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("IMG 1.JPG", "IMG 1.JPG"),
        ("a/b\\c.png", "c.png"),
        ("con.jpg", "_con.jpg"),
        (".htaccess", "photo.htaccess"),
        ("Ñandú.jpg", "Ñandú.jpg"),
        ("a:b?.jpg", "a_b_.jpg"),
        ("x\u202egpj.exe", "xgpj.exe"),
        ("", "photo"),
        ("..", "photo"),
        ("tail. ", "tail"),
    ],
)
def test_names_become_ours(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_long_names_are_cut_but_keep_their_ending() -> None:
    assert (
        safe_name("ü" * 300 + ".jpeg").endswith("ü.jpeg")
        and len(safe_name("ü" * 300 + ".jpeg").encode()) < 170
    )
