"""Whoever sets an option that changes nothing is told before the start."""

from __future__ import annotations

from typing import Any

import pytest

from sd_scripts_bridge.options.effect import Stand, advice, idle
from sd_scripts_bridge.options.params import TrainingParams


def stand(family: str = "sd1", regularisation: bool = False, **values: Any) -> Stand:
    extra = values.pop("extra", {})
    params = TrainingParams(extra=extra).with_values(values)
    return Stand(params, family, regularisation)


@pytest.mark.parametrize(
    ("option", "now", "reason"),
    [
        ("learning_rate", stand(unet_lr=1e-4, text_encoder_lr=1e-5), "are set"),
        ("learning_rate", stand(unet_lr=1e-4, network_train_unet_only=True), "unet_lr is set"),
        ("text_encoder_lr", stand("sdxl", network_train_unet_only=True), "network_train_unet_only"),
        ("unet_lr", stand(network_train_text_encoder_only=True), "text_encoder_only is on"),
        ("lr_warmup_steps", stand(lr_scheduler="constant"), "has no warm-up"),
        ("lr_scheduler_num_cycles", stand(lr_scheduler="cosine"), "lr_scheduler is cosine"),
        ("lr_scheduler_power", stand(lr_scheduler="linear"), "not polynomial"),
        ("lr_scheduler", stand(optimizer_type="AdamWScheduleFree"), "takes no schedule"),
        ("lr_scheduler", stand(optimizer_type="Adafactor"), "its own schedule"),
        ("keep_tokens", stand(), "shuffle_caption is off"),
        ("max_bucket_reso", stand(bucket_no_upscale=True), "own sizes"),
        ("bucket_reso_steps", stand(enable_bucket=False), "enable_bucket is off"),
        ("prior_loss_weight", stand(), "no regularisation pictures"),
        ("min_snr_gamma", stand("flux1"), "another kind of noise"),
        ("clip_skip", stand("sdxl"), "the same layers"),
        ("max_token_length", stand("sd3"), "other text encoders"),
        ("save_last_n_epochs", stand(extra={"save_last_n_epochs": 2}), "counted in steps"),
    ],
)
def test_an_option_without_effect_is_named_with_the_reason(
    option: str, now: Stand, reason: str
) -> None:
    (sentence,) = idle(now, [option])
    assert sentence.startswith(option) and reason in sentence


@pytest.mark.parametrize(
    ("option", "now"),
    [
        ("learning_rate", stand(unet_lr=1e-4)),
        ("text_encoder_lr", stand()),
        ("lr_warmup_steps", stand(lr_scheduler="cosine")),
        ("lr_scheduler_num_cycles", stand(lr_scheduler="cosine_with_restarts")),
        ("keep_tokens", stand(shuffle_caption=True)),
        ("keep_tokens", stand(extra={"caption_tag_dropout_rate": 0.1})),
        ("prior_loss_weight", stand(regularisation=True)),
        ("min_snr_gamma", stand("sdxl")),
        ("clip_skip", stand("sd2")),
        ("network_dim", stand()),
    ],
)
def test_an_option_with_effect_is_passed_over(option: str, now: Stand) -> None:
    assert idle(now, [option]) == []


def test_a_rate_that_is_far_too_low_for_an_adaptive_optimizer_is_said() -> None:
    assert "1 is usual" in advice(stand(optimizer_type="Prodigy").params)[0]
    assert advice(stand(optimizer_type="Prodigy", learning_rate=1).params) == []
    assert advice(stand().params) == []
    for optimizer in ("AdamW8bit", "Lion"):
        (said,) = advice(stand(optimizer_type=optimizer, unet_lr=1, learning_rate=1e-4).params)
        assert f"with {optimizer} it breaks the LoRA" in said
    assert advice(stand(optimizer_type="SGDNesterov", learning_rate=1).params) == []
