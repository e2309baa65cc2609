"""The demo's base model, as it lies in the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.models import checkpoint
from sd_scripts_bridge.models.shipped import demo_base


def test_the_file_is_the_one_that_was_trained_and_whole(tmp_path: Path) -> None:
    path = demo_base.put(tmp_path)

    assert path.read_bytes() == demo_base.FILE.read_bytes()
    assert checkpoint.read(path).family == "sd1"
    assert path.stat().st_size <= 12 * 2**20


def test_a_damaged_copy_is_put_right(tmp_path: Path) -> None:
    path = demo_base.put(tmp_path)
    path.write_bytes(path.read_bytes()[:-1] + b"?")

    assert demo_base.put(tmp_path).read_bytes() == demo_base.FILE.read_bytes()


def test_a_damaged_package_says_so_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = tmp_path / "demo_base.safetensors"
    damaged.write_bytes(b"<!DOCTYPE html>")
    monkeypatch.setattr(demo_base, "FILE", damaged)

    with pytest.raises(Invalid, match="missing or damaged"):
        demo_base.put(tmp_path / "models")
    assert not (tmp_path / "models").exists()
