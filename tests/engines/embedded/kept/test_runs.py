"""Trainings one after another: what was encoded once isn't again, and the LoRA is the same."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import torch
else:
    torch = pytest.importorskip("torch", reason="the embedded engine needs torch")
pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")

from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.options.params import TrainingParams
from tests.engines.embedded.conftest import NO_SAMPLES, QUICK

Train = Callable[..., Any]
OF_THE_RUN = (
    "modelspec.date",
    "ss_session_id",
    "ss_training_started_at",
    "ss_training_finished_at",
)
OPTIONS: dict[str, object] = {
    "network_train_unet_only": True,
    "flip_aug": True,
    "train_batch_size": 2,
    "max_train_steps": 3,
}


@pytest.fixture
def prepare(bases: Callable[[str], Path], tokenizers: Path, tmp_path: Path) -> Callable[..., None]:
    """All that is before the first step, with what is kept in one folder."""
    from sd_scripts_bridge.engines.embedded.kept.tensors import KeptTensors
    from sd_scripts_bridge.engines.embedded.training import preparation

    def run(data: Path, **params: object) -> None:
        chosen = QUICK | {"network_train_unet_only": True} | params
        job = TrainingJob(
            name="Ada",
            subject="Ada",
            class_token="woman",
            dataset=str(data),
            base=str(bases("sd1")),
            family="sd1",
            engine="embedded",
            params=TrainingParams(extra=NO_SAMPLES).with_values(chosen),
        )
        kept = KeptTensors(tmp_path / "kept")
        preparation.prepare(job, tokenizers, torch.device("cpu"), kept)

    return run


def lora_of(run: Any) -> tuple[bytes, dict[str, str]]:
    """The file's tensors as bytes, and its metadata without the times of the run."""
    assert run.code == 0, run.errors
    content = run.lora.read_bytes()
    length = 8 + int.from_bytes(content[:8], "little")
    said: dict[str, str] = json.loads(content[8:length])["__metadata__"]
    return content[length:], {key: said[key] for key in said if key not in OF_THE_RUN}


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
def test_a_run_is_the_same_with_a_cold_and_a_warm_cache(
    train: Train, tmp_path: Path, encoded: list[str], family: str
) -> None:
    kept = tmp_path / "kept"
    cold = lora_of(train(family, kept=kept, **OPTIONS))
    assert encoded == [*["photo"] * 12, "captions"]
    encoded.clear()

    warm = lora_of(train(family, kept=kept, **OPTIONS))

    assert encoded == []
    assert warm == cold
    if family == "sd1":
        assert lora_of(train(family, **OPTIONS)) == cold


def test_only_what_is_new_is_encoded(
    prepare: Callable[..., None], dataset: Path, tmp_path: Path, encoded: list[str]
) -> None:
    from PIL import Image

    data = shutil.copytree(dataset, tmp_path / "more" / "img")
    (folder,) = data.iterdir()
    prepare(dataset, flip_aug=True)
    encoded.clear()
    Image.new("RGB", (96, 96), (1, 2, 3)).save(folder / "2.png")
    (folder / "3.txt").write_text("Ada woman, in the rain", encoding="utf-8")

    prepare(data, flip_aug=True)
    assert encoded == ["photo", "photo", "captions"]  # one, as it is and mirrored
    encoded.clear()
    prepare(data, clip_skip=2)
    assert encoded == ["captions"]
    encoded.clear()
    prepare(data, resolution="128")
    assert encoded == ["photo"] * 6


def test_another_vae_encodes_anew(
    prepare: Callable[..., None], dataset: Path, bases: Callable[[str], Path], encoded: list[str]
) -> None:
    from safetensors.torch import load_file, save_file

    base = bases("sd1")
    prepare(dataset)
    whole, tensors = base.read_bytes(), load_file(base)
    tensors["first_stage_model.encoder.conv_in.bias"] += 0.5
    save_file(tensors, base)
    encoded.clear()
    try:
        prepare(dataset)
    finally:
        base.write_bytes(whole)

    assert encoded == ["photo"] * 6


def test_what_is_kept_is_of_all_code_that_computes_it() -> None:
    """Whatever is changed in a layer of the text encoders is another computation."""
    import inspect

    from sd_scripts_bridge.engines.embedded.kept import fingerprint
    from sd_scripts_bridge.engines.embedded.model.layers.projection import Projection
    from sd_scripts_bridge.engines.embedded.model.text import TextLayer

    for one in (Projection, TextLayer):
        assert Path(inspect.getfile(one)) in fingerprint.code_files()
