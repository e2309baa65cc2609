"""sd-scripts out of an archive, and what is refused."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

import pytest

from sd_scripts_bridge.engines.sd_scripts.installed import setup
from sd_scripts_bridge.engines.sd_scripts.installed.archive import is_archive, unpack
from sd_scripts_bridge.errors import BridgeError
from sd_scripts_bridge.paths import Home


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    folder = tmp_path / "packed" / "sd-scripts-0.10.1"
    folder.mkdir(parents=True)
    (folder / "train_network.py").write_text("print('here')")
    (folder / "library").mkdir()
    return folder


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_the_scripts_come_out_of_an_archive(
    scripts: Path, home: Home, tmp_path: Path, kind: str
) -> None:
    packed = shutil.make_archive(str(tmp_path / "sd-scripts"), kind, scripts.parent)
    found = setup.find_scripts(home, packed)
    assert found == home.engines / "sd-scripts"
    assert (found / "train_network.py").read_text() == "print('here')"
    assert sorted(path.name for path in home.engines.iterdir()) == ["sd-scripts"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.zip", b"not a zip", "not a zip file"),
        ("a.tar.gz", b"", "empty"),
        ("gone.zip", None, "No such file"),
    ],
)
def test_what_is_no_archive_of_sd_scripts_is_said(
    home: Home, tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BridgeError, match=said):
        unpack(str(tmp_path / name), home.engines / "sd-scripts")
    assert not (home.engines / "sd-scripts").exists()


def test_an_archive_without_the_scripts_leaves_what_is_there(
    scripts: Path, home: Home, tmp_path: Path
) -> None:
    there = home.engines / "sd-scripts"
    shutil.copytree(scripts, there)
    (scripts / "train_network.py").unlink()
    packed = shutil.make_archive(str(tmp_path / "other"), "zip", scripts.parent)
    with pytest.raises(BridgeError, match=r"holds no train_network\.py"):
        unpack(packed, there)
    assert (there / "train_network.py").is_file()


def test_nothing_lands_outside(home: Home, tmp_path: Path) -> None:
    evil = tmp_path / "evil.tar.gz"
    with tarfile.open(evil, "w:gz") as archive:
        archive.add(__file__, "../../../train_network.py")
    with pytest.raises(BridgeError, match="sd-scripts can't be taken from"):
        unpack(str(evil), home.engines / "sd-scripts")
    assert not [*tmp_path.rglob("train_network.py")]


def test_addresses_and_folders_are_told_apart() -> None:
    archives = ("https://mirror.example/sd-scripts.zip?x=1", "/a/b.tar.gz", "C:\\x\\y.TGZ")
    assert all(map(is_archive, archives))
    assert not any(map(is_archive, ("https://github.com/kohya-ss/sd-scripts.git", "/a/b")))
