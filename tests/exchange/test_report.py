"""What a report says at its end: each value that will train, and where it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.datasets.kohya_folder import open_dataset
from sd_scripts_bridge.exchange import imports, request
from sd_scripts_bridge.exchange.settling.imported import Fate, Imported
from sd_scripts_bridge.models import checkpoint
from sd_scripts_bridge.planning.planner import Planner
from tests.support import model_headers as headers

FILE = """
unet_lr = 3e-4
text_encoder_lr = 5e-5
max_train_epochs = 8
lr_warmup_steps = 0.1
lr_scheduler = "cosine"
v_parameterization = true
log_with = "tensorboard"
optimizer_args = ["weight_decay=0.1", "betas=(0.9,0.99)"]
"""


def read(folder: Path, text: str = FILE) -> Imported:
    (folder / "c.toml").write_text(text, encoding="utf-8")
    return imports.read(folder / "c.toml")


def test_the_report_ends_with_what_will_train_and_where_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    lines = read(tmp_path).lines()
    table = lines[lines.index("Will be trained:") + 1 :]
    rows = {words[0]: words[1:] for words in map(str.split, table) if words}
    assert rows["unet_lr"] == ["0.0003", "unet_lr"]
    assert rows["epochs"][0] == "8" and rows["warm-up"][0] == "10%"
    assert "learning_rate" not in rows  # both parts have a rate of their own
    assert rows["optimizer_args"][:2] == ["weight_decay=0.1", "betas=(0.9,0.99)"]
    assert " ".join(rows["network_dim"]) == "4 not in the file: the default of its program"


@pytest.mark.parametrize("columns", ["64", "100"])
def test_no_line_is_wider_than_the_screen(
    tmp_path: Path, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = read(tmp_path, FILE + 'training_comment = "' + "word " * 40 + '"\n').lines()
    assert max(map(len, lines)) <= int(columns)


def test_tensorboard_is_not_called_a_service(tmp_path: Path) -> None:
    row = next(row for row in read(tmp_path).rows if row.key == "log_with")
    assert row.fate is Fate.USED


def test_v_prediction_is_asked_for_and_not_dropped(tmp_path: Path) -> None:
    imported = read(tmp_path)
    row = next(row for row in imported.rows if row.key == "v_parameterization")
    assert imported.v_parameterization and row.fate is Fate.USED


def test_settings_of_another_family_are_warned_about(tmp_path: Path) -> None:
    base = headers.write(tmp_path / "base.safetensors", headers.checkpoint("sd1"))
    (tmp_path / "run.sh").write_text("python sdxl_train_network.py --network_dim 8\n")
    imported = imports.read(tmp_path / "run.sh")
    assert "The settings are for SDXL, and the base model is SD 1.5" in "".join(
        request.remarks(imported, base)
    )
    (tmp_path / "run.sh").write_text(
        f"python sdxl_train_network.py --pretrained_model_name_or_path '{base}' --seed 1\n"
    )
    notes = "".join(imports.read(tmp_path / "run.sh").notes)
    assert "The settings are for SDXL, and the base model is SD 1.5" in notes


@pytest.mark.parametrize(
    ("metadata", "prediction"),
    [
        (None, "v_prediction"),
        ({"modelspec.prediction_type": "epsilon"}, "epsilon"),
    ],
    ids=["the base is silent", "the base says epsilon"],
)
def test_v_prediction_is_trained_where_the_base_model_does_not_say(
    tmp_path: Path, bridge: Bridge, metadata: dict[str, str] | None, prediction: str
) -> None:
    base = headers.write(tmp_path / "base.safetensors", headers.checkpoint("sdxl"), metadata)
    leaf = tmp_path / "img" / "4_Ada woman"
    leaf.mkdir(parents=True)
    Image.new("RGB", (64, 64)).save(leaf / "1.png")
    asked = bridge.like(read(tmp_path), {"dataset": tmp_path, "base": base, "name": "Ada"})
    data = open_dataset(tmp_path)
    job, _, _ = Planner(bridge.home).draft_job(asked, data, checkpoint.read(base))
    assert job.prediction == prediction
