"""The measurement for a GPU runs from its first to its last line where there is none."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

import torch

from benchmarks import contenders, gpu
from benchmarks.__main__ import main
from benchmarks.gpu_bench import Bench
from benchmarks.outcome import Missing, Outcome
from sd_scripts_bridge.engines.embedded.stepping.policy import WARM

FULL = "raise MemoryError('CUDA out of memory. Tried to allocate 20.00 GiB.')"
"""A script that ends as the real one does on a GPU that is too small."""
ONLY, BOTH = "SD 1.5, 512, U-Net only", "SD 1.5, 512, with text encoder"


def rehearsed(*words: str) -> Outcome:
    parser = argparse.ArgumentParser()
    gpu.options(parser)
    said = parser.parse_args(["--device", "cpu", "--tiny", "--families", "sd1", *words])
    try:
        return gpu.measure(said)
    except Missing as missing:
        pytest.skip(str(missing))


def test_a_rehearsal_on_the_cpu_takes_every_way_past_whatever_fails(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """sd-scripts finds no memory, and our second program breaks: theirs are two lines of seven."""
    (tmp_path / "train_network.py").write_text(FULL, encoding="utf-8")
    monkeypatch.setenv("SD_SCRIPTS_DIR", str(tmp_path))
    monkeypatch.setenv("SD_SCRIPTS_PYTHON", sys.executable)
    monkeypatch.setattr(gpu, "WARM", WARM + 2)
    monkeypatch.setattr(gpu, "TIMED", 1)
    monkeypatch.setattr(gpu, "LEAST_TIMED", 1)
    monkeypatch.setattr(gpu, "_has_triton", lambda: False)
    real, runs = contenders.ours, list[int]()

    def breaks(*given: Any) -> contenders.Run:
        runs.append(1)
        if len(runs) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory\nmore")
        return real(*given)

    monkeypatch.setattr(gpu, "ours", breaks)
    outcome = rehearsed()
    found = {(str(row[0]), str(row[1])): row[2:] for row in outcome.rows}
    assert [len(outcome.rows), len(found)] == [8, 8]
    for measured in ((ONLY, "ours, program"), (ONLY, "graphs"), (BOTH, "eager"), (BOTH, "graphs")):
        assert float(str(found[measured][0])) > 0 and not found[measured][-1]
    assert float(str(found[ONLY, "ours, program"][3])) > 0, "the loss of the one that was made"
    for case in (ONLY, BOTH):
        note = str(found[case, "sd-scripts"][-1])
        assert "sd-scripts failed with 1: MemoryError: CUDA out of memory" in note
    assert found[BOTH, "ours, program"][-1] == "failed: CUDA out of memory"
    assert outcome.figure.startswith("On the CPU with PyTorch ")
    assert "SD 1.5, 512: " in outcome.figure and "sd-scripts" not in outcome.figure


def test_without_time_every_line_says_so_and_nothing_is_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Bench, "work", lambda *_, **__: pytest.fail("a base was made"))
    outcome = rehearsed("--minutes", "0")
    assert {row[-1] for row in outcome.rows} == {"not measured: no time was left"}
    assert not outcome.met and "nothing was measured" in outcome.figure


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    words = [sys.executable, "-c", "import time; print('steps'); time.sleep(1000)"]
    with pytest.raises(Missing, match="It wasn't done after 1 s"):
        contenders._run("It", words, lambda _: None, tmp_path / "lora", tmp_path / "log", 1.0)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gpu"]) == 2
    said = capsys.readouterr()
    assert "needs an NVIDIA GPU" in said.err and not said.out
