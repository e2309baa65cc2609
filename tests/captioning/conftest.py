"""Photos to caption, a dataset of them, and a job's folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.captioning.captioner import Captioner, named
from sd_scripts_bridge.captioning.request import CaptionRequest
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.system.files import write_json


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return drawn(tmp_path / "photos")


def drawn(folder: Path) -> Path:
    """Five photos."""
    folder.mkdir()
    for number in range(1, 6):
        Image.effect_noise((520, 520 + number), 90).convert("RGB").save(folder / f"{number}.jpg")
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `dataset` makes of five photos; the second one's caption is written by hand."""
    folder = tmp_path_factory.mktemp("made")
    photos = drawn(folder / "photos")
    (photos / "2.txt").write_text("AlvaroBadia man, my own words", encoding="utf-8")
    Bridge(Home(folder / "home")).write_dataset([photos], "AlvaroBadia", "man", 50, folder / "set")
    return folder / "set"


@pytest.fixture
def dataset(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / "set"))


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., JobFolder]:
    """The folder of a captioner's job, as the queue writes it."""

    def make(where: Path, captioner: Captioner | str, **more: Any) -> JobFolder:
        who = named(captioner) if isinstance(captioner, str) else captioner
        again = more.pop("again", False)
        settings = CaptionRequest([where], who, again=again).settings()
        folder = JobFolder(tmp_path / "job").create()
        write_json(folder.job, {"kind": "tool", "settings": {**settings.as_dict(), **more}})
        return folder

    return make


def captions(dataset: Path) -> dict[str, str]:
    """The captions that lie in a dataset now, by the photo's number."""
    return {file.stem: file.read_text("utf-8").strip() for file in sorted(dataset.rglob("*.txt"))}
