"""Measuring a LoRA from anywhere, and going on where a measuring was stopped."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import ToolJob
from sd_scripts_bridge.paths import Home
from sd_scripts_bridge.system.files import write_json
from sd_scripts_bridge.system.locks import hold
from tests.engines.embedded.conftest import Run

Bases = Callable[[str], Path]
Pictures = Callable[[Path, int, str], None]

CONVOLUTION = {
    "sd1": "lora_unet_down_blocks_0_resnets_0_conv1",
    "sd2": "lora_unet_down_blocks_0_resnets_0_conv1",
    "sdxl": "lora_unet_input_blocks_1_0_in_layers_2",
}


@pytest.fixture
def asked(home: Home) -> Iterator[Bridge]:
    """What it queues waits."""
    with hold(home.supervisor_lock):
        yield Bridge(home)


def locon(path: Path, base: Path, family: str) -> Path:
    """A LoCon of one convolution, dim 8 and alpha 4, as other trainers write it."""
    from sd_scripts_bridge.engines.embedded.model import base_model

    unet = base_model.load(base, family, torch.float32).unet
    out, into = unet.down_blocks[0].resnets[0].conv1.weight.shape[:2]
    name, dice = CONVOLUTION[family], torch.Generator().manual_seed(1)
    tensors = {
        f"{name}.lora_down.weight": torch.randn(8, into, 3, 3, generator=dice),
        f"{name}.lora_up.weight": torch.randn(out, 8, 1, 1, generator=dice),
        f"{name}.alpha": torch.tensor(4.0),
    }
    save_file(tensors, path, {"ss_sd_model_name": base.name, "ss_steps": "1200"})
    return path


def measured(bridge: Bridge, number: int, tokenizers: Path, at: pytest.MonkeyPatch) -> JobFolder:
    """Run the queued tool in this process."""
    from sd_scripts_bridge.engines.embedded.measuring import program

    job, folder = bridge.job(number).job, bridge.folder(number).create()
    assert isinstance(job, ToolJob) and job.tool == "evaluate"
    write_json(folder.job, job.as_dict())
    at.setattr(sys, "argv", ["", str(folder.root), str(tokenizers)])
    assert program.main() == 0
    return folder


@pytest.mark.parametrize("family", sorted(CONVOLUTION))
def test_any_lora_is_measured_on_photos(
    family: str,
    asked: Bridge,
    bases: Bases,
    tokenizers: Path,
    pictures: Pictures,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = bases(family)
    file = locon(tmp_path / "hero.safetensors", base, family)
    pictures(tmp_path / "photos", 2, "a woman, photo {}")
    (tmp_path / "photos" / "2.txt").unlink()
    number = asked.evaluate_file(file, tmp_path / "photos", known=[base])
    folder = measured(asked, number, tokenizers, monkeypatch)
    without, with_it = json.loads(folder.result.read_text())["curve"]
    assert (without["step"], with_it["step"]) == (0, 1200)
    assert abs(with_it["held_out"] - without["held_out"]) > 1e-4, "the LoRA was applied"
    assert len(json.loads((folder.measured / "00001200.json").read_text())["held_out"]) == 2


def test_it_is_measured_as_it_was_trained(
    asked: Bridge, bases: Bases, pictures: Pictures, tmp_path: Path
) -> None:
    file = locon(tmp_path / "hero.safetensors", bases("sd1"), "sd1")
    said = {"ss_resolution": "(128, 64)", "ss_clip_skip": "2"}
    save_file(load_file(file), tmp_path / "other.safetensors", said)
    pictures(tmp_path / "photos", 1, "a woman, photo {}")
    number = asked.evaluate_file(tmp_path / "other.safetensors", tmp_path / "photos", bases("sd1"))
    job = asked.job(number).job
    assert isinstance(job, ToolJob)
    params = job.settings["params"]
    assert (params["resolution"], params["clip_skip"]) == ("128,64", 2)


def test_a_lora_of_another_family_is_refused(
    asked: Bridge, bases: Bases, pictures: Pictures, tmp_path: Path
) -> None:
    file = locon(tmp_path / "hero.safetensors", bases("sd1"), "sd1")
    said = {"ss_base_model_version": "sdxl_base_v1-0"}
    save_file(load_file(file), tmp_path / "other.safetensors", said)
    pictures(tmp_path / "photos", 1, "a woman, photo {}")
    with pytest.raises(Invalid, match=r"is a LoRA for SDXL, but the base model is SD 1\.5"):
        asked.evaluate_file(tmp_path / "other.safetensors", tmp_path / "photos", bases("sd1"))


def test_a_base_that_nobody_names_is_asked_for(
    asked: Bridge, bases: Bases, pictures: Pictures, tmp_path: Path
) -> None:
    file = locon(tmp_path / "hero.safetensors", bases("sd1"), "sd1")
    pictures(tmp_path / "photos", 1, "a woman, photo {}")
    with pytest.raises(Invalid, match=r"trained on sd1\.safetensors, which is not known here"):
        asked.evaluate_file(file, tmp_path / "photos", known=[tmp_path / "sd1.safetensors"])


def test_a_stopped_measuring_goes_on_to_the_same_numbers(
    train: Callable[..., Run],
    asked: Bridge,
    tokenizers: Path,
    pictures: Pictures,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pictures(tmp_path / "set" / "img" / "2_Ada woman", 4, "Ada woman, photo, number {}")
    run = train(data=tmp_path / "set" / "img", save_every_n_steps=3, max_train_steps=6)
    pictures(tmp_path / "set" / "held_out", 1, "Ada woman, another photo, {}")
    number = asked._store.add(run.job)
    run.folder.root.rename(asked.folder(number).root)

    def evaluate(*, stop: bool = False) -> tuple[JobFolder, dict[str, bytes]]:
        tool = asked.folder(asked.evaluate(number)).create()
        if stop:
            tool.stop_request.touch()
        tool = measured(asked, int(tool.root.name), tokenizers, monkeypatch)
        found = asked.folder(number).measured
        return tool, {path.name: path.read_bytes() for path in found.glob("*.json")}

    tool, some = evaluate(stop=True)
    assert list(some) == ["00000000.json"] and not tool.result.exists()
    tool, resumed = evaluate()
    assert len(resumed) == 3 and tool.result.exists()
    for name in resumed:
        (asked.folder(number).measured / name).unlink()
    assert evaluate()[1] == resumed


def test_an_average_of_saves_is_a_lora_like_any_other(
    train: Callable[..., Run],
    asked: Bridge,
    bases: Bases,
    tokenizers: Path,
    pictures: Pictures,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = train(save_every_n_steps=2, max_train_steps=6, learning_rate=1e-2)
    number = asked._store.add(run.job)
    folder = asked.folder(number)
    run.folder.root.rename(folder.root)
    done = asked.publish_job(number, step=4, is_average=True)

    files = [path for path, _ in folder.checkpoints("Ada")]
    saves = [load_file(file) for file in {*files, folder.final_lora("Ada")}]
    assert len(saves) == 3
    for name, mean in load_file(done.path).items():
        wanted = torch.stack([save[name].float() for save in saves]).mean(0)
        assert torch.allclose(mean.float(), wanted, rtol=2**-8, atol=1e-6), name
    pictures(tmp_path / "photos", 1, "a woman, photo {}")
    tool = asked.evaluate_file(done.path, tmp_path / "photos", bases("sd1"))
    without, with_it = json.loads(
        measured(asked, tool, tokenizers, monkeypatch).result.read_text()
    )["curve"]
    assert (without["step"], with_it["step"]) == (0, 4)
    assert abs(with_it["held_out"] - without["held_out"]) > 1e-6
