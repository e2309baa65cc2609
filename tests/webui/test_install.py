"""install.py as the WebUI runs it at every start: in the WebUI's folder and Python, whatever is
missing there.

WEBUI_PYTHON names the Python of a real WebUI; without it this one is taken.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = os.environ.get("WEBUI_PYTHON") or sys.executable


@pytest.fixture
def webui(tmp_path: Path) -> Path:
    """A WebUI's folder; its launch.py may not be imported, for that imports half of the WebUI."""
    for name in ("launch.py", "modules.py"):
        (tmp_path / name).write_text("raise RuntimeError('imported')\n")
    return tmp_path


def breaking(folder: Path, *names: str) -> None:
    """Modules that fail when somebody imports them."""
    for name in names:
        (folder / f"{name}.py").write_text(f"raise ImportError({name!r})\n")


def start(webui: Path, *flags: str, script: Path = ROOT / "install.py", **env: str) -> str:
    """Run it as `run_extension_installer` does; returns what it prints."""
    done = subprocess.run(
        [PYTHON, *flags, str(script)],
        cwd=webui,
        capture_output=True,
        text=True,
        timeout=300,
        env={
            **os.environ,
            "PYTHONPATH": f"{webui}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
            **env,
        },
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def packages() -> list[str]:
    """Every file of the environment that runs it, with its time and size: more than `pip freeze`
    tells.
    """
    code = (
        "import site, sysconfig; print(sysconfig.get_path('purelib')); "
        "print(*site.getsitepackages(), sep='\\n')"
    )
    folders = subprocess.run(
        [PYTHON, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split("\n")
    found = []
    for folder in {Path(text) for text in folders if text}:
        for base, _, files in os.walk(folder):
            if not base.endswith("__pycache__"):
                for name in set(files) - {"hash_seed.txt"}:  # gradio's, when a page is first drawn
                    info = os.lstat(os.path.join(base, name))
                    found.append(f"{base}/{name} {info.st_size} {info.st_mtime_ns}")
    return sorted(found)


def freeze() -> str:
    return subprocess.run(
        [PYTHON, "-m", "pip", "freeze"], capture_output=True, text=True, check=True
    ).stdout


def test_it_says_nothing_and_does_nothing_to_the_webuis_packages(webui: Path) -> None:
    before = freeze(), packages()
    assert len(before[1]) > 50
    assert start(webui) == ""
    assert (freeze(), packages()) == before
    assert sorted(path.name for path in webui.iterdir()) == ["launch.py", "modules.py"]


def test_it_takes_no_time(webui: Path) -> None:
    def loaded(script: Path) -> set[str]:
        told = start(webui, "-X", "importtime", script=script)
        return {line.rpartition("|")[2].strip() for line in told.splitlines()}

    empty = webui / "empty.py"
    empty.write_text("")
    assert loaded(ROOT / "install.py") - loaded(empty) <= {"__future__"}


def test_without_a_network_a_pip_a_venv_and_with_skip_install(webui: Path) -> None:
    breaking(webui, "pip", "venv", "ensurepip", "requests", "torch", "gradio")
    dead = "http://127.0.0.1:9"
    env: dict[str, Any] = {
        "COMMANDLINE_ARGS": "--skip-install",
        "PIP_INDEX_URL": dead,
        "HTTPS_PROXY": dead,
        "HTTP_PROXY": dead,
        "PATH": "",
    }
    assert start(webui, **env) == ""


def test_an_embedded_python_that_knows_neither_folder(webui: Path) -> None:
    """With a ._pth file Python ignores PYTHONPATH and the script's own folder, as -I does."""
    assert start(webui, "-I") == ""


def test_a_folder_that_cannot_be_written(webui: Path, tmp_path: Path) -> None:
    copy = tmp_path / "extensions" / "lora-bridge"
    shutil.copytree(
        ROOT / "sd_scripts_bridge",
        copy / "sd_scripts_bridge",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copy(ROOT / "install.py", copy)
    before = sorted(copy.rglob("*"))
    for path in [copy, *before]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert start(webui, script=copy / "install.py") == ""
        assert sorted(copy.rglob("*")) == before, (
            "root may write everywhere, so nothing may be tried"
        )
    finally:
        for path in [copy, *before]:
            path.chmod(0o755)


def test_every_python_that_a_webui_accepts_can_read_it() -> None:
    ast.parse((ROOT / "install.py").read_text(encoding="utf-8"), feature_version=(3, 7))
