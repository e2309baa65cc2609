"""What the set-up says of the PyTorch that it gets."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from sd_scripts_bridge.engines.sd_scripts.installed import setup
from sd_scripts_bridge.system import environment
from sd_scripts_bridge.system.pytorch.choice import Hardware, choose


def test_a_cpu_build_that_would_not_be_small_is_not_called_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    choice = choose(Hardware("linux"))
    monkeypatch.setattr(setup, "answers", lambda _index: False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert "includes CUDA (about 3 GB" in setup._torch(choice)
    monkeypatch.setattr(setup, "answers", lambda _index: True)
    assert setup._torch(choice).endswith("the CPU build")


def wheel(folder: Path, version: str) -> None:
    """A file that pip takes for a build of PyTorch."""
    info = f"torch-{version}.dist-info"
    with zipfile.ZipFile(folder / f"torch-{version}-py3-none-any.whl", "w") as file:
        file.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n"
        )
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")


def test_what_the_set_up_weighs_goes_by_the_file_that_pip_would_take(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    choice = choose(Hardware("linux"))
    monkeypatch.setattr(environment, "answers", lambda _index: False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    wheel(tmp_path, choice.torch)  # as PyPI has it, with CUDA
    assert not environment.is_small(choice)
    wheel(tmp_path, f"{choice.torch}+cpu")
    assert environment.is_small(choice)
    monkeypatch.setattr(environment, "answers", lambda _index: True)
    assert not environment.is_small(choose(Hardware("linux", rocm=True)))


def test_behind_a_proxy_the_index_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "getproxies", lambda: {"https": "http://proxy:3128"})
    assert environment.answers("https://nowhere.invalid/whl/cpu")
    monkeypatch.setattr(environment, "getproxies", dict)
    assert not environment.answers("https://nowhere.invalid/whl/cpu")
