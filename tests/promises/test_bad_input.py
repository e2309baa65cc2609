"""The 28 rows of bad input (docs/reliability.md): one sentence in the command line and over REST
alike, and nothing is lost.

The tab shows REST's sentences; what only a browser can show (S25) is in `tests/browser/test_stays`.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import shutil
import stat
import struct
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.cli import main as cli
from sd_scripts_bridge.datasets import writer as dataset_writer
from sd_scripts_bridge.engines.sd_scripts.installed import catalogue
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.messages import Message
from sd_scripts_bridge.models.offered import BaseFile
from sd_scripts_bridge.page.context import Context
from sd_scripts_bridge.page.draft.draft import _draft_at
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.photos import files as photo_files
from sd_scripts_bridge.photos import folders as photo_folders
from sd_scripts_bridge.rest import app as rest
from sd_scripts_bridge.rest.routes import NONCE_HEADER, PREFIX, RULES
from sd_scripts_bridge.running import supervisor
from tests.support import messy
from tests.support import model_headers as headers

FAKE_SCRIPTS = Path(__file__).parents[1] / "fake_sd_scripts"


def by_row(cases: Sequence[tuple[Any, ...]]) -> pytest.MarkDecorator:
    """One test a row, with all its cases."""
    rows = sorted({case[0] for case in cases}, key=lambda row: int(row[1:]))
    return pytest.mark.parametrize(
        "cases", [[case[1:] for case in cases if case[0] == row] for row in rows], ids=rows
    )


JPEG = messy.jpeg(messy.photo(1))
MakeJob = Callable[..., TrainingJob]


class Said(NamedTuple):
    """An exit code or an HTTP status, and the sentences."""

    code: int
    text: str


@dataclass
class Place:
    """Everything that a user has, and the two faces. `kept` is what no bad input may change."""

    root: Path
    bridge: Bridge
    context: Context
    client: TestClient
    base: Path
    capture: pytest.CaptureFixture[str]
    kept: dict[Path, bytes] = field(default_factory=dict)

    def cli(self, *words: object) -> Said:
        self.capture.readouterr()
        try:
            code = cli.main(["--home", str(self.bridge.home.root), *map(str, words)])
        except SystemExit as error:  # argparse
            code = int(str(error.code))
        shown = self.capture.readouterr()
        assert "Traceback" not in shown.err and "This is a bug" not in shown.err
        return Said(code, shown.out + shown.err)

    def refused(self, *words: object) -> str:
        """What the command line says to what it doesn't do."""
        code, text = self.cli(*words)
        assert code == 1 and text.strip(), text
        return text

    def get(self, path: str) -> Any:
        answer = self.client.get(f"{PREFIX}/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, /, **body: Any) -> Said:
        headers = {NONCE_HEADER: self.context.nonce, "Content-Type": "application/json"}
        answer = self.client.post(
            f"{PREFIX}/{path}", content=json.dumps(body).encode(), headers=headers
        )
        return self.said(answer)

    def said(self, answer: Any) -> Said:
        assert answer.status_code != 500, answer.text
        error = answer.json().get("error")
        return Said(answer.status_code, "\n".join(error["sentences"]) if error else "")

    def upload(self, files: Mapping[str, bytes]) -> Said:
        form = [("files", (name, data)) for name, data in files.items()]
        headers = {NONCE_HEADER: self.context.nonce}
        said = self.said(self.client.post(f"{PREFIX}/draft/photos", files=form, headers=headers))
        assert self.context.draft.check.wait()
        return said

    def judged(self) -> dict[str, dict[str, Any]]:
        """The draft's photos by name."""
        assert self.context.draft.check.wait()
        return {photo["file"]: photo for photo in self.get("draft")["photos"]}

    def problems(self, **training: Any) -> str:
        """What the plan says once these choices are made; Start says the same.

        The choices are taken back.
        """
        before = self.get("draft")["training"]
        assert self.post("draft", training=training) == (200, "")
        found = "\n".join(self.get("plan")["problems"])
        if found:
            assert self.post("train") == (422, found)
        values = {**dict.fromkeys(training.get("values", {})), **before["values"]}
        assert self.post("draft", training={**before, "values": values}).code == 200
        return found

    def write(self, name: str, data: bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos, a dataset and the scripts' options, made once and copied for each test."""
    root = tmp_path_factory.mktemp("made")
    (root / "photos").mkdir()
    for number in range(3):
        (root / "photos" / f"{number}.jpg").write_bytes(messy.jpeg(messy.photo(number)))
    (root / "photos" / "1.txt").write_bytes(b"a walk")
    dataset_writer.prepare([root / "photos"], "Ada", "woman", 30, root / "set")
    catalogue.write(Home(root / "home").create(), Path(sys.executable), FAKE_SCRIPTS)
    return root


@pytest.fixture
def place(
    bridge: Bridge,
    made: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Place]:
    """Three photos on the disk and in the draft, a dataset, a base model; afterwards all is as it
    was, and no job began.
    """
    monkeypatch.setattr(supervisor, "spawn", lambda _home: None)
    shutil.copytree(made / "home" / "engines" / "catalogue", bridge.home.engines / "catalogue")
    for folder in ("photos", "set"):
        shutil.copytree(made / folder, tmp_path / folder)
    base = headers.full_size_sd15(tmp_path / "models" / "v1-5.safetensors")
    _draft_at.cache_clear()
    context = Context(
        lambda: bridge, bases=lambda: [BaseFile("v1-5", base)], lora_dir=tmp_path / "Lora"
    )
    app = Starlette()
    rest.mount(app, context)
    place = Place(
        tmp_path, bridge, context, TestClient(app, raise_server_exceptions=False), base, capsys
    )
    assert (
        place.upload(
            {f"{n}.jpg": (tmp_path / f"photos/{n}.jpg").read_bytes() for n in range(3)}
        ).code
        == 200
    )
    training = {"base": "v1-5", "steps": 30, "engine": "sd-scripts"}
    assert place.post("draft", name="Ada", class_token="woman", training=training).code == 200
    place.kept = {
        path: path.read_bytes()
        for folder in ("photos", "set")
        for path in (tmp_path / folder).rglob("*.*")
    }
    yield place
    assert {path: path.read_bytes() for path in place.kept} == place.kept
    assert context.draft.check.wait()


@pytest.fixture(autouse=True)
def nothing_began(place: Place) -> Iterator[None]:
    before = place.get("draft")
    yield
    after = place.get("draft")
    assert [row for row in place.bridge._store.jobs() if row.kind == "train"] == []
    assert not [*(place.root / "Lora").glob("*")] and not [*place.root.glob("**/*.part")]
    assert {photo["file"] for photo in after["photos"]} >= {
        photo["file"] for photo in before["photos"]
    }
    assert after["training"] == before["training"]


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED, mode: int = 0) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo("x")
            info.filename, info.compress_type, info.external_attr = name, method, mode << 16
            archive.writestr(info, data)
    return out.getvalue()


# ---- names ----

NAMES = [
    ("S1", "../../etc", "'../../etc' contains /. Use letters, digits, space, dot, _ and - only"),
    ("S2", "CON", "'CON' is a reserved name on Windows. Choose another."),
    ("S2", "nul.txt", "'nul.txt' is a reserved name on Windows. Choose another."),
    ("S2", "a.", "'a.' ends with '.', which Windows drops. End with a letter or digit."),
    ("S3", "x" * 300, "has 300 characters. Use 1 to 64 letters or digits."),
    ("S3", "a\0b", "'a\\x00b' contains '\\x00'. Use letters, digits"),
    ("S3", "a\nb", "'a\\nb' contains '\\n'. Use letters, digits"),
    ("S3", "a\u202eb", "'a\\u202eb' contains '\\u202e'. Use letters, digits"),
    ("S18", "--resume=x", "contains =. Use letters, digits"),
    ("S18", "a,b", "'a,b' contains ,. Use letters, digits"),
    ("S18", "<lora:x:1>", "contains : < >. Use letters, digits"),
    ("S18", "\U0001f600", "Use letters, digits, space, dot, _ and - only."),
    ("S19", "-evil", "'-evil' begins with '-'. Begin with a letter or a digit."),
    ("S19", "x/../../y", "'x/../../y' contains /. Use letters, digits"),
    ("S25", "<img src=x onerror=alert(1)>", "contains ( ) < = >. Use letters, digits"),
]


@by_row(NAMES)
def test_names(place: Place, cases: list[tuple[str, str]]) -> None:
    for name, sentence in cases:
        name_is_refused(place, name, sentence)


def name_is_refused(place: Place, name: str, sentence: str) -> None:
    shown = f"name: {sentence}" if sentence.startswith("'") else sentence
    words = (
        "dataset",
        place.root / "photos",
        "--class",
        "woman",
        "--out",
        place.root / "out",
        f"--name={name}",
    )
    assert shown in place.refused(*words)
    assert not (place.root / "out").exists()
    code, text = place.post("draft", name=name)
    assert shown in (text if code == 422 else "\n".join(place.get("draft")["problems"]))
    if code == 200:
        assert shown in place.post("train").text and shown in "\n".join(
            place.get("plan")["problems"]
        )
        place.post("draft", name="Ada")
    assert sentence in place.refused(
        "train", place.root / "set", "--base", place.base, f"--name={name}"
    )
    assert sentence.partition(". ")[0].lstrip("'") in place.problems(lora_name=name)


def test_s3_an_empty_name(place: Place) -> None:
    for name in ("", "  "):
        assert "Use 1 to 64 letters or digits." in place.refused(
            "dataset",
            place.root / "photos",
            "--class",
            "woman",
            "--out",
            place.root / "out",
            f"--name={name}",
        )
        place.post("draft", name=name)
        assert (
            "name: is missing. Write the name that prompts will use for your subject."
            in place.post("train").text
        )
    place.post("draft", name="Ada")


def test_s19_a_value_that_begins_with_a_dash_is_explained(place: Place) -> None:
    code, text = place.cli(
        "dataset",
        place.root / "photos",
        "--name",
        "-evil",
        "--class",
        "w",
        "--out",
        place.root / "out",
    )
    assert code == 2 and "write a value that begins with - like this: --name=-x" in text


def test_s19_a_taken_name_is_never_overwritten(place: Place) -> None:
    taken = place.write("Lora/Ada.safetensors", b"somebody's")
    assert place.get("plan")["lora_stem"] == "Ada-2"
    lora = headers.write(place.root / "mine.safetensors", headers.lora(), {})
    assert (
        "<lora:Ada-2:1>"
        in place.cli("publish", lora, "--lora-dir", taken.parent, "--name", "Ada").text
    )
    assert taken.read_bytes() == b"somebody's"
    for file in taken.parent.iterdir():
        file.unlink()


# ---- folders ----


def test_s4_folders_that_are_no_photos(place: Place) -> None:
    webui = place.root / "webui"
    for folder in ("modules", "models/Lora", "outputs"):
        (webui / folder).mkdir(parents=True)
    place.write("webui/launch.py", b"")
    place.write("webui/models/Lora/card.png", JPEG)
    folders = {
        Path(
            place.root.anchor
        ): "is not a folder for photos alone. Choose the folder that holds the photos.",
        Path.home(): "is not a folder for photos alone. Choose the folder that holds the photos.",
        webui: "is the WebUI's own folder. Choose the folder that holds the photos. Its pictures "
        "lie in its outputs.",
        webui
        / "models": "is the WebUI's folder for models. Choose the folder that holds the photos.",
        webui
        / "models"
        / "Lora": "is the WebUI's folder for models. Choose the folder that holds the photos.",
        place.bridge.home.root: "is LoRA Bridge's own folder. Choose the folder that holds the "
        "photos.",
        place.root / "nowhere": "does not exist. Check how it is spelt.",
        place.root / ("x" * 5000): "Choose the folder that holds the photos.",
        next(
            filter(Path.is_dir, sorted(photo_folders._system_folders()))
        ): "belongs to the system. Choose the folder",
    }
    for unfit, sentence in folders.items():
        assert sentence in place.refused("check", unfit), unfit
        assert sentence in place.post("draft/folder", path=str(unfit)).text, unfit
        assert sentence in place.refused("train", unfit, "--base", place.base), unfit
    assert "is not an absolute path" in place.post("draft/folder", path="photos").text
    assert "is not a path" in place.post("draft/folder", path="/a\0b").text
    assert place.cli("check", "~").text == place.cli("check", Path.home()).text, (
        "also where the shell doesn't know it"
    )
    assert place.get("draft")["source"] is None


@pytest.mark.skipif(os.name == "nt", reason="links need a permission on Windows")
def test_s5_links(place: Place) -> None:
    """Here, links of one's own are followed and never changed; a remote client can name no folder;
    a zip's link is refused.
    """
    (place.root / "photos" / "dead.jpg").symlink_to(place.root / "nowhere.jpg")
    (place.root / "photos" / "secret.jpg").symlink_to("/etc/passwd")
    text = place.cli("check", place.root / "photos").text
    assert "dead.jpg can't be opened (No such file or directory)." in text
    assert "secret.jpg is not a picture (content: text)." in text
    archive = zipped({"link.jpg": b"/etc/passwd"}, mode=stat.S_IFLNK | 0o777)
    assert "unsafe entry 'link.jpg'" in place.upload({"a.zip": archive}).text
    place.context.local = False
    assert place.post("draft/folder", path=str(place.root / "photos")).code == 403
    place.context.local = True


# ---- zips ----

ENCRYPTED = bytearray(zipped({"secret.jpg": JPEG}))
for _signature, _at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
    ENCRYPTED[ENCRYPTED.find(_signature) + _at] |= 1
DAMAGED = bytearray(zipped({"photo.jpg": JPEG}, zipfile.ZIP_STORED))
DAMAGED[900] ^= 255
LYING = bytearray(zipped({"bomb.bmp": bytes(200_000_000)}))
for _signature, _at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
    LYING[LYING.find(_signature) + _at :][:4] = b""
    _place = LYING.find(_signature) + _at
    LYING[_place : _place + 4] = struct.pack("<I", 10)

ZIPS = [
    ("S6", zipped({"good.jpg": JPEG, "../x.jpg": JPEG}), "unsafe entry '../x.jpg'"),
    ("S6", zipped({"good.jpg": JPEG, "/etc/x.jpg": JPEG}), "unsafe entry '/etc/x.jpg'"),
    ("S6", zipped({"good.jpg": JPEG, "C:\\win\\x.jpg": JPEG}), "unsafe entry 'C:\\\\win\\\\x.jpg'"),
    ("S7", zipped({"bomb.bmp": bytes(200_000_000)}), "it unpacks to 200 MB, more than 105 MB"),
    ("S7", bytes(LYING), "it is damaged at 'bomb.bmp'"),
    ("S7", zipped({f"{n}.jpg": b"" for n in range(20_001)}), "it holds more than 20000 files"),
    ("S8", bytes(ENCRYPTED), "it is encrypted ('secret.jpg')"),
    ("S8", bytes(DAMAGED), "it is damaged at 'photo.jpg'"),
    ("S8", bytes(DAMAGED[:2000]), "it is damaged (its end is missing)"),
]


@by_row(ZIPS)
def test_zips(place: Place, cases: list[tuple[bytes, str]]) -> None:
    for data, sentence in cases:
        zip_is_refused(place, data, sentence)


def zip_is_refused(place: Place, data: bytes, sentence: str) -> None:
    whole = place.get("draft")
    code, text = place.upload({"new.jpg": messy.jpeg(messy.photo(9)), "a.zip": data})
    assert (
        code == 422
        and f"a.zip: is refused: {sentence}" in text
        and "Unpack it yourself and give the photos." in text
    )
    assert place.get("draft")["photos"] == whole["photos"], "all or nothing"
    file = place.write("zips/a.zip", data)
    assert place.refused("check", file) == text + "\n"
    words = (
        "dataset",
        file,
        place.root / "photos",
        "--name",
        "Ada",
        "--class",
        "w",
        "--out",
        place.root / "out",
    )
    assert place.refused(*words) == text + "\n" and not (place.root / "out").exists()
    assert [path.name for path in file.parent.iterdir()] == ["a.zip"] and not (
        place.root / "x.jpg"
    ).exists()


def test_s7_a_zip_in_a_zip_is_not_opened(place: Place) -> None:
    data = zipped({"inner.zip": zipped({"deep.jpg": JPEG}), "new.jpg": messy.jpeg(messy.photo(9))})
    assert place.upload({"a.zip": data}).code == 200
    sentence = "inner.zip is not a photo (content: ZIP). Unpack it first."
    assert place.judged()["inner.zip"]["sentence"] == sentence and place.judged()["new.jpg"]["used"]
    assert sentence in place.cli("check", place.write("a.zip", data)).text


def test_a_good_zip_is_photos_for_both(place: Place) -> None:
    data = zipped({"a/8.jpg": messy.jpeg(messy.photo(8)), "a/8.txt": b"a walk at night"})
    assert place.upload({"a.zip": data}).code == 200 and place.judged()["8.jpg"][
        "caption"
    ].endswith("a walk at night")
    file, out = place.write("a.zip", data), place.root / "out"
    assert place.cli("dataset", file, "--name", "Ada", "--class", "woman", "--out", out).code == 0
    assert next(out.rglob("1.txt")).read_text(encoding="utf-8") == "Ada woman, a walk at night\n"


# ---- pictures ----

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(range(256))
PICTURES = [
    (
        "S9",
        "giant.png",
        messy.png_bomb(30_000, 30_000),
        "is 30000 x 30000 pixels; the limit is 100 megapixels.",
    ),
    (
        "S10",
        "page.jpg",
        b"<!DOCTYPE html><html>404</html>",
        "page.jpg is not a picture (content: HTML).",
    ),
    (
        "S10",
        "tool.jpg",
        b"MZ" + bytes(900),
        "tool.jpg is not a picture (content: Windows program).",
    ),
    ("S10", "empty.jpg", b"", "empty.jpg is not a picture (content: empty)."),
    (
        "S11",
        "half.jpg",
        JPEG[: len(JPEG) // 2],
        "half.jpg is damaged (stops at about 60 %). Export it again.",
    ),
    ("S12", "phone.heic", HEIC, "phone.heic is an iPhone's HEIC. Run pip install pillow-heif"),
    ("S13", "logo.svg", b"<svg xmlns='x'/>", "logo.svg is not a photo (content: SVG)."),
    ("S13", "scan.pdf", b"%PDF-1.7\n", "scan.pdf is not a photo (content: PDF)."),
    ("S13", "art.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n", "art.eps is not a photo (content: EPS)."),
    (
        "S13",
        "live.mov",
        b"\0\0\0\x14ftypqt  \0\0\0\0qt  ",
        "live.mov is not a photo (content: video).",
    ),
]


@by_row(PICTURES)
def test_pictures(
    place: Place, monkeypatch: pytest.MonkeyPatch, cases: list[tuple[str, bytes, str]]
) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda n: None if n == "pillow_heif" else found(n)
    )
    for name, data, sentence in cases:
        picture_is_left_out(place, name, data, sentence)


def picture_is_left_out(place: Place, name: str, data: bytes, sentence: str) -> None:
    assert place.upload({name: data}).code == 200
    photo = place.judged()[name]
    assert sentence in photo["sentence"] and not photo["used"] and not photo["can_be_used"]
    code, text = place.post(f"draft/photo/{photo['id']}", used=True)
    assert code == 422 and sentence in text
    file = place.write(f"odd/{name}", data)
    code, text = place.cli("check", file, place.root / "photos")
    assert code == 0 and sentence in text and "3 of 4 photos will be used." in text
    assert sentence in place.refused(
        "dataset", file, "--name", "Ada", "--class", "w", "--out", place.root / "out"
    )


def test_s14_s15_s16_what_is_converted_says_so_and_holds_no_metadata(
    place: Place, tmp_path: Path
) -> None:
    folder = tmp_path / "messy"
    expected = messy.make(folder)
    wanted = {"turned.jpg", "deep.png", "cut-out.png", "palette.png", "print.jpg", "talkative.png"}
    text = place.cli("check", folder).text
    assert place.upload({name: (folder / name).read_bytes() for name in wanted}).code == 200
    for name in wanted:
        used, sentence = expected[name]
        assert used and sentence in text and sentence in place.judged()[name]["sentence"]
    out = tmp_path / "out"
    assert (
        place.cli(
            "dataset",
            *(folder / name for name in wanted),
            "--name",
            "A",
            "--class",
            "w",
            "--out",
            out,
        ).code
        == 0
    )
    for picture in out.rglob("*.png"):
        data = picture.read_bytes()
        assert not [
            word
            for word in (b"Exif", b"eXIf", b"GPS", b"XMP", b"SecretPhone", b"iCCP")
            if word in data
        ]
    assert len([*out.rglob("*.png")]) == len(wanted)


# ---- captions ----


def test_s17_captions_are_repaired_and_say_so(place: Place) -> None:
    captions = {
        "mark": (b"\xef\xbb\xbfa man", "byte order mark removed", "a man"),
        "wide": ("a man".encode("utf-16"), "UTF-16 to UTF-8", "a man"),
        "empty": (b" \n", "empty, so it is the name", "Ada woman"),
        "zero": (b"a\0 man", "control characters removed", "a man"),
        "braces": (b"a {b|c}", "has braces, which mean a choice with enable_wildcard", "a {b|c}"),
        "long": (b"word " * 2_000_000, "cut to 10000 characters", "word word"),
        "tags": (b"<img src=x onerror=alert(1)>", "", "<img src=x onerror=alert(1)>"),
    }
    files = {
        f"{stem}.jpg": messy.jpeg(messy.photo(20 + number)) for number, stem in enumerate(captions)
    }
    files |= {f"{stem}.txt": raw for stem, (raw, _, _) in captions.items()}
    assert place.upload(files).code == 200
    for name, data in files.items():
        place.write(f"captioned/{name}", data)
    told = place.cli("check", place.root / "captioned").text
    for stem, (_, sentence, text) in captions.items():
        photo = place.judged()[f"{stem}.jpg"]
        assert sentence in photo["sentence"] and text in photo["caption"] and sentence in told
    pid = place.judged()["0.jpg"]["id"]
    assert (
        "is not a text of up to 10,000 characters."
        in place.post(f"draft/photo/{pid}", caption="x" * 10_001).text
    )
    place.post(f"draft/photo/{pid}", caption="a\0b\u202e\nc \ud800")
    assert place.judged()["0.jpg"]["caption"] == "ab, c"


# ---- options ----

OPTIONS = [
    ("S20", "config_file", "x", "is set by LoRA Bridge itself. Leave it out."),
    ("S20", "output_dir", "/x", "is set by LoRA Bridge itself. Leave it out."),
    (
        "S20",
        "logging_dir",
        "/x",
        "is not allowed: it would write outside the job's folder. Leave it out.",
    ),
    (
        "S20",
        "huggingface_repo_id",
        "x",
        "is not allowed: it would send something out, and a run stays on this machine.",
    ),
    ("S20", "log_with", "wandb", "is not allowed: it would send something out"),
    (
        "S20",
        "wandb_api_key",
        "s3cret",
        "is not allowed: it would put a secret into the job's files. Leave it out.",
    ),
    ("S20", "network_module", "os", "'os' is not one of"),
    ("S20", "dataset_class", "x.y", "'x.y' would import a program by its name. Give a plain name"),
    (
        "S20",
        "optimizer_type",
        "os.system",
        "'os.system' would import a program by its name. Give a plain name",
    ),
    (
        "S21",
        "vae",
        "/x.pt",
        "'/x.pt' is not a .safetensors file, and others can run programs when they are opened.",
    ),
    ("S21", "network_weights", "/x.ckpt", "'/x.ckpt' is not a .safetensors file"),
    ("S24", "resume", "/somebody's/state", "is set by LoRA Bridge itself. Leave it out."),
    ("S23", "max_train_steps", "0", "0 is outside 1 to 1,000,000."),
    ("S23", "max_train_steps", "-1", "-1 is outside 1 to 1,000,000."),
    ("S23", "max_train_steps", "1e12", "1000000000000 is outside 1 to 1,000,000."),
    ("S23", "max_train_steps", "NaN", "'NaN' is not a whole number. Give 1 to 1,000,000."),
    ("S23", "max_train_steps", "1,5", "'1,5' is not a number. Give 1 to 1,000,000."),
    ("S23", "learning_rate", "5", "5.0 is outside 0 to 2."),
    (
        "S23",
        "learning_rate",
        "0,0001",
        "'0,0001' is not a number. Give 0 to 2, with a point for decimals.",
    ),
    ("S23", "resolution", "7", "7 pixels is outside 64 to 4096."),
    ("S23", "resolution", "100000", "100000 pixels is outside 64 to 4096."),
    ("S23", "resolution", "512x512", "'512x512' is not a number of pixels. Write 512, or 512,768."),
    ("S23", "train_batch_size", "0", "0 is outside 1 to 256."),
    ("S23", "train_batch_size", "9" * 4000, "is not a whole number. Give 1 to 256."),
    ("S23", "vae_batch_size", "many", "'many' is not a number."),
]


@pytest.fixture
def offered(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installed scripts have those options, as the real ones do."""
    real, spec = catalogue.read, {"type": "str", "flag": False, "nargs": None, "choices": None}
    more = {name: {**spec, "name": name} for row, name, _, _ in OPTIONS if row in ("S20", "S21")}
    monkeypatch.setattr(catalogue, "read", lambda home, script: {**more, **real(home, script)})


@pytest.mark.usefixtures("offered")
@by_row(OPTIONS)
def test_options(place: Place, cases: list[tuple[str, str, str]]) -> None:
    for name, value, sentence in cases:
        option_is_refused(place, name, value, sentence)


def option_is_refused(place: Place, name: str, value: str, sentence: str) -> None:
    wanted = f"{name}: {sentence}"
    said = place.refused(
        "train", place.root / "set", "--base", place.base, "--set", f"{name}={value}"
    )
    found = place.problems(values={name: value})
    shown = f"{name}: " + ("'999" if value.startswith("999") else "")
    for text in (said, found):
        assert wanted in text or (shown in text and sentence in text)
        assert len(text) < 500 and "s3cret" not in text


def test_s20_a_remote_client_sets_known_options_only(place: Place) -> None:
    place.context.local = False
    code, text = place.post("draft", training={"values": {"vae_batch_size": 2}})
    assert code == 403 and "vae_batch_size" in text and "--enable-insecure-extension-access" in text
    place.context.local = True


def test_s23_numbers_that_json_cant_say_again_are_not_kept(place: Place) -> None:
    """One of them in the draft, and no page could show it again."""
    sent = {NONCE_HEADER: place.context.nonce, "Content-Type": "application/json"}
    for literal in (b"NaN", b"-Infinity", b"1e999", b"1" * 5000):
        body = b'{"training": {"values": {"network_dim": %b}}}' % literal
        answer = place.client.post(f"{PREFIX}/draft", content=body, headers=sent)
        assert answer.status_code == 422 and answer.json()["error"]["sentences"]
    assert place.get("draft")["training"]["values"] == {} and place.get("plan")["problems"] == []


def test_s23_values_of_any_kind(place: Place) -> None:
    for value in (10**400, [1], [[1]], True, "\ud800", "a\0b"):
        found = place.problems(values={"network_dim": value})
        assert (
            found.startswith("network_dim: ")
            and found.endswith("is not a number. Give 1 to 4096.")
            and len(found) < 150
        )


@pytest.mark.parametrize("secret", ["Zx9!kQ7#vB2p", "9f3c1e77aab04d51bc", "correct-horse-battery"])
def test_s23_a_secret_in_a_numbers_field_is_not_repeated(place: Place, secret: str) -> None:
    """Whatever its form: nobody types a number like that."""
    said = f"a text of {len(secret)} characters is not a number"
    base = ("train", place.root / "set", "--base", place.base, "--set")
    for name in ("max_train_steps", "learning_rate", "vae_batch_size"):
        for told in (
            place.refused(*base, f"{name}={secret}"),
            place.problems(values={name: secret}),
        ):
            assert said in told and secret not in told
    told = place.refused(*base, f"flip_aug={secret}")
    assert "is neither true nor false" in told and secret not in told
    code, text = place.post("draft", training={"steps": secret})
    assert code == 422 and secret not in text
    code, text = place.cli("log", "1", "--lines", secret)
    assert code == 2 and secret not in text


def test_s23_steps_of_the_draft(place: Place) -> None:
    for steps in (0, -1, 1.5, "5", None, True, 10**30):
        code, text = place.post("draft", training={"steps": steps})
        said = "is not a whole number from 1 to 1,000,000."
        assert code == 422 and text.startswith("steps: ") and said in text
    words = (
        "dataset",
        place.root / "photos",
        "--name",
        "Ada",
        "--class",
        "w",
        "--out",
        place.root / "out",
    )
    assert "steps: 0 is outside 1 to 1,000,000." in place.refused(*words, "--steps=0")
    assert place.cli(*words, "--steps=1,5").code == 2 and not (place.root / "out").exists()


def test_s23_a_gpu_that_cant_be(place: Place) -> None:
    for gpu in ("-1", "99999999999999999999"):
        words = ("train", place.root / "set", "--base", place.base, f"--gpu={gpu}")
        assert f"gpu: {gpu} is not a GPU's number." in place.refused(*words)


# ---- models ----


def header(text: bytes, data: bytes = b"") -> bytes:
    return struct.pack("<Q", len(text)) + text + data


NEGATIVE = b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}'
MODELS = [
    ("S21", "a.ckpt", b"\x80\x02}", "a.ckpt: a .ckpt file can run programs when it is opened"),
    ("S21", "a.pt", b"PK\x03\x04", "a.pt: a .pt file can run programs when it is opened"),
    ("S21", "a.bin", b"x", "a.bin: a .bin file can run programs when it is opened"),
    (
        "S21",
        "a.safetensors",
        b"PK\x03\x04" + bytes(99),
        "a.safetensors: is a PyTorch or zip file under another name.",
    ),
    (
        "S22",
        "b.safetensors",
        struct.pack("<Q", 1 << 62) + b"{}",
        "is not a safetensors file (its header would be",
    ),
    (
        "S22",
        "c.safetensors",
        header(NEGATIVE, b"abcd"),
        "has a tensor 'a' at an impossible place ([-4, 0]).",
    ),
    ("S22", "d.safetensors", b"<html>", "d.safetensors: is a web page, not the file itself."),
    ("S22", "e.safetensors", b"", "e.safetensors: is empty (0 bytes). Download or copy it again."),
    ("S22", "f.safetensors", None, "f.safetensors: can't be read: "),
]


@by_row(MODELS)
def test_models(place: Place, cases: list[tuple[str, bytes | None, str]]) -> None:
    for name, data, sentence in cases:
        model_is_refused(place, name, data, sentence)


def model_is_refused(place: Place, name: str, data: bytes | None, sentence: str) -> None:
    file = place.root / "models" / name if data is None else place.write(f"models/{name}", data)
    assert sentence in place.refused("train", place.root / "set", "--base", file)
    assert sentence in place.problems(base=str(file))


def test_s22_half_files_loras_and_folders(place: Place) -> None:
    half = place.root / "half.safetensors"
    with place.base.open("rb") as file:
        half.write_bytes(file.read(1_000_000))
    lora = headers.write(place.root / "lora.safetensors", headers.lora(), {})
    for path, sentence in (
        (half, "half.safetensors: is cut off: it has 1,000,000 of 2,0"),
        (
            lora,
            "lora.safetensors: is a LoRA, not a base model. Choose the checkpoint that it was "
            "made for.",
        ),
        (place.root, f"{place.root.name}: is a folder. Choose one .safetensors file."),
    ):
        assert sentence in place.refused("train", place.root / "set", "--base", path)
        assert sentence in place.problems(base=str(path))
    assert "base: 'gone' no longer exists. Choose another." in place.problems(base="gone")


def test_s22_options_of_another_family(place: Place) -> None:
    sentence = "cache_text_encoder_outputs: train_network.py has no such option. Leave it out."
    words = ("train", place.root / "set", "--base", place.base, "--preset", "person-sdxl")
    assert sentence in place.refused(*words)
    assert sentence in place.problems(preset="person-sdxl")
    assert "There is no preset 'nobody'." in place.refused(*words[:-1], "nobody")
    assert "There is no preset 'nobody'." in place.problems(preset="nobody")


# ---- the rest ----


def test_s24_a_state_is_always_the_jobs_own(place: Place, make_job: MakeJob) -> None:
    """Nobody can name a state (S20: resume); one without all its files isn't used."""
    from sd_scripts_bridge import engines

    job = make_job()
    folder = place.bridge.folder(7).create()
    (folder.output / "Ada-step00000010-state").mkdir()
    (folder.output / "Eve-step00000020-state").mkdir()
    assert engines.get("sd-scripts", place.bridge.home).states(job, folder) == []


def test_s25_html_is_text_everywhere(place: Place) -> None:
    name = "<img src=x onerror=alert(1)>.jpg"
    assert place.upload({name: messy.jpeg(messy.photo(30))}).code == 200
    assert "_img src=x onerror=alert(1)_.jpg" in place.judged()
    answer = place.client.get(f"{PREFIX}/draft")
    assert answer.headers["content-type"] == "application/json"


def test_s26_every_route_asks_for_the_hosts_login(place: Place) -> None:
    from sd_scripts_bridge.rest.doors import Refused

    def guard(_request: Any) -> None:
        raise Refused(401, Message("test.login", "Log in to the WebUI first."))

    place.context.guard = guard
    for rule in RULES:
        path = PREFIX + rule.path.replace("{job}", "1").replace("{pid}", "1").replace(
            "{number}", "0"
        )
        assert place.client.request(rule.method, path).status_code == 401, rule
    place.context.guard = None


def test_s27_what_changed_since_it_was_looked_at_is_not_trained_unseen(place: Place) -> None:
    changed = place.context.draft.path(place.context.draft.state.items[0])
    real = place.context.draft.look_again
    place.context.draft.look_again = lambda: None  # type: ignore[method-assign]  # as if it changed right after the look
    before = changed.read_bytes()
    changed.write_bytes(messy.jpeg(messy.photo(77)))
    code, text = place.post("train")
    assert code == 409 and "Changed since they were checked: 0.jpg." in text
    changed.unlink()
    assert "0.jpg" in place.post("train").text
    changed.write_bytes(before)
    place.context.draft.look_again = real  # type: ignore[method-assign]
    place.context.draft.look_again()


def test_s27_a_job_whose_photos_are_gone_when_its_turn_comes_fails_with_a_sentence(
    place: Place, make_job: MakeJob
) -> None:
    from sd_scripts_bridge.running.attempt import Attempt

    job_id = place.bridge._store.add(make_job("nothing").evolve(dataset=str(place.root / "gone")))
    row = place.bridge._store.claim()
    assert row
    Attempt(place.bridge.home, place.bridge._store, row).run()
    failed = place.bridge._store.get(job_id)
    place.bridge._store.remove(job_id)
    assert failed.status is Status.FAILED
    assert (
        failed.sentence
        == f"dataset: {str(place.root / 'gone')!r} no longer exists. Put it back, or start over."
    )


def test_s28_too_many_files(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photo_files, "MOST_FILES", 2)
    sentence = "photos: 3 files are too many. The limit is 2."
    assert place.refused("check", place.root / "photos") == sentence + "\n"
    assert place.post("draft/folder", path=str(place.root / "photos")) == (422, sentence)


@pytest.mark.skipif(sys.platform != "linux", reason="such names can't be written elsewhere")
def test_s28_names_that_are_no_text_and_folders_that_are_deep(place: Place) -> None:
    odd = Path(os.fsdecode(os.fsencode(place.root / "odd") + b"/caf\xe9.jpg"))
    odd.parent.mkdir()
    odd.write_bytes(JPEG)
    assert "caf\\xe9.jpg is good" in place.cli("check", odd.parent).text
    assert (
        place.post("draft/folder", path=str(odd.parent)).code == 200
        and "caf\\xe9.jpg" in place.judged()
    )
    place.post("draft/folder", path=None)
    deep = place.root / "deep"
    for _ in range(40):
        deep /= "a folder with a long name"
    deep.mkdir(parents=True)
    assert "There are no photos here." in place.refused("check", place.root / "deep")
