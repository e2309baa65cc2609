"""The trainers that are compared train the same job."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from benchmarks import contenders
from benchmarks.outcome import Missing
from benchmarks.workshop import Workshop
from sd_scripts_bridge.engines.embedded.training.trainer import read_job
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.system import toml_file

STEPS = 20
STAND_IN = f"""
import pathlib, sys
print(*(f"steps: 5%|#| {{step}}/{STEPS} [0" for step in range({STEPS} + 1)), sep="\\n", flush=True)
config = pathlib.Path(sys.argv[sys.argv.index("--config_file") + 1])
output = config.parent / "output"
output.mkdir(exist_ok=True)
(output / "Ada.safetensors").write_bytes(config.read_bytes())
"""
"""Says steps like the script, and hands over what it was told in the place of a LoRA."""


def test_sd_scripts_is_told_every_option_of_our_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "train_network.py").write_text(STAND_IN, encoding="utf-8")
    monkeypatch.setenv("SD_SCRIPTS_DIR", str(tmp_path))
    monkeypatch.setenv("SD_SCRIPTS_PYTHON", sys.executable)
    workshop, base = Workshop(tmp_path), tmp_path / "base.safetensors"
    options = {"max_train_steps": STEPS, "min_snr_gamma": 3.0, "seed": 7, "save_every_n_steps": 5}
    try:
        workshop.tokenizers()
    except Missing as missing:
        pytest.skip(str(missing))
    run = contenders.sd_scripts(workshop, "sd1", base, workshop.dataset(), options)
    told = toml_file.loads(run.lora.read_text(encoding="utf-8"))
    ours = JobFolder(workshop.root / "job")
    workshop.job("sd1", base, workshop.dataset(), **options)
    params = asdict(read_job(ours).params)
    assert {name: value for name, value in params.items() if value != told.get(name)} == {
        "cache_text_encoder_outputs": False,  # the script for SD 1.5 has no such option
        "extra": {},
    }
