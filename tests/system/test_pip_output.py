"""pip_output: what real pip prints becomes packages, bytes and a sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from sd_scripts_bridge.errors import CommandFailed
from sd_scripts_bridge.system.environment import Environment
from sd_scripts_bridge.system.pip_output import PipProgress

PRINTED = """\
Looking in indexes: https://download.pytorch.org/whl/cpu
Collecting torch==2.6.0
  Downloading torch-2.6.0-cp311-cp311-linux_x86_64.whl.metadata (28 kB)
Collecting filelock (from torch==2.6.0)
  Using cached filelock-3.16.1-py3-none-any.whl.metadata (2.9 kB)
Downloading https://example.org/torch-2.6.0-cp311-cp311-linux_x86_64.whl (178.7 MB)
Progress 524288 of 178700000
Progress 89350000 of 178700000
Using cached filelock-3.16.1-py3-none-any.whl (16 kB)
Installing collected packages: filelock, torch
Successfully installed filelock-3.16.1 torch-2.6.0
"""


def told(upto: str) -> str:
    progress = PipProgress()
    for line in PRINTED.splitlines():
        progress.take(line)
        if line.startswith(upto):
            break
    return progress.sentence


def test_it_counts_packages_and_megabytes() -> None:
    assert told("Collecting torch") == "1 package, 0 MB so far"
    assert told("Progress 8") == "torch, 89 of 179 MB"
    assert told("Using cached filelock-3.16.1-py3-none-any.whl (") == "2 packages, 179 MB so far"
    assert told("Installing") == "unpacking 2 packages"


def test_lines_of_a_bar_are_for_no_log() -> None:
    bars = [line for line in PRINTED.splitlines() if PipProgress.is_bar(line)]
    assert bars == ["Progress 524288 of 178700000", "Progress 89350000 of 178700000"]
    assert not PipProgress().take("Looking in indexes: x")


def test_a_pip_that_fails_carries_its_text(tmp_path: Path) -> None:
    lines: list[str] = []
    nothing = str(tmp_path / "nothing-1.0-py3-none-any.whl")
    with pytest.raises(CommandFailed) as caught:
        Environment(Path(sys.executable)).install(nothing, take=lines.append)
    assert any("nothing-1.0" in line for line in lines)
    assert caught.value.output.splitlines() == lines
