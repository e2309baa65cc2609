"""The measurement for a GPU runs from its first to its last line where there is none."""

from __future__ import annotations

import argparse

import pytest

pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from benchmarks import gpu
from benchmarks.outcome import Missing
from sd_scripts_bridge.engines.embedded.stepping.policy import WARM


def test_a_rehearsal_on_the_cpu_takes_every_way(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SD_SCRIPTS_DIR", "SD_SCRIPTS_PYTHON"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(gpu, "WARM", WARM + 1)
    monkeypatch.setattr(gpu, "TIMED", 1)
    parser = argparse.ArgumentParser()
    gpu.options(parser)
    try:
        outcome = gpu.measure(parser.parse_args(["--device", "cpu", "--tiny", "--families", "sd1"]))
    except Missing as missing:
        pytest.skip(str(missing))
    ways = [(row[0], row[1]) for row in outcome.rows]
    only, both = "SD 1.5, 512, U-Net only", "SD 1.5, 512, with text encoder"
    assert {(only, "eager"), (only, "graphs"), (only, "ours, program"), (both, "graphs")} <= {*ways}
    assert outcome.figure.startswith("On the CPU: SD 1.5, 512: ")
