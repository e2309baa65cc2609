"""A config from elsewhere in the tab, and a job out of it again."""

from __future__ import annotations

import json
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sd_scripts_bridge.bridge import Bridge
from sd_scripts_bridge.jobs.job import Status, TrainingJob
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.paths import Home

from .conftest import Ui
from .page_object import Tab

NAME = "Name, as you will use it in prompts"
KOHYA = {
    "LoRA_type": "Standard",
    "network_dim": 24,
    "network_alpha": 12,
    "epoch": 1,
    "max_train_steps": 60,
    "optimizer": "AdamW",
    "learning_rate": 0.0003,
    "unet_lr": 0.0003,
    "text_encoder_lr": 5e-05,
    "max_resolution": "128,128",
    "output_name": "FromKohya",
    "pretrained_model_name_or_path": "D:/sd/tiny-sd15.safetensors",
    "train_data_dir": "D:/photos/img",
    "mixed_precision": "no",
    "wandb_api_key": "s3cret",
    "seed": 7,
    "min_snr_gamma": 0,
    "enable_bucket": False,
    "cache_latents": True,
    "xformers": "xformers",
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "my kohya.json"
    file.write_text(json.dumps(KOHYA))
    return file


def test_a_kohya_config_is_reported_used_kept_and_taken_back(
    serve: Callable[..., Ui], visit: Callable[..., Tab], models: Path, config: Path, tmp_path: Path
) -> None:
    tab = visit(serve("--models", str(models)).address)
    tab.field(NAME).fill("Ada")
    tab.step("Train")
    tab.knows("app.state.draft.training.base && app.state.plan")
    tab.drop([config], tab.root.locator("#lora-bridge-train"))
    tab.sees(re.compile(r"my kohya\.json"))
    tab.sees("Base model: tiny-sd15.safetensors")
    tab.sees("LoRA name: FromKohya")
    tab.sees(re.compile(r"Changed \(\d+\)"))
    tab.screenshot("import", tmp_path)
    assert "s3cret" not in tab.root.inner_text()
    assert tab.page.evaluate("loraBridge.app.state.draft.training.preset") is None, (
        "nothing has changed yet"
    )
    tab.button("Use these settings").click()
    tab.knows("app.state.draft.imported && app.state.plan.preset.name === 'imported'")
    tab.root.get_by_text("Advanced", exact=False).first.click()
    rank = tab.root.locator(".lb-options .lb-field", has_text="network_dim").first
    tab.page.wait_for_function("loraBridge.app.views.train.advanced.built")
    tab.shows("Rank network_dim", "24")
    rank.locator(".lb-changed").wait_for()
    tab.page.reload()
    tab.knows("app.state.draft && app.state.draft.imported")
    tab.page.wait_for_function("loraBridge.app.views.train.advanced.built")
    tab.shows("Rank network_dim", "24")
    tab.shows("What are you training?", "imported")
    tab.shows("LoRA name", "FromKohya")
    tab.button("Take the import back").click()
    tab.knows("!app.state.draft.imported && app.state.draft.training.preset === null")
    tab.shows("Rank network_dim", "")
    assert tab.errors == []


def test_a_lora_is_brought_by_dropping_it_on_the_photos(
    serve: Callable[..., Ui], visit: Callable[..., Tab], tmp_path: Path
) -> None:
    from tests.support import model_headers as headers

    metadata = {
        "ss_network_dim": "12",
        "ss_network_alpha": "6.0",
        "ss_max_train_steps": "700",
        "ss_base_model_version": "sd_v1",
    }
    lora = headers.write(tmp_path / "old.safetensors", headers.lora(), metadata)
    tab = visit(serve().address)
    sent: list[int] = []
    tab.page.on(
        "request",
        lambda asked: (
            sent.append(len(asked.post_data or "")) if asked.url.endswith("/import") else None
        ),
    )
    tab.drop([lora])
    tab.sees(re.compile("a LoRA's own metadata"))
    tab.sees(re.compile("the file trains 700"))
    assert sent and sent[0] < lora.stat().st_size * 2 + 5000
    tab.button("Not now").click()
    tab.root.locator(".lb-report").wait_for(state="hidden")
    (tmp_path / "x.json").write_text("{}")
    tab.drop([tmp_path / "x.json"], tab.root.locator("#lora-bridge-train"))
    tab.sees(re.compile("holds no settings that kohya_ss, OneTrainer"))
    assert tab.errors == []


def test_a_job_is_exported_as_a_file(
    serve: Callable[..., Ui], visit: Callable[..., Tab], pictures: list[Path], tmp_path: Path
) -> None:
    home = Home(tmp_path / "home").create()
    leaf = tmp_path / "img" / "3_AlvaroBadia man"
    leaf.mkdir(parents=True)
    shutil.copy(pictures[0], leaf)
    params = TrainingParams(network_dim=24)
    job = TrainingJob(
        "AlvaroBadia",
        "AlvaroBadia",
        "man",
        str(leaf.parent),
        "/models/m.safetensors",
        "sd1",
        "embedded",
        params,
    )
    store = Bridge(home)._store
    number = store.add(job)
    store.move(
        number, Status.STOPPED, of=[Status.QUEUED], attempt=0, sentence="Stopped before it began."
    )
    tab = visit(serve(home=home.root).address)
    tab.step("Train")
    tab.root.get_by_text("Queue and history").click()
    menu = tab.root.get_by_label("Export as").first
    menu.wait_for()
    tab.screenshot("history", tmp_path)
    with tab.page.expect_download() as coming:
        menu.select_option("toml")
    saved = tmp_path / "out.zip"
    coming.value.save_as(saved)
    assert coming.value.suggested_filename == "job-1-toml.zip"
    with zipfile.ZipFile(saved) as archive:
        assert {"train.toml", "dataset.toml"} <= set(archive.namelist())
        assert "network_dim = 24" in archive.read("train.toml").decode()
    shutil.rmtree(leaf)
    menu.select_option("toml")
    tab.sees(re.compile("the job's pictures are gone"))
    assert tab.errors == []
