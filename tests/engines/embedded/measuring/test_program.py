"""Measuring saved LoRAs afterwards: the same figures as while it trained, each only once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from sd_scripts_bridge.evidence import measured
from sd_scripts_bridge.evidence.curve import curve
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.running.asked import evaluation
from sd_scripts_bridge.system.files import write_json
from tests.engines.embedded.conftest import Run

Pictures = Callable[[Path, int, str], None]


def test_evaluate_says_what_the_training_said_and_measures_nothing_twice(
    train: Callable[..., Run],
    tokenizers: Path,
    pictures: Pictures,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from sd_scripts_bridge.engines.embedded.measuring import program

    pictures(tmp_path / "set" / "img" / "2_Ada woman", 4, "Ada woman, photo, number {}")
    pictures(tmp_path / "set" / "held_out", 1, "Ada woman, another photo, {}")
    run = train(data=tmp_path / "set" / "img", save_every_n_steps=3, max_train_steps=6)
    assert run.code == 0, run.errors
    before = curve(measured.read(run.folder.measured))
    for step in (3, 6):
        (run.folder.measured / f"{step:08d}.json").unlink()

    def evaluate(name: str) -> JobFolder:
        tool = JobFolder(tmp_path / name).create()
        write_json(tool.job, evaluation.of_job(1, run.job, run.folder).as_dict())
        monkeypatch.setattr(sys, "argv", ["", str(tool.root), str(tokenizers)])
        assert program.main() == 0
        return tool

    answer = json.loads(evaluate("first").result.read_text())
    after = curve(measured.read(run.folder.measured))
    assert [point.step for point in after] == [0, 3, 6]
    for one, other in zip(before, after, strict=True):
        assert other.held_out == pytest.approx(one.held_out, rel=2e-3)
    assert [point["step"] for point in answer["curve"]] == [0, 3, 6] and "reason" in answer
    times = {path: path.stat().st_mtime_ns for path in run.folder.measured.iterdir()}
    evaluate("second")
    assert times == {path: path.stat().st_mtime_ns for path in run.folder.measured.iterdir()}


def test_a_locon_is_applied_and_lycoris_refused(
    bases: Callable[[str], Path], tmp_path: Path
) -> None:
    from sd_scripts_bridge.engines.embedded.model import base_model
    from sd_scripts_bridge.engines.embedded.sampling.applied import applied
    from sd_scripts_bridge.errors import Invalid

    for family, name in (
        ("sd1", "lora_unet_down_blocks_0_resnets_0_conv1"),
        ("sdxl", "lora_unet_input_blocks_1_0_in_layers_2"),
    ):
        base = base_model.load(bases(family), family, torch.float32)
        layer = base.unet.down_blocks[0].resnets[0].conv1
        out, into = layer.weight.shape[:2]
        lora = {
            f"{name}.lora_down.weight": torch.ones(2, into, 3, 3),
            f"{name}.lora_up.weight": torch.ones(out, 2, 1, 1),
            f"{name}.alpha": torch.tensor(1.0),
        }
        path = tmp_path / f"{family}.safetensors"
        save_file(lora, path)
        was = layer.weight.clone()
        with applied(base, load_file(path)):
            assert torch.allclose(layer.weight, was + 1.0, atol=1e-5)
        assert torch.equal(layer.weight, was)
    with pytest.raises(Invalid, match="LyCORIS"), applied(base, {f"{name}.hada_w1_a": was}):
        pass
