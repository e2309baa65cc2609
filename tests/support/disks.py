"""Disks that are full or can't be written: real ones, small, in memory."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A file system of ``size``, as long as the test lasts."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs Linux and root")
    folder.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if subprocess.run(argv, check=False).returncode:
        pytest.skip("this machine doesn't let us mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 300 kB."""
    yield from mounted(tmp_path / "small disk", "300k")


@pytest.fixture
def lora_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MB, room for a small LoRA."""
    yield from mounted(tmp_path / "lora disk", "8m")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A folder on a disk that can't be written."""
    for folder in mounted(tmp_path / "read only", "100k"):
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield folder
