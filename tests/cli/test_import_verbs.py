"""The verbs import, export, presets and train --config, on the command line,
with the fake trainer.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.cli import main as cli
from sd_scripts_bridge.engines.sd_scripts.installed import catalogue
from sd_scripts_bridge.errors import Conflict, Invalid
from sd_scripts_bridge.exchange import imports
from sd_scripts_bridge.jobs.job import SetupJob, TrainingJob
from sd_scripts_bridge.options.meaning import meaning

Run = Callable[..., tuple[int, str, str]]
FAKE_SCRIPTS = Path(__file__).parents[1] / "fake_sd_scripts"


@pytest.fixture
def run(bridge: Bridge, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line in this process: (exit code, stdout, stderr)."""

    def call(*words: object) -> tuple[int, str, str]:
        code = cli.main(["--home", str(bridge.home.root), *map(str, words)])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def settings(tmp_path: Path, dataset: Path, base: Path) -> Path:
    """What kohya_ss might have saved, for these photos and this base."""
    data = {
        "LoRA_type": "Kohya LoCon",
        "conv_dim": 8,
        "conv_alpha": 4,
        "network_dim": 4,
        "network_alpha": 2,
        "epoch": 1,
        "max_train_steps": 0,
        "lr_warmup": 10,
        "lr_scheduler": "cosine",
        "optimizer": "AdamW",
        "mixed_precision": "no",
        "max_resolution": "512,512",
        "output_name": "FromKohya",
        "train_data_dir": str(dataset / "img"),
        "pretrained_model_name_or_path": str(base),
        "wandb_api_key": "s3cret",
        "highvram": True,
        "loss_type": "l2",
    }
    file = tmp_path / "kohya.json"
    file.write_text(json.dumps(data))
    return file


def test_import_says_what_becomes_of_each_key(run: Run, settings: Path) -> None:
    code, said, _ = run("import", settings)
    assert code == 0 and "Ignored:" in said and "s3cret" not in said
    data = json.loads(run("import", settings, "--json")[1])
    assert {row["key"] for row in data["keys"]} == set(json.loads(settings.read_text()))
    assert data["counts"]["ignored"] >= 1 and data["values"]["network_dim"] == 4


def test_import_of_something_else_is_one_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    code, said, error = run("import", tmp_path / "x.json")
    assert (code, said) == (1, "") and "holds no settings" in error


def test_train_config_alone_trains_what_the_file_says(
    bridge: Bridge, run: Run, settings: Path
) -> None:
    catalogue.write(bridge.home, Path(sys.executable), FAKE_SCRIPTS)
    code, said, error = run("train", "--config", settings, "--set", "network_dim=6")
    assert code == 0, error
    assert "kohya.json: settings saved by kohya_ss" in said
    job = bridge.jobs()[-1].job
    assert isinstance(job, TrainingJob) and job.name == "FromKohya"
    assert (job.params.network_dim, job.params.network_alpha, job.params.max_train_steps) == (
        6,
        2.0,
        30,
    )
    assert job.params.lr_warmup_steps == 3 and job.params.min_snr_gamma is None
    assert job.params.extra["network_args"] == ["conv_dim=8", "conv_alpha=4"]
    assert "highvram" not in job.params.extra, "the fake script has no such option"


def test_train_config_names_what_is_missing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(
        'pretrained_model_name_or_path = "/x/gone.safetensors"\nnetwork_dim = 8\n'
    )
    code, _, error = run("train", "--config", tmp_path / "c.toml")
    assert code == 1
    assert (
        "names no photos on this machine" in error and "'/x/gone.safetensors' isn't here" in error
    )


def test_scattered_folders_are_brought_side_by_side(
    bridge: Bridge, photos: Path, base: Path, tmp_path: Path
) -> None:
    config = tmp_path / "d.toml"
    config.write_text(
        "[[datasets]]\nresolution = 512\n[[datasets.subsets]]\nimage_dir = "
        f"{json.dumps(str(photos))}\n"
        'num_repeats = 5\nclass_tokens = "Ada woman"\n',
        encoding="utf-8",
    )
    request = bridge.like(bridge.import_file(config), {"base": base})
    assert not bridge.home.datasets.exists(), "only a start copies"
    job, _ = bridge.prepare(request)
    assert [folder.name for folder in Path(job.dataset).iterdir()] == ["5_Ada woman"]
    assert job.params.max_train_steps == 1600, "sd-scripts' own default"


@pytest.mark.parametrize(
    ("form", "files"),
    [
        ("toml", {"train.toml", "dataset.toml"}),
        ("kohya", {"FromKohya.json"}),
        ("sh", {"train.sh", "train.bat"}),
    ],
)
def test_a_job_leaves_again_as_it_came(
    bridge: Bridge, run: Run, settings: Path, tmp_path: Path, form: str, files: set[str]
) -> None:
    job, _ = bridge.prepare(bridge.like(bridge.import_file(settings), {}))
    number = bridge._store.add(job)
    code, _, error = run("export", number, "--format", form, "--out", tmp_path / "out")
    assert code == 0, error
    assert {file.name for file in (tmp_path / "out").iterdir()} == files
    again = imports.read(tmp_path / "out" / min(files, key=lambda name: name.startswith("dataset")))
    request = bridge.like(again, {})
    assert meaning(bridge.prepare(request)[0].params, "sd1") == meaning(job.params, "sd1")


def test_a_set_up_is_no_training_to_export(bridge: Bridge) -> None:
    number = bridge._store.add(SetupJob("sd-scripts"))
    with pytest.raises(Conflict, match="is not a training"):
        bridge.export(number, "toml")


def test_presets_are_listed_shown_and_copied(run: Run, tmp_path: Path) -> None:
    code, listed, _ = run("presets")
    assert code == 0 and "person-sdxl-8gb" in listed
    assert "train_SDXL-en.md" in run("presets", "show", "person-sdxl-8gb")[1]
    assert run("presets", "cp", "person-sd15", tmp_path / "mine.toml")[0] == 0
    assert (tmp_path / "mine.toml").is_file()
    assert run("presets", "show", "nobody")[0] == 1


def test_a_preset_of_ones_own_is_trained(
    bridge: Bridge, dataset: Path, base: Path, tmp_path: Path
) -> None:
    text = (
        'title = "Mine"\nwhy = "Because."\n[options]\nnetwork_dim = 12\nmax_bucket_reso = '
        "2048\n[extra]\nhighvram = true\n"
    )
    (tmp_path / "mine.toml").write_text(text)
    request = bridge.like(bridge.import_file(dataset), {"base": base})
    assert request.dataset == dataset
    job, _ = bridge.prepare(replace(request, preset=str(tmp_path / "mine.toml"), file_values={}))
    assert (job.params.network_dim, job.params.extra, job.preset) == (
        12,
        {"highvram": True},
        "mine",
    )


def test_an_unreadable_job_file_is_a_sentence(bridge: Bridge, tmp_path: Path) -> None:
    (tmp_path / "job.json").write_text(json.dumps({"kind": "train", "params": {}}))
    with pytest.raises(Invalid, match="lacks name"):
        bridge.import_file(tmp_path / "job.json")
