import json
import os
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.datasets import verdicts
from sd_scripts_bridge.datasets.looking.passes import Watch
from sd_scripts_bridge.photos.headers import scan as scanning
from sd_scripts_bridge.photos.headers.header import read_header
from sd_scripts_bridge.photos.headers.kept import KeptHeaders
from sd_scripts_bridge.photos.headers.scan import scan
from sd_scripts_bridge.photos.reading import PhotoUnreadable, read
from tests.support import messy
from tests.support.verbs import run


def test_a_header_says_what_decoding_says(tmp_path: Path) -> None:
    """Every kind of file that people have: the upright size is that of the decoded picture."""
    messy.make(tmp_path)
    compared = 0
    for file in sorted(tmp_path.rglob("*")):
        if not file.is_file() or not read_header(file).is_picture:
            continue
        try:
            photo = read(file).photo
        except PhotoUnreadable:
            continue
        assert read_header(file).upright == (photo.width, photo.height), file.name
        compared += 1
    assert compared > 15


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_and_size_of_a_phones_jpeg(tmp_path: Path, orientation: int) -> None:
    """Behind a long EXIF, as a thumbnail in it makes it, and a comment."""
    file, exif = tmp_path / "a.jpg", messy.exif(orientation)
    exif[0x927C] = bytes(40_000)
    messy.photo(1, (96, 64)).save(file, exif=exif, comment=bytes(5_000))
    header = read_header(file)
    assert header == ("JPEG", 96, 64, orientation)
    assert header.upright == read(file).pixels.size


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.02])
def test_a_header_that_breaks_off_is_no_error(tmp_path: Path, share: float) -> None:
    whole = messy.jpeg(messy.photo(1, (96, 64)), exif=messy.exif(6))
    (tmp_path / "a.jpg").write_bytes(whole[: int(share * len(whole))])
    assert read_header(tmp_path / "a.jpg").width == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "photos"
    made.mkdir()
    for number in range(7):
        messy.photo(number, (96, 64)).save(made / f"{number}.jpg", exif=messy.exif(6))
    Image.new("RGB", (20, 90)).save(made / "thin.png")
    (made / "clip.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + bytes(40))
    return made


def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    seen: list[str] = []

    def noting(path: Path) -> object:
        seen.append(path.name)
        return read_header(path)

    monkeypatch.setattr(scanning, "read_header", noting)
    monkeypatch.setattr(scanning, "TOGETHER", 2)
    return seen


def test_what_was_read_is_kept_until_a_file_changes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, files = opened(monkeypatch), sorted(folder.iterdir())
    kept = tmp_path / "home" / "headers.jsonl"

    def enough(done: int, total: int) -> None:
        if done >= 4:
            raise KeyboardInterrupt

    with closing(KeptHeaders(kept)) as first, pytest.raises(KeyboardInterrupt):
        scan(files, enough, first)
    broken_off = len(seen)
    assert 4 <= broken_off <= 9
    with kept.open("a") as half:
        half.write('["1-2", "/half a li')  # as a kill leaves it
    with closing(KeptHeaders(kept)) as second:
        found = scan(files, kept=second)
    assert found.known >= 4
    assert (found.formats, found.no_pictures) == ({"JPEG": 7, "PNG": 1}, 1)
    assert found.sizes == {(64, 96): 7, (20, 90): 1}
    assert (found.turned, found.too_small) == (7, 1)

    seen.clear()
    os.utime(files[0], (1, 1))
    messy.photo(9, (64, 64)).save(files[1])
    with closing(KeptHeaders(kept)) as third:
        again = scan(files, kept=third)
    assert sorted(seen) == [files[0].name, files[1].name]
    assert (again.known, again.sizes[(64, 64)]) == (7, 1)


def test_a_scan_needs_no_place_to_keep_it(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert scan(sorted(folder.iterdir()), kept=KeptHeaders(tmp_path / "file" / "x")).files == 9


def test_the_command_line_says_it(folder: Path, bridge: Bridge) -> None:
    told = json.loads(run(bridge, "check", folder, "--headers", "--json").stdout)
    assert told["formats"] == {"JPEG": 7, "PNG": 1}
    assert told["sizes"][0] == {"width": 64, "height": 96, "photos": 7}
    lines = run(bridge, "check", folder, "--headers").stdout.splitlines()
    assert lines[0] == "64 x 96: 7"
    assert lines[-1].startswith("9 headers read (9 known from before) in ")


def test_a_check_of_many_says_what_it_did_in_which_pass(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdicts, "LONG", 3)
    kept, said = tmp_path / "looked.jsonl", list[str]()
    for fresh in (9, 0):
        report = verdicts.check([folder], kept=kept, watch=Watch(said=said.append))
        first, second = report.passes
        assert first.startswith(f"Pass 1 of 2: 9 headers read ({9 - fresh} known from before) in ")
        assert second.startswith(f"Pass 2 of 2: {fresh} photos looked at, {9 - fresh} known from")
        assert said[-2:] == [first, second]
    assert verdicts.check([folder]).passes == ()
