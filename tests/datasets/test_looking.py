import itertools
import random
from pathlib import Path

import numpy as np
import pytest

from sd_scripts_bridge.datasets import verdicts
from sd_scripts_bridge.datasets.looking import findings
from sd_scripts_bridge.datasets.looking.findings import Finding, examine
from sd_scripts_bridge.datasets.looking.kept import KeptFindings
from sd_scripts_bridge.datasets.looking.originals import originals_of
from sd_scripts_bridge.photos.measures import SIDE, Measures, measure
from sd_scripts_bridge.photos.reading import PhotoUnreadable, glance, read
from tests.support import messy


def large(seed: int, size: tuple[int, int] = (1024, 768)):
    return messy.photo(seed, (512, 384)).resize(size)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_glance_says_the_photos_own_size(tmp_path, orientation):
    file = tmp_path / "a.jpg"
    large(1).save(file, quality=92, exif=messy.exif(orientation))
    quick, whole = glance(file, SIDE), read(file)
    assert (quick.photo, quick.sha256) == (whole.photo, whole.sha256)
    assert max(quick.pixels.size) == SIDE and not quick.pixels.info
    small = whole.pixels.resize(quick.pixels.size)
    assert np.abs(np.asarray(small, int) - np.asarray(quick.pixels, int)).mean() < 4


def test_a_glance_sees_what_is_cut_off(tmp_path):
    whole = messy.jpeg(large(2))
    for share in (0.3, 0.9, 0.99):
        (tmp_path / "a.jpg").write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(PhotoUnreadable, match="damaged"):
            glance(tmp_path / "a.jpg", SIDE)


def test_looking_quickly_gives_the_same_verdicts(tmp_path):
    """Sharp, blurred a little and a lot, dark, bright: as from the whole picture."""
    from PIL import ImageFilter

    changes = [
        lambda p: p,
        lambda p: p.filter(ImageFilter.GaussianBlur(p.width / 400)),
        lambda p: p.filter(ImageFilter.GaussianBlur(p.width / 100)),
        lambda p: p.point(lambda level: level // 8),
        lambda p: p.point(lambda level: 225 + level // 12),
    ]
    sizes = [(1024, 768), (700, 900), (2000, 1500), (513, 400)]
    for number, (change, size) in enumerate(itertools.product(changes, sizes)):
        file = tmp_path / f"{number}.jpg"
        change(large(40 + number, size)).save(file, quality=92)
        quick, slow = measure(glance(file, SIDE).pixels), measure(read(file).pixels)
        assert quick.concerns() == slow.concerns()
        assert quick.sharpness == pytest.approx(slow.sharpness, rel=0.3)
        assert quick.is_copy_of(slow)


def bare(number: int, fingerprint: int) -> Finding:
    thumb = np.full((16, 16, 3), 128, np.uint8)
    measures = Measures(100.0, 128.0, 0.0, 0.0, fingerprint, thumb)
    return Finding(Path(f"/{number}.jpg"), sha256=str(number), measures=measures)


def test_every_fingerprint_within_the_distance_is_found():
    """Against comparing each with each, on fingerprints that lie close together."""
    draw = random.Random(7)
    centres = [draw.getrandbits(64) for _ in range(12)]
    prints = []
    for number in range(400):
        bits = draw.sample(range(64), draw.randrange(9))
        prints.append(bare(number, centres[number % 12] ^ sum(1 << bit for bit in bits)))
    kept: list[Finding] = []
    expected = {}
    for one in prints:
        mine = one.measures
        assert mine
        original = next((o for o in kept if o.measures and mine.is_copy_of(o.measures)), None)
        if original:
            expected[one.path] = original
        else:
            kept.append(one)
    assert 100 < len(expected) < 400
    assert originals_of(prints) == expected


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(6):
        messy.photo(number, (96, 64)).save(folder / f"{number}.png")
    return folder


def looked_at(monkeypatch):
    seen: list[str] = []
    look = findings._look

    def noting(path, *more):
        seen.append(path.name)
        return look(path, *more)

    monkeypatch.setattr(findings, "_look", noting)
    monkeypatch.setattr(verdicts, "LONG", 3)
    return seen


def test_a_long_check_goes_on_where_it_was_broken_off(photos, tmp_path, monkeypatch):
    seen, kept = looked_at(monkeypatch), tmp_path / "home" / "looked.jsonl"

    def enough(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        verdicts.check([photos], enough, kept=kept)
    first = len(seen)
    assert first >= 4
    report = verdicts.check([photos], kept=kept)
    assert sorted(seen) == [f"{number}.png" for number in range(6)]
    assert report == verdicts.check([photos])

    seen.clear()
    messy.photo(9, (96, 64)).save(photos / "2.png")
    (photos / "3.txt").write_text("Ada, other words")
    verdicts.check([photos], kept=kept)
    assert sorted(seen) == ["2.png", "3.png"]


@pytest.mark.parametrize("damage", ["half a line", "other detector", "not ours", "a folder"])
def test_what_was_kept_is_never_trusted_blindly(photos, tmp_path, monkeypatch, damage):
    seen, kept = looked_at(monkeypatch), tmp_path / "looked.jsonl"
    if damage == "a folder":
        kept.mkdir()
    else:
        verdicts.check([photos], kept=kept)
    if damage == "half a line":
        kept.write_bytes(kept.read_bytes()[:-40])
    if damage == "other detector":
        KeptFindings(kept, "YuNet").close()
    if damage == "not ours":
        kept.write_bytes(b"\xff\x00 no JSON\n[1]\n")
    seen.clear()
    report = verdicts.check([photos], kept=kept)
    assert report == verdicts.check([photos])
    assert len(seen) - 6 == (1 if damage == "half a line" else 6)


def test_examining_keeps_the_order(photos):
    files = sorted(photos.iterdir(), reverse=True)
    assert [found.path for found in examine(files)] == files
