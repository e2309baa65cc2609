"""Settings of OneTrainer and ai-toolkit, and files in odd letters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.errors import Invalid
from sd_scripts_bridge.exchange import imports
from sd_scripts_bridge.exchange.settling.imported import HIDDEN, Fate, Imported, KeyRow
from sd_scripts_bridge.exchange.settling.views import imported_view
from sd_scripts_bridge.shapes.plain import plain

ONETRAINER: dict[str, Any] = {
    "training_method": "LORA",
    "model_type": "STABLE_DIFFUSION_XL_10_BASE",
    "base_model_name": "D:/models/base.safetensors",
    "epochs": 12,
    "batch_size": 2,
    "learning_rate": 3e-4,
    "learning_rate_scheduler": "COSINE",
    "learning_rate_warmup_steps": 0.1,
    "lora_rank": 24,
    "lora_alpha": 12.0,
    "peft_type": "LORA",
    "lora_decompose": True,
    "resolution": "1024,768",
    "train_dtype": "BFLOAT_16",
    "output_dtype": "FLOAT_16",
    "loss_weight_fn": "MIN_SNR_GAMMA",
    "loss_weight_strength": 4.0,
    "unet": {"train": True, "learning_rate": 2e-4},
    "text_encoder": {"train": False},
    "text_encoder_2": {"train": False},
    "optimizer": {"optimizer": "PRODIGY", "beta1": 0.9, "beta2": 0.99, "d_coef": 2.0},
    "ema": "GPU",
    "masked_training": True,
    "unmasked_weight": 0.1,
    "output_model_destination": "models/ada.safetensors",
    "concepts": [{"path": "C:/photos/ada", "enabled": True, "balancing": 3.0}],
    "secrets": {"huggingface_token": "hf_verysecret", "cloud": {"password": "alsosecret"}},
}


def read(path: Path, text: str) -> Imported:
    path.write_text(text, encoding="utf-8")
    return imports.read(path)


def row(imported: Imported, key: str) -> KeyRow:
    return next(row for row in imported.rows if row.key == key)


def test_onetrainers_settings(tmp_path: Path) -> None:
    imported = read(tmp_path / "one.json", json.dumps(ONETRAINER))
    values = imported.values
    assert (imported.family, imported.name, imported.epochs) == ("sdxl", "ada", 12)
    assert (values["alpha_mask"], values["unmasked_weight"]) == (True, 0.1)
    assert (values["network_dim"], values["network_alpha"]) == (24, 12)
    assert (values["learning_rate"], values["unet_lr"]) == (3e-4, 2e-4)
    assert values["network_train_unet_only"] is True
    assert (values["lr_scheduler"], imported.warmup) == ("cosine", 0.1)
    assert (values["mixed_precision"], values["save_precision"]) == ("bf16", "fp16")
    assert (values["min_snr_gamma"], values["resolution"]) == (4, "1024")
    assert values["optimizer_type"] == "Prodigy"
    assert set(values["optimizer_args"]) == {"betas=(0.9,0.99)", "d_coef=2.0"}
    assert values["network_module"] == "lycoris.kohya"  # DoRA
    assert values["network_args"] == ["algo=locon", "dora_wd=True"]
    assert values["alpha_mask"] is True
    assert row(imported, "ema").fate is Fate.IGNORED
    assert any("in turn" in note for note in imported.notes)


def test_what_onetrainers_concepts_say_of_captions_and_pictures(tmp_path: Path) -> None:
    concepts = [
        {
            "path": "ada",
            "balancing": 3.0,
            "include_subdirectories": True,
            "image": {"enable_random_flip": True, "enable_crop_jitter": True},
            "text": {"enable_tag_shuffling": True, "keep_tags_count": 2, "prompt_source": "sample"},
        },
        {"path": "off", "enabled": False},
        {"path": "held out", "type": "VALIDATION"},
    ]
    imported = read(tmp_path / "one.json", json.dumps({**ONETRAINER, "concepts": concepts}))
    values = imported.values
    assert (values["shuffle_caption"], values["keep_tokens"], values["flip_aug"]) == (True, 2, True)
    assert row(imported, "concepts[0].include_subdirectories").fate is Fate.IGNORED
    assert {row(imported, f"concepts[{n}].path").fate for n in (1, 2)} == {Fate.IGNORED}
    assert not any("crop_jitter" in found.key for found in imported.rows)
    assert row(imported, "text_encoder.train").value is False, "as the file says"


def test_a_secret_of_onetrainers_is_told_nowhere(tmp_path: Path) -> None:
    imported = read(tmp_path / "one.json", json.dumps(ONETRAINER))
    told = json.dumps(plain(imported_view(imported))) + "\n".join(imported.lines()) + repr(imported)
    assert "verysecret" not in told and "alsosecret" not in told
    assert row(imported, "secrets.huggingface_token").value == HIDDEN


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"training_method": "FINE_TUNE"}, "FINE_TUNE"),
        ({"model_type": "QWEN"}, "QWEN"),
        ({"model_type": "STABLE_DIFFUSION_15_INPAINTING"}, "INPAINTING"),
        ({"peft_type": "OFT_2"}, "OFT_2"),
    ],
)
def test_what_sd_scripts_has_no_training_for_is_refused(
    tmp_path: Path, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        read(tmp_path / "one.json", json.dumps({**ONETRAINER, **changes}))


AI_TOOLKIT = """---
job: extension
config:
  name: "ada_v1"
  process:
    - type: 'sd_trainer'
      trigger_word: "ad4 woman"
      network: {type: "lora", linear: 16, linear_alpha: 8}
      save: {dtype: float16, save_every: 250, push_to_hub: false, hf_token: "hf_verysecret"}
      datasets:
        - folder_path: "/photos"
          caption_ext: "txt"
          caption_dropout_rate: 0.05
          resolution: [512, 1024]
      train:
        batch_size: 2
        steps: 2000
        train_text_encoder: false
        optimizer: "adamw8bit"
        optimizer_params: {weight_decay: 0.01}
        lr: 1e-4
        dtype: bf16
        ema_config: {use_ema: true}
      model: {name_or_path: "black-forest-labs/FLUX.1-dev", is_flux: true, quantize: true}
"""


def test_a_job_of_ai_toolkit(tmp_path: Path) -> None:
    imported = read(tmp_path / "job.yaml", AI_TOOLKIT)
    values = imported.values
    assert (imported.family, imported.name, imported.trigger) == ("flux1", "ada_v1", "ad4 woman")
    assert (values["network_dim"], values["network_alpha"]) == (16, 8)
    assert (values["max_train_steps"], values["save_every_n_steps"]) == (2000, 250)
    assert (values["learning_rate"], values["optimizer_type"]) == (1e-4, "adamw8bit")
    assert values["optimizer_args"] == ["weight_decay=0.01"]
    assert (values["mixed_precision"], values["save_precision"]) == ("bf16", "fp16")
    assert (values["resolution"], values["caption_dropout_rate"]) == ("1024", 0.05)
    assert values["network_train_unet_only"] is True
    assert row(imported, "train.ema_config.use_ema").fate is Fate.IGNORED
    assert "verysecret" not in json.dumps(plain(imported_view(imported)))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("is_flux: true", "arch: qwen_image", "qwen_image"),
        ("is_flux: true", "is_flux: true, is_pixart: true", "pixart"),
        ("'sd_trainer'", "'slider'", "slider"),
        ('type: "lora"', 'type: "lorm"', "lorm"),
        ("job: extension", "job: [", "is not YAML"),
    ],
)
def test_other_jobs_of_ai_toolkit_are_refused(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        read(tmp_path / "job.yaml", AI_TOOLKIT.replace(old, new))


def test_the_settings_of_accelerate_are_no_training(tmp_path: Path) -> None:
    text = "mixed_precision: fp16\nnum_machines: 1\nnum_processes: 1\nmain_process_port: 0\n"
    with pytest.raises(Invalid, match="holds no settings"):
        read(tmp_path / "default_config.yaml", text)


def test_a_comma_too_many_is_passed_over(tmp_path: Path) -> None:
    text = json.dumps(ONETRAINER).replace("}]", "},]").removesuffix("}") + ",\n}"
    text = text.replace("models/base", "models/a,}b")
    assert read(tmp_path / "one.json", text).base_name == "D:/models/a,}b.safetensors"


def test_text_of_chinese_windows_is_read(tmp_path: Path) -> None:
    text = "rem 训练\r\nset NAME=小明\r\npython train_network.py --training_comment %NAME%\r\n"
    (tmp_path / "run.bat").write_bytes(text.encode("gb18030"))
    assert imports.read(tmp_path / "run.bat").values["training_comment"] == "小明"
    (tmp_path / "run.ps1").write_bytes("python train_network.py --seed 3".encode("utf-16"))
    assert imports.read(tmp_path / "run.ps1").values["seed"] == 3
