"""A dataset_config that one folder can't say, from the command line to what the script is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.planning import preflight
from sd_scripts_bridge.system import toml_file
from tests.support.supervisor import wait_over
from tests.support.verbs import base, run

__all__ = ["base"]

CONFIG = """[general]
caption_extension = ".tags"
[[datasets]]
resolution = 512
batch_size = 2
[[datasets.subsets]]
image_dir = "ada"
num_repeats = 3
[[datasets]]
resolution = 768
[[datasets.subsets]]
metadata_file = "m.json"
image_dir = "more"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Four pictures shown three times in pairs, and two by themselves: 8 batches an epoch."""
    for folder, count in (("ada", 4), ("more", 2)):
        (tmp_path / folder).mkdir()
        for number in range(count):
            Image.new("RGB", (64, 64)).save(tmp_path / folder / f"{number}.png")
    named = {f"{number}.png": {"caption": "ada", "tags": ""} for number in range(2)}
    (tmp_path / "m.json").write_text(json.dumps(named))
    (tmp_path / "data.toml").write_text(CONFIG)
    return tmp_path / "data.toml"


def test_it_is_trained_as_it_stands_and_for_the_steps_that_were_announced(
    bridge: Bridge, config: Path, base: Path, tmp_path: Path
) -> None:
    words = ("train", "--config", config, "--base", base, "--lora-dir", tmp_path / "Lora")
    epochs = ("--set", "max_train_epochs=5", "save_every_n_steps=10", "training_comment=crash:35")
    planned = run(bridge, *words, "--dry-run", *epochs)
    assert planned.returncode == 0, planned.stderr
    assert "12 pictures an epoch at 512, batch size 2; 2 pictures an epoch at 768" in " ".join(
        planned.stdout.split()
    )
    assert "an epoch has 8 steps" in " ".join(planned.stdout.split())
    run(bridge, *words, *epochs)
    folder, job = bridge.folder(1), bridge.job(1).job
    assert isinstance(job, TrainingJob) and job.params.max_train_steps == 40
    given = toml_file.load(folder.config)
    assert given["dataset_config"] == str(folder.dataset_config)
    assert given["max_train_steps"] == 40
    assert not {"train_data_dir", "reg_data_dir", "caption_extension"} & given.keys()
    data = toml_file.load(folder.dataset_config)
    assert data["general"] == {"caption_extension": ".tags"}
    (ada,), (more,) = (dataset["subsets"] for dataset in data["datasets"])
    assert ada == {"image_dir": str(tmp_path / "ada"), "num_repeats": 3}
    assert more["metadata_file"] == str(tmp_path / "m.json")
    assert not list(bridge.home.datasets.glob("*/*")), "nothing is copied"
    assert bridge.job(1).status is Status.FAILED
    bridge.resume(1)
    wait_over(bridge, 1)
    longer = toml_file.load(folder.dataset_config)
    repeats = [s.get("num_repeats") for d in longer["datasets"] for s in d["subsets"]]
    assert repeats == [15, 5], "one epoch holds all 40 steps"


def test_what_the_file_says_cant_be_set_besides(bridge: Bridge, config: Path, base: Path) -> None:
    words = ("train", "--config", config, "--base", base, "--dry-run", "--set")
    refused = run(bridge, *words, "resolution=640")
    assert refused.returncode == 1 and "the dataset_config sets it" in refused.stderr
    assert run(bridge, *words, "keep_tokens=1").returncode == 0
    other = run(bridge, *words, "keep_tokens=1", "--engine", "embedded")
    assert other.returncode == 1 and "--engine sd-scripts" in other.stderr


@pytest.mark.parametrize("form", ["toml", "kohya", "sh"])
def test_an_export_holds_it(
    bridge: Bridge, config: Path, base: Path, tmp_path: Path, form: str
) -> None:
    submitted = run(bridge, "train", "--config", config, "--base", base, "--detach")
    assert submitted.returncode == 0, submitted.stderr
    wait_over(bridge, 1)
    out = tmp_path / "export"
    bridge.export(1, form, out)
    job = bridge.job(1).job
    assert isinstance(job, TrainingJob)
    assert toml_file.load(out / "dataset.toml") == job.dataset_config
    file = next(path for path in sorted(out.iterdir()) if path.name != "dataset.toml")
    assert str(out / "dataset.toml") in file.read_text(encoding="utf-8").replace("\\\\", "\\")
    if form == "toml":
        assert bridge.import_file(out / "train.toml").dataset_config == job.dataset_config
    again = bridge.import_file(bridge.folder(1).job)
    assert again.dataset_config == job.dataset_config


def test_a_folder_that_went_before_its_turn_is_named(
    bridge: Bridge, config: Path, base: Path, tmp_path: Path
) -> None:
    request = bridge.like(bridge.import_file(config), {"base": base})
    job, _ = bridge.dry_run(request)
    assert preflight.gone(job) == []
    (tmp_path / "m.json").rename(tmp_path / "n.json")
    (problem,) = preflight.gone(job)
    assert problem.where == "dataset" and str(tmp_path / "m.json") in problem.what
