import hashlib
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.datasets import writer as dataset_writer
from sd_scripts_bridge.datasets.views import report_view
from sd_scripts_bridge.datasets.writer import (
    check,
    clean_copy,
    is_clean,
    open_dataset,
    prepare,
    repeats_for,
)
from sd_scripts_bridge.errors import BridgeError, Invalid
from sd_scripts_bridge.photos import faces
from sd_scripts_bridge.photos.faces import Box
from sd_scripts_bridge.shapes.plain import plain
from tests.support import messy


@pytest.fixture
def ten(tmp_path):
    """Ten numbered photos, two with captions."""
    folder = tmp_path / "my photos"
    folder.mkdir()
    for number in range(1, 11):
        messy.photo(200 + number, (160, 128)).save(
            folder / f"{number}.jpg", quality=90, exif=messy.exif(6)
        )
    (folder / "2.txt").write_bytes("in a garden".encode("utf-16"))
    (folder / "10.caption").write_bytes(b"AlvaroBadia man, smiling")
    return folder


def fingerprints(folder):
    return {
        path.relative_to(folder): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in folder.rglob("*")
        if path.is_file()
    }


def kohya(root, leaf, *seeds, captions=True):
    folder = root / leaf
    folder.mkdir(parents=True)
    for seed in seeds:
        messy.photo(seed, (128, 128)).save(folder / f"photo {seed}.jpg", quality=90)
        if captions:
            (folder / f"photo {seed}.txt").write_bytes(b"\xef\xbb\xbfportrait, outdoors\r\n")
    return folder


# ---- prepare ----


def test_photos_become_the_folder_that_kohya_users_know(ten, tmp_path):
    before = fingerprints(ten)
    made = prepare([ten], "AlvaroBadia", "man", 1500, tmp_path / "out")
    leaf = tmp_path / "out" / "img" / "150_AlvaroBadia man"
    assert sorted(path.name for path in leaf.iterdir()) == sorted(
        f"{n}.{e}" for n in range(1, 11) for e in ("png", "txt")
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "dataset.json",
        "img",
        "log",
        "model",
        "reg",
    ]
    assert (made.images, made.wanted_steps, made.real_steps) == (10, 1500, 1500)
    (subset,) = made.subsets
    assert (subset.folder, subset.repeats, subset.subject, subset.class_token) == (
        leaf,
        150,
        "AlvaroBadia",
        "man",
    )
    assert made.checked and made.checked.summary == "10 of 10 photos will be used."
    assert (leaf / "2.txt").read_bytes() == b"AlvaroBadia man, in a garden\n"
    assert (leaf / "10.txt").read_bytes() == b"AlvaroBadia man, smiling\n"
    assert (leaf / "1.txt").read_bytes() == b"AlvaroBadia man\n"
    assert fingerprints(ten) == before
    assert not list(tmp_path.glob(".*"))


def test_numbered_photos_keep_their_order_upright_and_bare(ten, tmp_path):
    made = prepare([ten], "AlvaroBadia", "man", 1500, tmp_path / "out")
    for number in (1, 9, 10):
        data = (made.subsets[0].folder / f"{number}.png").read_bytes()
        assert not any(word in data for word in (b"Exif", b"eXIf", b"GPS", b"SecretPhone"))
        with (
            Image.open(made.subsets[0].folder / f"{number}.png") as copy,
            Image.open(ten / f"{number}.jpg") as original,
        ):
            assert (copy.mode, copy.size) == ("RGB", (128, 160))
            assert copy.tobytes() == original.transpose(Image.Transpose.ROTATE_270).tobytes()


@pytest.mark.parametrize(
    ("images", "steps", "repeats"),
    [
        (10, 1500, 150),
        (7, 1500, 214),
        (13, 1500, 115),
        (1000, 1500, 2),
        (100_000, 1500, 1),
        (3, 1, 1),
        (40, 1500, 38),
    ],
)
def test_repeats_are_the_nearest_whole_number(images, steps, repeats):
    assert repeats_for(images, steps) == repeats


def test_the_messy_folder_gives_one_sentence_each_and_a_dataset(tmp_path):
    expected = messy.make(tmp_path / "messy")
    before = fingerprints(tmp_path / "messy")
    report = check([tmp_path / "messy"])
    assert sorted(verdict.path.name for verdict in report.photos) == sorted(expected)
    for verdict in report.photos:
        used, piece = expected[verdict.path.name]
        assert (verdict.used, piece in verdict.sentence) == (used, True), verdict.sentence
        assert (
            "\n" not in verdict.sentence
            and verdict.sentence.isprintable()
            and verdict.sentence.endswith(".")
        )
    said = [line for line in report.lines() if not line.startswith(("set ", "masks ", " "))]
    assert len(said) == len(expected) + len(report.advice) + 1
    json.dumps(plain(report_view(report)), ensure_ascii=False).encode("utf-8")
    made = prepare([tmp_path / "messy"], "Álvaro", "man", 300, tmp_path / "out")
    assert made.images == report.used == sum(used for used, _ in expected.values())
    assert is_clean(made)
    assert fingerprints(tmp_path / "messy") == before


def test_every_problem_is_named_at_once(ten, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "something").touch()
    with pytest.raises(Invalid) as caught:
        prepare([ten], "../x", "<man>", 0, tmp_path / "full")
    assert [problem.where for problem in caught.value.problems] == ["name", "class", "steps", "out"]


@pytest.mark.parametrize("out", ["my photos", "my photos/out", "my photos/1.jpg", "my photos/a/b"])
def test_the_photos_own_folder_is_never_written_into(ten, tmp_path, out):
    before = fingerprints(ten)
    with pytest.raises(Invalid):
        prepare([ten], "AlvaroBadia", "man", 1500, tmp_path / out)
    assert fingerprints(ten) == before


def test_nothing_usable_says_why(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"<html>")
    with pytest.raises(Invalid, match=r"none can be used\.\na.jpg is not a picture"):
        prepare([tmp_path / "photos"], "AlvaroBadia", "man", 1500, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


def test_progress_counts_every_photo(ten, tmp_path):
    seen = []
    prepare(
        [ten],
        "AlvaroBadia",
        "",
        1500,
        tmp_path / "out",
        lambda done, total: seen.append((done, total)),
    )
    assert seen == [(number, 10) for number in range(1, 11)]
    assert (tmp_path / "out" / "img" / "150_AlvaroBadia" / "1.txt").read_text() == "AlvaroBadia\n"


def test_a_kill_leaves_nothing_that_looks_complete(ten, tmp_path):
    code = """
        import os, signal, sys
        from pathlib import Path
        from sd_scripts_bridge.datasets.writer import prepare
        prepare([Path(sys.argv[1])], "AlvaroBadia", "man", 1500, Path(sys.argv[2]),
                lambda done, total: done == 6 and os.kill(os.getpid(), signal.SIGKILL))
    """
    if sys.platform == "win32":
        pytest.skip("needs SIGKILL")
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), ten, tmp_path / "out"],
        cwd=Path(__file__).parents[2],
    )
    assert run.returncode == -9
    assert not (tmp_path / "out").exists()
    (left,) = tmp_path.glob(".out.*.part")
    os.utime(left, (0, 0))
    assert prepare([ten], "AlvaroBadia", "man", 1500, tmp_path / "out").images == 10
    assert not left.exists()


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="needs a folder that refuses us"
)
def test_a_folder_that_refuses_is_one_sentence(ten, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(BridgeError, match=r"Can't write .*Permission denied"):
        prepare([ten], "AlvaroBadia", "man", 1500, tmp_path / "locked" / "out")


def test_a_full_disk_is_one_sentence_and_leaves_nothing(ten, tmp_path, monkeypatch):
    real = Image.Image.save

    def save(self, fp, *args, **options):
        if Path(fp).stem == "4":
            raise OSError(28, "No space left on device")
        return real(self, fp, *args, **options)

    monkeypatch.setattr(Image.Image, "save", save)
    with pytest.raises(BridgeError, match=r"Can't write .*No space left on device"):
        prepare([ten], "AlvaroBadia", "man", 1500, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["my photos"]


# ---- check ----


def test_the_larger_of_two_copies_is_kept_then_the_first(tmp_path):
    original = messy.photo(300)
    original.resize((320, 280)).save(tmp_path / "1.jpg", quality=80)
    original.save(tmp_path / "2.png")
    shutil.copy(tmp_path / "2.png", tmp_path / "3.png")
    report = check([tmp_path])
    assert [verdict.used for verdict in report.photos] == [False, True, False]
    assert report.photos[2].sentence == "3.png is the same file as 2.png, which is used instead."
    assert report.photos[0].copy_of == tmp_path / "2.png"


@pytest.mark.parametrize(
    ("count", "piece"), [(3, "3 photos can be used, which is few"), (101, "101 photos are many")]
)
def test_too_few_and_too_many(tmp_path, count, piece):
    for number in range(count):
        messy.photo(400 + number, (64, 64)).save(tmp_path / f"{number}.png")
    assert any(advice.startswith(piece) for advice in check([tmp_path]).advice)


def test_captions_that_are_all_the_same_and_too_short(ten):
    for number in range(1, 11):
        (ten / f"{number}.txt").write_text("AlvaroBadia man")
    advice = check([ten]).advice
    assert "Every photo has a caption." in advice
    assert (
        "10 captions are outside the advised 25 to 75 words about what the photo shows." in advice
    )
    assert any(sentence.startswith("All captions are the same") for sentence in advice)


def test_subfolders_that_are_not_read_are_named(ten):
    kohya(ten, "holiday", 1)
    kohya(ten, "masks", 1)
    assert (
        "Not searched below 'my photos': holiday. Name a folder to use it." in check([ten]).advice
    )


class OneFace:
    name = "a detector"

    is_sure = False

    def find(self, pixels):
        face = Box(0.4, 0.2, 0.2, 0.3)
        return (face,) * {128: 1, 300: 0, 400: 3}[pixels.width]


def test_faces_are_only_spoken_of_where_they_were_counted(ten, monkeypatch):
    for module in ("cv2",):
        monkeypatch.setitem(sys.modules, module, None)
    assert "Faces were not checked: no face detector here." in check([ten]).advice


def test_no_face_and_several_only_warn(ten, monkeypatch):
    messy.photo(500, (300, 300)).save(ten / "11.png")
    messy.photo(501, (400, 300)).save(ten / "12.png")
    monkeypatch.setattr(
        "sd_scripts_bridge.datasets.verdicts.find_detector", lambda folders: OneFace()
    )
    report = check([ten])
    assert report.used == 12
    assert [verdict.concerns[-1] for verdict in report.photos[10:]] == ["no face found", "3 faces"]


def test_a_broken_model_is_no_detector(tmp_path):
    cv2 = pytest.importorskip("cv2")
    (tmp_path / "face_detection_yunet_2023mar.onnx").write_bytes(b"<html>404</html>")
    detector = faces.find_detector([tmp_path])
    assert detector is None or detector.name != "YuNet"
    assert cv2


# ---- open, is_clean, clean_copy ----


def test_root_img_and_leaf_open_the_same(ten, tmp_path):
    prepare([ten], "Ana Maria", "young woman", 1500, tmp_path / "out")
    for path in ("out", "out/img", "out/img/150_Ana Maria young woman"):
        opened = open_dataset(tmp_path / path)
        assert (opened.root, opened.image_dir) == (tmp_path / "out", tmp_path / "out" / "img")
        assert (opened.subject, opened.class_token) == ("Ana Maria", "young woman")
        assert (opened.images, opened.wanted_steps) == (10, 1500)
        assert is_clean(opened)


def test_a_flat_folder_is_taken_once_and_said(ten):
    opened = open_dataset(ten)
    assert (opened.images, opened.real_steps) == (10, 10)
    assert "Took the photos directly in 'my photos'" in opened.remarks[0]
    assert not is_clean(opened)


def test_what_sd_scripts_passes_over_is_said(tmp_path):
    kohya(tmp_path / "img", "10_me man", 1, 2)
    kohya(tmp_path / "img", "more", 3)
    kohya(tmp_path / "img", "0_none", 4)
    kohya(tmp_path, "reg", 5)
    messy.photo(6, (64, 64)).save(tmp_path / "img" / "loose.png")
    remarks = " ".join(open_dataset(tmp_path).remarks)
    for piece in (
        "Took '10_me man' (2 photos).",
        "'more' is not used: it needs a number",
        "repeats is 0",
        "Photos directly in 'img' are not used: 1.",
        "pictures in 'reg' are not used",
    ):
        assert piece in remarks


@pytest.mark.parametrize(
    ("make", "piece"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.touch(), "is a file"),
        (lambda path: path.mkdir(), "holds no photos. Give the folder"),
        (lambda path: kohya(path, "AlvaroBadia", 1), "'10_AlvaroBadia'"),
        (lambda path: (path / "img" / "10_me").mkdir(parents=True), "holds no photos"),
        (lambda path: kohya(path, "img/ada woman", 1), "'10_ada woman'"),
        (lambda path: kohya(path, "img/0_ada woman", 1), "0_ada woman have 0 repeats"),
    ],
)
def test_a_folder_without_data_says_why(tmp_path, make, piece):
    make(tmp_path / "x")
    with pytest.raises(Invalid, match=piece):
        open_dataset(tmp_path / "x")


def test_what_makes_a_dataset_unclean(ten, tmp_path):
    made = prepare([ten], "AlvaroBadia", "man", 1500, tmp_path / "out")
    leaf = made.subsets[0].folder

    def clean():
        return is_clean(open_dataset(tmp_path / "out"))

    assert clean()
    (leaf / "1.txt").write_text("my own words", encoding="utf-8")
    (leaf / "1_sd.npz").write_bytes(b"a cache")
    assert clean()
    shutil.copytree(tmp_path / "out", tmp_path / "moved", copy_function=shutil.copy)
    assert is_clean(open_dataset(tmp_path / "moved"))
    for name, data in (
        ("1.txt", b""),
        ("1.txt", "España".encode("latin-1")),
        ("11.png", b"new"),
        ("2.png", b"other"),
    ):
        before = (leaf / name).read_bytes() if (leaf / name).exists() else None
        (leaf / name).write_bytes(data)
        assert not clean(), name
        (leaf / name).unlink() if before is None else (leaf / name).write_bytes(before)
        assert clean(), name
    kohya(tmp_path / "out" / "img", "5_other", 1)
    assert not clean() and not is_clean(open_dataset(leaf))


def test_a_hand_made_dataset_keeps_folders_repeats_and_words(tmp_path):
    kohya(tmp_path / "mine" / "img", "10_me man", 1, 2, 3)
    kohya(tmp_path / "mine" / "img", "3_me man closeup", 4, captions=False)
    kohya(tmp_path / "mine" / "reg", "1_man", 5)
    leaf = tmp_path / "mine" / "img" / "10_me man"
    shutil.copy(leaf / "photo 1.jpg", leaf / "photo 9.jpg")
    (leaf / "broken.jpg").write_bytes(b"<html>")
    before = fingerprints(tmp_path / "mine")
    made, report = clean_copy(open_dataset(tmp_path / "mine"), tmp_path / "copy")
    assert [(s.folder.name, s.repeats, s.images) for s in made.subsets] == [
        ("3_me man closeup", 3, 1),
        ("10_me man", 10, 4),
    ]
    assert [(s.folder.name, s.images) for s in made.regularisation] == [("1_man", 1)]
    copies = made.image_dir / "10_me man"
    assert (copies / "1.txt").read_bytes() == b"portrait, outdoors\n"
    assert (made.image_dir / "3_me man closeup" / "1.txt").read_bytes() == b"me man closeup\n"
    assert is_clean(made)
    assert report.summary == "6 of 7 photos will be used."
    assert any("a copy of photo 1.jpg" in verdict.sentence for verdict in report.photos)
    assert fingerprints(tmp_path / "mine") == before


def test_a_caption_of_several_lines_keeps_them(ten, tmp_path):
    leaf = tmp_path / "mine" / "img" / "4_Ada woman"
    leaf.mkdir(parents=True)
    (leaf / "1.jpg").write_bytes(next(ten.glob("*.jpg")).read_bytes())
    (leaf / "1.txt").write_text("Ada woman, red\nAda woman, blue\n", encoding="utf-8")
    made, report = clean_copy(open_dataset(tmp_path / "mine"), tmp_path / "copy")
    (caption,) = made.subsets[0].folder.glob("*.txt")
    assert caption.read_text(encoding="utf-8").split("\n")[:2] == [
        "Ada woman, red",
        "Ada woman, blue",
    ]
    assert "the first is trained" in "\n".join(report.lines())


def test_a_flat_folder_becomes_a_dataset(ten, tmp_path):
    made, _ = clean_copy(open_dataset(ten), tmp_path / "copy")
    assert made.subsets[0].folder.name == "1_my photos"
    assert is_clean(made)


def test_the_module_offers_what_it_says():
    assert all(hasattr(dataset_writer, name) for name in dataset_writer.__all__)
