"""A real WebUI with this extension in it, on data of its own: the WebUI's folder is only read.

WEBUI_DIR         its folder (A1111 v1.10.1 or Forge); without it these tests are skipped
WEBUI_PYTHON      its Python (WEBUI_DIR/venv/bin/python)
WEBUI_ARGS        more words for launch.py, as --skip-torch-cuda-test --use-cpu all --no-half
WEBUI_BASE        an SD 1.5 base model to train on and draw with (the first of the WebUI's own)
TRAINING_PYTHON   a Python with torch, diffusers and transformers to train with (this one)
"""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psutil
import pytest

from sd_scripts_bridge.paths import HOME_VARIABLE
from tests.browser.conftest import (
    ROOT,
    TRAINING_PYTHON,
    browser,
    pictures,
    pytest_runtest_makereport,
    visit,
)

__all__ = ["browser", "pictures", "pytest_runtest_makereport", "visit"]

WEBUI = Path(os.environ.get("WEBUI_DIR", ""))
PYTHON = Path(os.environ.get("WEBUI_PYTHON") or WEBUI / "venv" / "bin" / "python")
START_SECONDS = 300
CLICK_SECONDS = 180
"""While a model is loaded on a busy machine, a page answers late."""


@dataclass
class WebUI:
    """One start of it."""

    address: str
    data: Path
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def home(self) -> Path:
        return self.data / "lora-bridge"

    @property
    def loras(self) -> Path:
        return self.data / "models" / "Lora"

    @property
    def memory(self) -> int:
        """Bytes that it holds now."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def get(self, path: str) -> bytes:
        with urlopen(f"{self.address}/{path}", timeout=60) as answer:
            return bytes(answer.read())


@pytest.fixture(scope="session")
def base() -> Path:
    named = os.environ.get("WEBUI_BASE")
    found = (
        [Path(named)]
        if named
        else sorted((WEBUI / "models" / "Stable-diffusion").glob("*.safetensors"))
    )
    if not found:
        pytest.skip("there is no base model: name one with WEBUI_BASE")
    return found[0].resolve()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The WebUI's user data, with this extension as a user's `git clone` has it, and what isn't
    committed yet.
    """
    if not os.environ.get("WEBUI_DIR"):
        pytest.skip("WEBUI_DIR names no WebUI")
    folder = tmp_path / "data"
    words = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    files = subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    for name in filter(None, files):
        target = folder / "extensions" / "lora-bridge" / name
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
    for name in ("Stable-diffusion", "Lora"):
        (folder / "models" / name).mkdir(parents=True)
    return folder


@pytest.fixture
def with_training(data: Path, base: Path) -> Path:
    """The base model in the WebUI's list, and an environment to train in."""
    (data / "models" / "Stable-diffusion" / base.name).symlink_to(base)
    venv = data / "lora-bridge" / "engines" / "venv"
    venv.parent.mkdir(parents=True)
    venv.symlink_to(Path(TRAINING_PYTHON).parents[1])
    return data


@pytest.fixture
def start(data: Path, tmp_path: Path) -> Iterator[Callable[..., WebUI]]:
    """Starts it with more words for launch.py; every one is ended with the test."""
    started: list[WebUI] = []

    def start_it(*words: str) -> WebUI:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        argv = [
            str(PYTHON),
            "launch.py",
            "--data-dir",
            str(data),
            "--port",
            str(port),
            "--no-download-sd-model",
            "--gradio-allowed-path",  # else Forge refuses its own scripts where --data-dir is set
            str(WEBUI),
        ]
        log = tmp_path / f"webui-{len(started) + 1}.log"
        env = {name: value for name, value in os.environ.items() if name != HOME_VARIABLE}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*argv, *shlex.split(os.environ.get("WEBUI_ARGS", "")), *words],
                cwd=WEBUI,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**env, "SD_WEBUI_RESTARTING": "1"},
            )
        started.append(WebUI(f"http://127.0.0.1:{port}", data, process, log))
        wait_for(started[-1])
        return started[-1]

    yield start_it
    for webui in started:
        end(webui)


def wait_for(webui: WebUI) -> None:
    deadline = time.monotonic() + START_SECONDS
    while b"Startup time:" not in webui.log.read_bytes():
        assert webui.process.poll() is None and time.monotonic() < deadline, webui.log.read_text(
            errors="replace"
        )[-3000:]
        time.sleep(0.5)
    with_login = b"gradio-auth" in " ".join(map(str, webui.process.args)).encode()  # type: ignore[arg-type]
    if not with_login:
        try:
            webui.get("config")
        except URLError as error:
            raise AssertionError(webui.log.read_text(errors="replace")[-3000:]) from error


def end(webui: WebUI) -> None:
    if webui.process.poll() is None:
        webui.process.terminate()
        try:
            webui.process.wait(20)
        except subprocess.TimeoutExpired:
            webui.process.kill()
            webui.process.wait(20)


@pytest.fixture
def open_tab(visit: Callable[..., Any]) -> Callable[..., Any]:
    """Opens the WebUI in a browser, at our tab."""

    def open_it(webui: WebUI) -> Any:
        tab = visit(webui.address, ready="document.querySelector('#lora-bridge')")
        tab.page.set_default_timeout(1000 * CLICK_SECONDS)
        choose(tab, "Train LoRA")
        tab.knows("app.state.draft", 60)
        return tab

    return open_it


def choose(tab: Any, name: str) -> None:
    """One of the WebUI's own tabs, by its whole name."""
    tab.page.locator("#tabs > .tab-nav > button").get_by_text(name, exact=True).click()
