"""Regularization pictures, drawn by a real WebUI that has another model loaded, and is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.engines.judging.grid import WEBUI
from sd_scripts_bridge.engines.regularizing.class_pictures import ClassPictures

from .conftest import WebUI
from .test_grid import until

pytestmark = pytest.mark.timeout(1800)
COUNT = 3


@pytest.fixture
def men(data: Path, base: Path) -> ClassPictures:
    """Wanted of the second of two models in the WebUI's list; it loads the first."""
    listed = data / "models" / "Stable-diffusion"
    for name in ("a-loaded.safetensors", "the-base.safetensors"):
        os.link(base, listed / name)
    file = listed / "the-base.safetensors"
    pool = str(data / "lora-bridge" / "regularization" / file.stem)
    made = ClassPictures("man", COUNT, pool, str(file), "sd1", width=64, height=64, by=WEBUI)
    made.write()
    return made


def test_they_are_drawn_with_their_own_base_and_go_on_after_a_kill(
    start: Callable[..., WebUI], men: ClassPictures
) -> None:
    webui = start()
    until(webui, lambda: men.drawn >= 1)
    os.kill(webui.process.pid, signal.SIGKILL)
    webui.process.wait(20)
    before = {path.name: path.stat().st_mtime_ns for path in men.leaf.glob("*.png")}
    assert 1 <= len(before) < COUNT

    webui = start()
    until(webui, lambda: not men.missing)

    after = {path.name: path.stat().st_mtime_ns for path in men.leaf.glob("*.png")}
    assert len(after) == COUNT and before.items() <= after.items()
    assert (men.leaf / "3.txt").read_text(encoding="utf-8") == "man\n"
    with Image.open(men.leaf / "3.png") as picture:
        told = picture.info["parameters"]
    assert "Model: the-base" in told and "Seed: 3" in told and "Size: 64x64" in told
    assert not list((webui.data / "outputs").rglob("*.png")), "the user's own folders stay as is"
    log = webui.log.read_text(errors="replace")
    assert "Traceback" not in log, log[-3000:]
