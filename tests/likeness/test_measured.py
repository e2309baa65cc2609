"""Likeness as a job: figures and words in `result JOB`, with a real small CLIP, and without any."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.errors import Conflict
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from tests.support import messy
from tests.support.supervisor import MakeJob, submit, wait_over
from tests.support.verbs import run


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))


@pytest.fixture
def trained(bridge: Bridge, make_job: MakeJob) -> int:
    """A training on ten photos with four samples of two prompts at its last step."""
    job = make_job()
    (leaf,) = Path(job.dataset).glob("*_*")
    for number in range(1, 11):
        messy.photo(number).convert("RGB").save(leaf / f"{number}.png")
    number = submit(bridge, job)
    wait_over(bridge, number)
    folder = bridge.folder(number)
    for row in range(4):
        messy.photo(50 + row).convert("RGB").save(folder.sample(job.name, 20, row))
    Image.new("RGB", (64, 64)).save(folder.sample(job.name, 10, 0))
    folder.prompts.write_text("Ada woman\nAda woman at sea\nAda woman\na man\n", encoding="utf-8")
    return number


def test_without_a_yardstick_it_says_what_is_needed_and_still_looks_for_copies(
    bridge: Bridge, trained: int
) -> None:
    before = json.loads(run(bridge, "result", trained, "--json").stdout)["likeness"]
    assert not before["measured"] and before["sentence"] == (
        f"Not measured yet: `likeness {trained}` does it."
    )
    ended = run(bridge, "likeness", trained)
    assert ended.returncode == 0, ended.stderr + ended.stdout
    found = json.loads(run(bridge, "result", trained, "--json").stdout)["likeness"]
    assert (found["measured"], found["value"], found["samples"]) == (False, None, 3)
    assert found["sentence"].startswith("Not measured. Needed: ArcFace's .onnx")
    assert found["nearest"]["copies"] == 0 and found["nearest"]["distance"] > 10
    assert "the path of either. No sample is a copy" in " ".join(ended.stdout.split())


def test_a_sample_that_is_a_photo_over_again_is_called_one(bridge: Bridge, trained: int) -> None:
    job = bridge.job(trained).job
    assert isinstance(job, TrainingJob)
    photo = next(Path(job.dataset).glob("*/7.png"))
    shutil.copyfile(photo, bridge.folder(trained).sample(job.name, 20, 1))
    row = wait_over(bridge, bridge.measure_likeness(trained))
    assert row.status is Status.SUCCEEDED
    near = bridge.likeness(trained).nearest
    assert near is not None and (near.copies, near.photo) == (1, "7.png")
    assert near.sentence == "1 sample copies a training photo (7.png)."
    assert "copies a training photo" in row.sentence


def test_clip_measures_all_four_apart(bridge: Bridge, trained: int, tmp_path: Path) -> None:
    folder = small_clip(tmp_path / "clip")
    row = wait_over(bridge, bridge.measure_likeness(trained, folder))
    assert row.status is Status.SUCCEEDED, bridge.log(row.id)
    found = bridge.likeness(trained)
    assert found.measured and found.by == "CLIP (clip)" and (found.step, found.samples) == (20, 3)
    assert found.value is not None and found.low is not None and found.high is not None
    assert -1 <= found.low <= found.high <= 1
    assert found.photos is not None and found.low <= found.photos <= found.high
    assert found.following is not None and -1 <= found.following <= 1
    assert found.sentence == (
        f"{found.value:.2f}; your photos among themselves {found.low:.2f} to {found.high:.2f}"
    )


def test_it_needs_samples_and_photos(bridge: Bridge, make_job: MakeJob) -> None:
    number = submit(bridge, make_job())
    wait_over(bridge, number)
    with pytest.raises(Conflict, match="has 0 sample pictures and 10 photos"):
        bridge.measure_likeness(number)


def small_clip(folder: Path) -> Path:
    """A CLIP of random weights, whole as transformers writes it."""
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    sides = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    heads = {**sides, "num_attention_heads": 2, "projection_dim": 8}
    words = {"l": 0, "l</w>": 1, "<|startoftext|>": 2, "<|endoftext|>": 3}
    config = transformers.CLIPConfig(
        text_config={**heads, "vocab_size": 4, "bos_token_id": 2, "eos_token_id": 3},
        vision_config={**heads, "image_size": 32, "patch_size": 8},
        projection_dim=8,
    )
    transformers.CLIPModel(config).save_pretrained(folder)
    side = {"height": 32, "width": 32}
    transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size=side).save_pretrained(
        folder
    )
    (folder / "vocab.json").write_text(json.dumps(words), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    transformers.CLIPTokenizer(
        str(folder / "vocab.json"), str(folder / "merges.txt"), unk_token="<|endoftext|>"
    ).save_pretrained(folder)
    return folder
