"""The page's pure parts under node's own test runner; its scripts and styles under eslint, tsc and
stylelint.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")
def test_the_pages_pure_parts() -> None:
    files = sorted(str(path) for path in (ROOT / "tests" / "js").glob("*.test.js"))
    assert files
    done = subprocess.run(
        ["node", "--test", *files], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "# fail 0" in done.stdout or "ℹ fail 0" in done.stdout


@pytest.fixture(scope="module")
def npm() -> str:
    """npm, with what package.json asks for beside it; got once."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    if not (ROOT / "node_modules" / "typescript").is_dir():
        words = ["install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]
        done = subprocess.run([npm, *words], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm can't install what package.json asks for: {done.stderr[-300:]}")
    return npm


def test_scripts_and_styles_are_clean_and_their_types_fit(npm: str) -> None:
    done = subprocess.run(
        [npm, "run", "--silent", "lint"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-1000:]


def test_every_script_is_checked_for_types() -> None:
    scripts = sorted((ROOT / "javascript").glob("*.js"))
    assert len(scripts) > 15
    for script in scripts:
        assert script.read_text(encoding="utf-8").startswith("// @ts-check\n"), script.name
