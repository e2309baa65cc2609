"""The metadata of the LoRA file: sd-scripts' own keys, so that every tool that reads them reads
ours.
"""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from .... import __version__
from ....datasets.caption_tokens import CHUNK
from ....jobs.job import TrainingJob
from ....options.params import TrainingParams
from ..data.placing import Placed
from ..data.subsets import TrainedSubset
from .preparation import Data

MADE_BY = f"sd-scripts-bridge/{__version__} embedded engine"
ARCHITECTURES = {
    "sd1": "stable-diffusion-v1",
    "sd2": "stable-diffusion-v2-512",
    "sd2-v": "stable-diffusion-v2-768-v",
    "sdxl": "stable-diffusion-xl-v1-base",
}
STABILITY = "https://github.com/Stability-AI/generative-models"
NOT_USED = (
    dict.fromkeys(
        (
            "adaptive_noise_scale",
            "face_crop_aug_range",
            "ip_noise_gamma",
            "max_validation_steps",
            "multires_noise_iterations",
            "network_dropout",
            "resize_interpolation",
            "scale_weight_norms",
            "validate_every_n_epochs",
            "validate_every_n_steps",
            "validation_seed",
        ),
        "None",
    )
    | dict.fromkeys(
        (
            "color_aug",
            "debiased_estimation",
            "fp8_base",
            "fp8_base_unet",
            "full_fp16",
            "ip_noise_gamma_random_strength",
            "lowram",
            "noise_offset_random_strength",
            "random_crop",
            "zero_terminal_snr",
        ),
        "False",
    )
    | {
        "caption_dropout_every_n_epochs": "0",
        "caption_tag_dropout_rate": "0.0",
        "huber_c": "0.1",
        "huber_scale": "1.0",
        "huber_schedule": "snr",
        "loss_type": "l2",
        "multires_noise_discount": "0.3",
        "num_validation_images": "0",
        "validation_split": "0.0",
    }
)
"""What sd-scripts also writes: options that this engine hasn't, at the values that mean "off"."""

SAME_NAME = (
    "bucket_no_upscale",
    "cache_latents",
    "caption_dropout_rate",
    "clip_skip",
    "enable_bucket",
    "flip_aug",
    "gradient_accumulation_steps",
    "gradient_checkpointing",
    "keep_tokens",
    "learning_rate",
    "lr_scheduler",
    "lr_warmup_steps",
    "max_bucket_reso",
    "max_grad_norm",
    "max_train_steps",
    "min_bucket_reso",
    "min_snr_gamma",
    "mixed_precision",
    "network_alpha",
    "network_dim",
    "network_module",
    "noise_offset",
    "prior_loss_weight",
    "seed",
    "shuffle_caption",
    "text_encoder_lr",
    "training_comment",
    "unet_lr",
)


class BaseHash:
    """The base model's hashes; the long one is computed beside the training, for the file may be
    large.
    """

    def __init__(self, path: Path) -> None:
        self.name, self.short = path.name, _short_hash(path)
        self._found: list[str] = []
        self._thread = threading.Thread(
            target=lambda: self._found.append(_sha256(path)), daemon=True
        )
        self._thread.start()

    @property
    def long(self) -> str:
        self._thread.join()
        return self._found[0]


class Metadata:
    """What is known of the run when it starts; `at` adds what a file's step changes."""

    def __init__(self, job: TrainingJob, prediction: str, token_length: int, data: Data) -> None:
        self.job, self.v_prediction = job, prediction == "v_prediction"
        self.base = BaseHash(Path(job.base))
        self.steps_per_epoch = data.plan.steps_per_epoch
        self.session = {
            "ss_session_id": str(random.SystemRandom().randint(0, 2**32)),
            "ss_training_started_at": str(time.time()),
        }
        found = {
            **NOT_USED,
            **self._options(token_length),
            **self._counts(data),
            **_dataset(job.params, data),
        }
        self.fixed = {f"ss_{name}": str(value) for name, value in found.items()}

    def _options(self, token_length: int) -> dict[str, Any]:
        job = self.job
        return {name: getattr(job.params, name) for name in SAME_NAME} | {
            "base_model_version": _version(job.family, self.v_prediction),
            "max_token_length": None if token_length == CHUNK else token_length,
            "optimizer": "torch.optim.adamw.AdamW",
            "output_name": job.name,
            "resolution": job.params.area,
            "sd_model_hash": self.base.short,
            "sd_model_name": self.base.name,
            "sd_scripts_commit_hash": MADE_BY,
            "v2": job.family == "sd2",
        }

    def at(self, step: int) -> dict[str, str]:
        """All metadata of a file saved after ``step`` steps."""
        epoch = max(0, -(-step // self.steps_per_epoch))
        return (
            self.fixed
            | self.session
            | self._modelspec()
            | {
                "ss_epoch": str(epoch),
                "ss_new_sd_model_hash": self.base.long,
                "ss_steps": str(step),
                "ss_training_finished_at": str(time.time()),
            }
        )

    def _counts(self, data: Data) -> dict[str, int]:
        params, training_set, plan = self.job.params, data.training_set, data.plan
        return {
            "batch_size_per_device": params.train_batch_size,
            "num_batches_per_epoch": plan.batches_per_epoch,
            "num_epochs": -(-params.max_train_steps // plan.steps_per_epoch),
            "num_reg_images": training_set.count(is_reg=True),
            "num_train_images": training_set.count(is_reg=False),
            "total_batch_size": params.train_batch_size * params.gradient_accumulation_steps,
        }

    def _modelspec(self) -> dict[str, str]:
        family, params = self.job.family, self.job.params
        kind = "sd2-v" if family == "sd2" and self.v_prediction else family
        spec = {
            "architecture": f"{ARCHITECTURES[kind]}/lora",
            "date": datetime.now().isoformat(timespec="seconds"),
            "implementation": STABILITY if family == "sdxl" else "diffusers",
            "implementation_version": MADE_BY,
            "prediction_type": "v" if self.v_prediction else "epsilon",
            "resolution": "{}x{}".format(*params.area),
            "sai_model_spec": "1.0.1",
            "title": self.job.name,
        }
        if params.clip_skip is not None:
            spec["encoder_layer"] = str(params.clip_skip)
        return {f"modelspec.{name}": value for name, value in spec.items()}


def with_hashes(data: Mapping[str, str], serialised: bytes) -> dict[str, str]:
    """``data`` with the hashes by which WebUIs know a LoRA; ``serialised`` is the file with the
    ``ss_`` keys alone.
    """
    start = 8 + int.from_bytes(serialised[:8], "little")
    return {
        **data,
        "sshs_legacy_hash": hashlib.sha256(serialised[0x100000:0x110000]).hexdigest()[:8],
        "sshs_model_hash": hashlib.sha256(memoryview(serialised)[start:]).hexdigest(),
    }


def _version(family: str, v_prediction: bool) -> str:
    if family == "sdxl":
        return "sdxl_base_v1-0"
    return {"sd1": "sd_v1", "sd2": "sd_v2"}[family] + ("_v" if v_prediction else "")


def _dataset(params: TrainingParams, data: Data) -> dict[str, str]:
    training_set = data.training_set
    found = {
        "bucket_info": _bucket_info(data.placed) if params.enable_bucket else None,
        "dataset_dirs": _folders(training_set.train),
        "reg_dataset_dirs": _folders(training_set.reg),
        "tag_frequency": {subset.folder.name: subset.tag_counts for subset in training_set.subsets},
    }
    return {name: json.dumps(value) for name, value in found.items()}


def _folders(subsets: Sequence[TrainedSubset]) -> dict[str, dict[str, int]]:
    return {s.folder.name: {"n_repeats": s.repeats, "img_count": len(s.pictures)} for s in subsets}


def _bucket_info(placed: Sequence[Placed]) -> dict[str, Any]:
    counts = Counter[tuple[int, int]]()
    for one in placed:
        counts[one.place.bucket] += one.picture.repeats
    errors = [abs(one.place.ratio_error) for one in placed]
    buckets = {
        str(i): {"resolution": list(size), "count": counts[size]}
        for i, size in enumerate(sorted(counts))
    }
    return {"buckets": buckets, "mean_img_ar_error": sum(errors) / len(errors)}


def _short_hash(path: Path) -> str:
    """A1111's old model hash: 64 kB from the first megabyte on."""
    with path.open("rb") as file:
        file.seek(0x100000)
        return hashlib.sha256(file.read(0x10000)).hexdigest()[:8]


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
