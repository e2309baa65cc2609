"""Limits of options beyond `TrainingParams`: outside them sd-scripts ends late, or trains nonsense.

The probabilities go to torch's Dropout and to ``random.random() <``; timesteps count to 1000.
"""

from __future__ import annotations

from collections.abc import Mapping

RANGES: Mapping[str, tuple[float, float]] = {
    **dict.fromkeys(
        (
            "network_dropout",
            "caption_tag_dropout_rate",
            "ip_noise_gamma",
            "validation_split",
            "lr_scheduler_min_lr_ratio",
            "multires_noise_discount",
        ),
        (0.0, 1.0),
    ),
    "min_timestep": (0, 1000),
    "max_timestep": (1, 1000),
    "multires_noise_iterations": (0, 100),
    "token_warmup_min": (0, 1000),
    "token_warmup_step": (0, 1_000_000),
    "sample_every_n_steps": (0, 1_000_000),
    "scale_weight_norms": (1e-6, 1000),
    "max_data_loader_n_workers": (0, 256),
    "vae_batch_size": (1, 1024),
    "lr_scheduler_timescale": (1, 1_000_000),
}
"""(least, most), both inclusive."""
