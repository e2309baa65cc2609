"""A browser, ten pictures, a tiny base model, and the tab of `sd-scripts-bridge ui`.

CHROMIUM          the browser; otherwise the first one found
UI_PYTHON         another Python to serve the page with, for another gradio (this one)
AXE_CORE          axe.min.js, which judges whether everybody can use the page (npm's)
TRAINING_PYTHON   a Python with torch, diffusers and transformers to train with (this one)
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil
import pytest

from sd_scripts_bridge.demo import photos as demo_photos
from tests.support.patience import SECONDS

from .page_object import Tab

ROOT = Path(__file__).parents[2]
UI_PYTHON = os.environ.get("UI_PYTHON") or sys.executable
FAILED = pytest.StashKey[bool]()
TRAINING_PYTHON = os.environ.get("TRAINING_PYTHON") or sys.executable


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="the browser tests need: pip install playwright"
    )
    program = (
        os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    )
    sync_api.expect.set_options(timeout=SECONDS * 1000)
    with sync_api.sync_playwright() as playwright:
        if not program and not Path(playwright.chromium.executable_path).exists():
            pytest.skip(
                "the browser tests need Chromium: apt install chromium, or playwright install "
                "chromium"
            )
        with playwright.chromium.launch(executable_path=program, args=["--no-sandbox"]) as launched:
            yield launched


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Ten pictures of one made-up man."""
    folder = tmp_path_factory.mktemp("pictures")
    demo_photos.draw(folder)
    return sorted(path for path in folder.iterdir() if path.suffix != ".txt")


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny base model, SD 1.5 in architecture."""
    folder = tmp_path_factory.mktemp("models")
    missing = run(TRAINING_PYTHON, "import diffusers, torch, transformers")
    if missing:
        pytest.skip(f"nothing to train with: {missing.splitlines()[-1]}")
    code = (
        "import sys; from sd_scripts_bridge.engines.embedded.model import tiny; "
        "tiny.make(sys.argv[1])"
    )
    failed = run(TRAINING_PYTHON, code, str(folder / "tiny-sd15.safetensors"))
    assert not failed, failed
    return folder


def run(python: str, code: str, *words: str) -> str:
    """What it says where it fails, else nothing."""
    done = subprocess.run(
        [python, "-c", code, *words], capture_output=True, text=True, cwd=ROOT, check=False
    )
    return done.stderr if done.returncode else ""


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core's source: the one that is named, that npm has installed here, or npm's newest."""
    installed = ROOT / "node_modules" / "axe-core" / "axe.min.js"
    file = Path(os.environ.get("AXE_CORE") or installed)
    if not file.is_file() and (npm := shutil.which("npm")):
        kept = tmp_path_factory.mktemp("axe-core")
        file = kept / "package" / "axe.min.js"
        command = [npm, "pack", "axe-core@4", "--silent"]
        subprocess.run(command, cwd=kept, capture_output=True, timeout=120, check=False)
        for packed in kept.glob("axe-core-*.tgz"):
            with tarfile.open(packed) as archive:
                archive.extract("package/axe.min.js", kept)
    if not file.is_file():
        pytest.skip("axe-core is not here: name its axe.min.js in AXE_CORE, or install npm")
    return file.read_text(encoding="utf-8")


@dataclass
class Ui:
    """A page being served."""

    address: str
    home: Path
    process: psutil.Process | subprocess.Popen[str]
    said: IO[str]


@pytest.fixture(scope="session")
def gradio() -> str:
    """The version that serves the page."""
    code = "import gradio; print(gradio.__version__)"
    done = subprocess.run([UI_PYTHON, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"the page needs gradio, which {UI_PYTHON} doesn't have")
    return done.stdout.strip()


@pytest.fixture(scope="session")
def warm(gradio: str) -> Iterator[subprocess.Popen[str] | None]:
    """Where processes can be copied: one that has loaded gradio; see `warm_ui`."""
    if sys.platform != "linux":
        yield None
        return
    argv = [UI_PYTHON, str(Path(__file__).with_name("warm_ui.py"))]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as process:
        yield process


def start_copy(warm: subprocess.Popen[str], words: list[str], log: Path) -> Ui:
    """`ui` in a copy of that process; its address and home are filled in later."""
    out = Path(tempfile.mkdtemp()) / "out"
    os.mkfifo(out)
    asked = {"words": words, "environment": {**os.environ}, "out": str(out), "log": str(log)}
    assert warm.stdin and warm.stdout
    warm.stdin.write(json.dumps(asked) + "\n")
    warm.stdin.flush()
    copy = psutil.Process(int(warm.stdout.readline()))
    return Ui("", Path(), copy, out.open(encoding="utf-8"))


def start_alone(words: list[str], log: Path) -> Ui:
    """`ui` in a process of its own."""
    argv = [UI_PYTHON, "-m", "sd_scripts_bridge", *words]
    with log.open("ab") as errors:
        process = subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout
    return Ui("", Path(), process, process.stdout)


@pytest.fixture
def serve(
    gradio: str, warm: subprocess.Popen[str] | None, tmp_path: Path
) -> Iterator[Callable[..., Ui]]:
    """Starts `ui` on a home; every one is ended with the test. With a ``port`` it is a process of
    its own from the start, as a user's.
    """
    started: list[Ui] = []

    def start(*words: str, home: Path = tmp_path / "home", port: int = 0) -> Ui:
        venv = home / "engines" / "venv"
        if not venv.exists() and TRAINING_PYTHON != UI_PYTHON:
            venv.parent.mkdir(parents=True, exist_ok=True)
            venv.symlink_to(Path(TRAINING_PYTHON).parents[1])
        typed = ["--home", str(home), "ui", "--json", "--port", str(port), *words]
        log = tmp_path / "ui.log"
        ui = start_copy(warm, typed, log) if warm and not port else start_alone(typed, log)
        started.append(ui)
        line = ui.said.readline()
        assert line, log.read_text()
        ui.address, ui.home = json.loads(line)["address"], home
        return ui

    yield start
    for ui in started:
        stop(ui)


def stop(ui: Ui) -> None:
    """With Ctrl-C, where that can be sent to one process."""
    with contextlib.suppress(psutil.NoSuchProcess):
        ui.process.send_signal(signal.SIGTERM if os.name == "nt" else signal.SIGINT)
    ui.process.wait(SECONDS)
    ui.said.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def visit(
    browser: Any, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Callable[..., Tab]]:
    """Opens a page in a browser of its own, with words of Playwright's."""
    contexts: list[Any] = []

    def open_it(address: str, ready: str = "", **words: Any) -> Tab:
        contexts.append(
            browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **words})
        )
        contexts[-1].set_default_timeout(SECONDS * 1000)
        tab = Tab(contexts[-1].new_page())
        tab.page.goto(address)
        if ready:
            tab.page.wait_for_function(ready, timeout=SECONDS * 1000)
        else:
            tab.knows("app.state.draft")
        return tab

    yield open_it
    for number, context in enumerate(contexts, 1):
        if request.node.stash.get(FAILED, False):
            shown = tmp_path / f"failed-{number}.png"
            for page in context.pages[:1]:
                page.screenshot(path=shown, full_page=True)
                print(f"What was seen: {shown}")
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")  # else one on its way fails in the next test
        context.close()
