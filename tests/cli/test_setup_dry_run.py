"""`setup --dry-run`: the commands, and nothing done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sd_scripts_bridge.cli.main import main
from sd_scripts_bridge.system.environment import Environment


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
    (scripts / "train_network.py").touch()
    words = ["setup", "--dry-run", "--source", str(scripts), "--python", "/usr/bin/python3"]
    assert main(["--home", str(tmp_path / "home"), *words]) == 0
    said = capsys.readouterr().out
    assert "git clone" not in said and "/usr/bin/python3 -c 'import" in said


def test_a_folders_own_environment_is_asked_before_a_new_one_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SD_SCRIPTS_PYTHON", raising=False)
    scripts = tmp_path / "kohya_ss" / "sd-scripts"
    scripts.mkdir(parents=True)
    (scripts / "train_network.py").touch()
    own = Environment.in_folder(scripts.parent / "venv")
    own.python.parent.mkdir(parents=True)
    own.python.touch()
    said = _said(tmp_path, capsys, str(scripts.parent))
    assert said[0].startswith(f"{own.python} -c 'import") and "used if that works" in said[0]
    assert any(str(scripts / "requirements.txt") in line for line in said)


def test_what_the_setup_would_refuse_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["setup", "--dry-run", "--source", str(tmp_path)]
    assert main(["--home", str(tmp_path / "home"), *words]) == 1
    assert "holds no train_network.py" in capsys.readouterr().err


def test_an_archive_is_unpacked_and_a_password_not_repeated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = _said(tmp_path, capsys, "https://ada:topsecret@example.com/sd-scripts.zip")
    assert said[0].startswith("# https://example.com/sd-scripts.zip is unpacked into")
    assert not any("git clone" in line for line in said)


def _said(tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str) -> list[str]:
    assert main(["--home", str(tmp_path / "home"), "setup", "--dry-run", "--source", source]) == 0
    return capsys.readouterr().out.splitlines()
