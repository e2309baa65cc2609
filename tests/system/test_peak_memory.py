"""What a trainer takes of the memory, seen from outside: of its whole family, and of the GPUs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sd_scripts_bridge.system import peak_memory
from sd_scripts_bridge.system.peak_memory import PeakMemory
from tests.support.programs import program

__all__ = ["program"]

MB = 1024**2


@pytest.fixture
def large() -> Iterator[int]:
    """A child that holds 300 MB."""
    code = "held = b'x' * 300_000_000; print('on', flush=True); input()"
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout and child.stdout.readline()
        yield child.pid
        child.kill()


def test_the_largest_of_the_family_counts(large: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no nvidia-smi
    peak = PeakMemory(os.getpid())
    assert peak.bytes is None, "nobody has looked yet"
    peak.look()
    assert peak.bytes and peak.bytes > 300_000_000


def test_of_a_process_that_is_gone_nothing_is_known() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    peak = PeakMemory(child.pid)
    peak.look()
    assert peak.bytes is None


def test_on_a_gpu_that_is_what_counts_and_only_the_familys(
    large: int, program: Callable[[str, str], Path]
) -> None:
    program(
        "nvidia-smi", f"echo '{large}, 5000'; echo '{large}, 700'; echo '1, 9000'; echo '2, [N/A]'"
    )
    peak = PeakMemory(os.getpid())
    peak.look()
    assert peak.bytes == 5700 * MB
    program("nvidia-smi", f"echo '{large}, 100'")
    peak._next_look = peak._next_gpu_look = 0.0
    peak.look()
    assert peak.bytes == 5700 * MB, "the most that it ever took"


def test_a_driver_that_fails_is_asked_once(
    program: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peak_memory, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(peak_memory, "GPU_SECONDS", 0.0)
    asked = tmp_path / "asked"
    program("nvidia-smi", f"echo x >> '{asked}'; exit 9")
    peak = PeakMemory(os.getpid())
    for _ in range(3):
        peak.look()
    assert asked.read_text() == "x\n" and peak.bytes == peak.ram
