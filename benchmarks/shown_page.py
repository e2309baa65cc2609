"""The tab in a browser, over a draft that was made before."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from sd_scripts_bridge.page.draft.choices import DraftChange
from sd_scripts_bridge.page.draft.draft import Draft
from sd_scripts_bridge.paths import Home

from .outcome import Missing

SUBJECT, CLASS_TOKEN = "Ada", "woman"
WORDS = (
    ("in a sunny park", "at home", "on a busy street", "plain background", "at the lake"),
    ("grey shirt", "white t-shirt", "dark jacket", "red dress", "blue sweater"),
    ("standing", "sitting", "walking", "looking at the camera", "arms crossed"),
    ("soft light", "evening light", "daylight", "studio light", "backlit"),
)
ALWAYS = "brown eyes, twice, twice, last"
SIDE = 256


def many_captions(folder: Path, count: int) -> Home:
    """A home whose draft holds so many photos with captions, all looked at."""
    dice = np.random.default_rng(7)
    photos = _photos(folder, count, dice)
    for number in range(1, count + 1):
        said = ", ".join(dice.choice(words) for words in WORDS)
        text = f"{SUBJECT} {CLASS_TOKEN}, number {number}, {said}, {ALWAYS}"
        (photos / f"{number}.txt").write_text(text, encoding="utf-8")
    return _home(folder, photos)


def drawn_photos(folder: Path, count: int) -> Home:
    """A home whose draft holds so many photos without captions, all looked at."""
    return _home(folder, _photos(folder, count, np.random.default_rng(7)))


def _photos(folder: Path, count: int, dice: np.random.Generator) -> Path:
    photos = folder / "photos"
    photos.mkdir()
    for number in range(1, count + 1):
        small = Image.fromarray(dice.integers(0, 255, (16, 16, 3), np.uint8))
        small.resize((SIDE, SIDE), Image.Resampling.NEAREST).save(photos / f"{number}.jpg")
    return photos


def _home(folder: Path, photos: Path) -> Home:
    """A home with these photos as its draft."""
    home = Home(folder / "home").create()
    draft = Draft(home)
    draft.describe(DraftChange(name=SUBJECT, class_token=CLASS_TOKEN))
    draft.use_folder(photos)
    draft.check.wait(3600)
    return home


@contextmanager
def shown_page(home: Home) -> Iterator[Any]:
    """Its tab in a browser, a Playwright page. Raises `Missing`."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise Missing("Playwright is not here: pip install playwright") from None
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with _served(home) as address, sync_playwright() as playwright:
        if not program and not Path(playwright.chromium.executable_path).exists():
            raise Missing("Chromium is not here: name it in CHROMIUM.")
        with playwright.chromium.launch(executable_path=program, args=["--no-sandbox"]) as browser:
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(address)
            ready = "loraBridge.app.state.draft && !loraBridge.app.state.draft.checking"
            page.wait_for_function(
                f"window.loraBridge && loraBridge.app && {ready}", timeout=600_000
            )
            yield page


@contextmanager
def _served(home: Home) -> Iterator[str]:
    """The address of `ui` on this home."""
    words = ["--home", str(home.root), "ui", "--json", "--port", "0"]
    argv = [sys.executable, "-m", "sd_scripts_bridge", *words]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as program:
        try:
            line = program.stdout.readline() if program.stdout else ""
            if not line:
                raise Missing("The tab can't be served: python -m sd_scripts_bridge ui says why.")
            yield json.loads(line)["address"]
        finally:
            program.terminate()
