"""The command line as a user calls it, and what the verbs are given."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.cli import main as cli
from tests.support import model_headers as headers
from tests.support.patience import SECONDS

FAKE_SCRIPTS = Path(__file__).parents[1] / "fake_sd_scripts"


def run(bridge: Bridge, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a verb in this process."""
    return said(arguments(bridge, words))


def said(argv: list[str]) -> subprocess.CompletedProcess[str]:
    """What a shell would show of a verb, and its exit code."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main(argv)
    return subprocess.CompletedProcess(argv, code, out.getvalue(), err.getvalue())


def run_alone(bridge: Bridge, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a verb in a process of its own, which takes a second longer."""
    argv = [sys.executable, "-m", "sd_scripts_bridge", *arguments(bridge, words)]
    return subprocess.run(
        argv, capture_output=True, text=True, encoding="utf-8", timeout=SECONDS, check=False
    )


def arguments(bridge: Bridge, words: Sequence[object]) -> list[str]:
    return ["--home", str(bridge.home.root), *map(str, words)]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "my photos ñ"
    folder.mkdir()
    numbers = np.random.default_rng(1)
    for number in (1, 2, 10):
        pixels = numbers.integers(0, 255, (600, 560, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.jpg")
    (folder / "1.txt").write_text("a walk in the park", encoding="utf-16")
    return folder


@pytest.fixture
def dataset(bridge: Bridge, photos: Path, tmp_path: Path) -> Path:
    bridge.write_dataset([photos], "Ada", "woman", 30, tmp_path / "set")
    return tmp_path / "set"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A checkpoint with the names and sizes of SD 1.5, its 2 GB a hole in the file."""
    return headers.full_size_sd15(tmp_path / "v1-5-pruned-emaonly.safetensors")
