"""`setup --dry-run`: the commands, and nothing done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sd_scripts_bridge.cli.main import main


def test_it_prints_what_it_would_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    assert main(["--home", str(home), "setup", "--dry-run", "--json"]) == 0
    lines = json.loads(capsys.readouterr().out)["commands"]
    assert lines[0].startswith("git clone https://github.com/kohya-ss/sd-scripts.git")
    assert "checkout 48d368fa557731ad0488c07304dfeba8c07910eb" in lines[1]
    assert [line for line in lines if "pip install torch==" in line]
    assert not (home / "engines" / "venv").exists()
    assert main(["--home", str(home), "jobs", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) in ([], {"jobs": []})


def test_a_folder_that_is_there_is_not_cloned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scripts = tmp_path / "sd-scripts"
    scripts.mkdir()
    words = ["setup", "--dry-run", "--source", str(scripts), "--python", "/usr/bin/python3"]
    assert main(["--home", str(tmp_path / "home"), *words]) == 0
    said = capsys.readouterr().out
    assert "git clone" not in said and "/usr/bin/python3 -c 'import" in said
