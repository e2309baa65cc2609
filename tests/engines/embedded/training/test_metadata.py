"""The metadata that a run leaves: sd-scripts' 93 keys, and hashes that WebUIs find again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the embedded engine needs torch")

KEYS = """
modelspec.architecture modelspec.date modelspec.implementation modelspec.implementation_version
modelspec.prediction_type modelspec.resolution modelspec.sai_model_spec modelspec.title
ss_adaptive_noise_scale ss_base_model_version ss_batch_size_per_device ss_bucket_info
ss_bucket_no_upscale ss_cache_latents ss_caption_dropout_every_n_epochs ss_caption_dropout_rate
ss_caption_tag_dropout_rate ss_clip_skip ss_color_aug ss_dataset_dirs ss_debiased_estimation
ss_enable_bucket ss_epoch ss_face_crop_aug_range ss_flip_aug ss_fp8_base ss_fp8_base_unet
ss_full_fp16 ss_gradient_accumulation_steps ss_gradient_checkpointing ss_huber_c ss_huber_scale
ss_huber_schedule ss_ip_noise_gamma ss_ip_noise_gamma_random_strength ss_keep_tokens
ss_learning_rate ss_loss_type ss_lowram ss_lr_scheduler ss_lr_warmup_steps ss_max_bucket_reso
ss_max_grad_norm ss_max_token_length ss_max_train_steps ss_max_validation_steps ss_min_bucket_reso
ss_min_snr_gamma ss_mixed_precision ss_multires_noise_discount ss_multires_noise_iterations
ss_network_alpha ss_network_dim ss_network_dropout ss_network_module ss_new_sd_model_hash
ss_noise_offset ss_noise_offset_random_strength ss_num_batches_per_epoch ss_num_epochs
ss_num_reg_images ss_num_train_images ss_num_validation_images ss_optimizer ss_output_name
ss_prior_loss_weight ss_random_crop ss_reg_dataset_dirs ss_resize_interpolation ss_resolution
ss_scale_weight_norms ss_sd_model_hash ss_sd_model_name ss_sd_scripts_commit_hash ss_seed
ss_session_id ss_shuffle_caption ss_steps ss_tag_frequency ss_text_encoder_lr ss_total_batch_size
ss_training_comment ss_training_finished_at ss_training_started_at ss_unet_lr ss_v2
ss_validate_every_n_epochs ss_validate_every_n_steps ss_validation_seed ss_validation_split
ss_zero_terminal_snr sshs_legacy_hash sshs_model_hash
"""


def metadata(path: Path) -> dict[str, str]:
    from safetensors import safe_open

    with safe_open(path, "pt") as file:
        found: dict[str, str] = file.metadata()
    return found


def test_a_run_writes_what_sd_scripts_writes(
    train: Callable[..., Any], bases: Callable[[str], Path]
) -> None:
    run = train(max_train_steps=2, training_comment="made by a test")
    found = metadata(run.lora)

    assert set(found) == set(KEYS.split())
    assert found["ss_network_alpha"] == "2.0"
    assert found["ss_base_model_version"] == "sd_v1"
    assert found["ss_steps"] == found["ss_max_train_steps"] == "2"
    assert found["ss_training_comment"] == "made by a test"
    assert found["ss_resolution"] == "(64, 64)"
    assert found["ss_num_train_images"] == found["ss_num_batches_per_epoch"] == "120"
    assert json.loads(found["ss_dataset_dirs"]) == {
        "20_Ada woman": {"n_repeats": 20, "img_count": 6}
    }
    assert json.loads(found["ss_tag_frequency"])["20_Ada woman"]["ada woman"] == 6
    assert json.loads(found["ss_bucket_info"])["buckets"] == {
        "0": {"resolution": [64, 64], "count": 120}
    }
    assert found["ss_new_sd_model_hash"] == hashlib.sha256(bases("sd1").read_bytes()).hexdigest()
    assert "embedded engine" in found["ss_sd_scripts_commit_hash"]


def test_the_hash_is_that_of_the_tensors(train: Callable[..., Any]) -> None:
    run = train(max_train_steps=1, save_precision="fp16")
    content = run.lora.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")

    assert metadata(run.lora)["sshs_model_hash"] == hashlib.sha256(content[start:]).hexdigest()


@pytest.mark.parametrize(
    ("family", "prediction", "version", "architecture"),
    [
        ("sd2", "v_prediction", "sd_v2_v", "stable-diffusion-v2-768-v/lora"),
        ("sd2", "epsilon", "sd_v2", "stable-diffusion-v2-512/lora"),
        ("sdxl", "epsilon", "sdxl_base_v1-0", "stable-diffusion-xl-v1-base/lora"),
    ],
)
def test_families(
    train: Callable[..., Any], family: str, prediction: str, version: str, architecture: str
) -> None:
    found = metadata(train(family, prediction=prediction, max_train_steps=1).lora)

    assert found["ss_base_model_version"] == version
    assert found["modelspec.architecture"] == architecture
    assert found["modelspec.prediction_type"] == (
        "v" if prediction == "v_prediction" else "epsilon"
    )
    assert found["ss_v2"] == str(family == "sd2")
