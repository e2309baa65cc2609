"""What a job will train, as a few lines to read before it starts: what takes effect, not what was
typed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from ..datasets import config as dataset_config
from ..datasets.framing.buckets import Buckets
from ..engines.embedded.data import subsets
from ..errors import BridgeError
from ..jobs.job import TrainingJob
from ..options.families import FAMILIES
from ..options.meaning import meaning
from .output import counted
from .verbs.launch import where

MOST_BUCKETS = 6


def lines(job: TrainingJob) -> list[str]:
    """ "steps      1500, 1 epoch at batch size 1", and so on."""
    return [f"  {label:<10} {text}" for label, text in _rows(job) if text]


def _rows(job: TrainingJob) -> Iterator[tuple[str, str]]:
    p, told = job.params, meaning(job.params, job.family)
    data = _dataset(job)
    yield "base", f"{Path(job.base).name}, {FAMILIES[job.family].title}"
    yield "engine", f"{job.engine}{where(job)}" + (f", preset {job.preset}" if job.preset else "")
    yield "pictures", _handed_on(job) if job.dataset_config else _pictures(data)
    yield "buckets", _buckets(job, data)
    yield "steps", _steps(job, data)
    yield "network", f"{p.network_module}, rank {p.network_dim}, alpha {p.network_alpha:g}"
    yield "rates", _rates(job, told)
    yield "schedule", _schedule(job)
    yield "optimizer", " ".join([p.optimizer_type, *_arguments(p.extra.get("optimizer_args"))])
    yield "precision", f"{p.mixed_precision}, saved as {p.save_precision}"
    yield "saves", _saves(job)
    yield "publishes", job.lora_dir or ""


def _dataset(job: TrainingJob) -> subsets.TrainingSet | None:
    if job.dataset_config is not None:
        return None
    try:
        return subsets.read(Path(job.dataset))
    except (BridgeError, OSError):  # a cluster's, or one that only the scripts understand
        return None


def _handed_on(job: TrainingJob) -> str:
    p = job.params
    data = job.dataset_config
    return dataset_config.told(data, p.resolution, p.train_batch_size) if data else ""


def _pictures(data: subsets.TrainingSet | None) -> str:
    if data is None:
        return ""
    shown = Counter[int]()
    for subset in data.train:
        shown[subset.repeats] += len(subset.pictures)
    text = " + ".join(f"{count} x {repeats}" for repeats, count in shown.items())
    text += " repeat" if [*shown] == [1] else " repeats"
    reg = sum(len(subset.pictures) for subset in data.reg)
    return text + (f", {counted(reg, 'regularization image')}" if reg else "")


def _buckets(job: TrainingJob, data: subsets.TrainingSet | None) -> str:
    from PIL import Image

    if data is None:
        return ""
    buckets, filled = Buckets(job.params), Counter[tuple[int, int]]()
    for picture in data.training_pictures:
        try:
            with Image.open(picture.path) as image:
                filled[buckets.place(image.size).bucket] += 1
        except (OSError, ValueError):  # the trainer will say it
            return ""
    text = ", ".join(f"{w}x{h}: {n}" for (w, h), n in filled.most_common(MOST_BUCKETS))
    more = len(filled) - MOST_BUCKETS
    return text + (f", and {more} more" if more > 0 else "")


def _steps(job: TrainingJob, data: subsets.TrainingSet | None) -> str:
    p = job.params
    text = f"{p.max_train_steps}"
    if data is not None:
        epoch = data.count(is_reg=False) * (2 if data.reg else 1)
        epochs = p.max_train_steps * job.pictures_a_step / max(1, epoch)
        text += f", {epochs:.3g} {'epoch' if epochs == 1 else 'epochs'}"
    text += f" at batch size {p.train_batch_size}"
    if p.gradient_accumulation_steps > 1:
        text += f", {p.gradient_accumulation_steps} batches accumulated"
    return text


def _rates(job: TrainingJob, told: dict[str, object]) -> str:
    """The rates that take effect: a part's own takes precedence over the common one."""
    name = "U-Net" if FAMILIES[job.family].is_ldm else "transformer"
    parts = [(name, told["unet_lr"]), ("text encoder", told["text_encoder_lr"])]
    return ", ".join(f"{part} {rate:g}" for part, rate in parts if rate is not None)


def _saves(job: TrainingJob) -> str:
    every = job.params.save_interval
    often = "every step" if every == 1 else f"every {every} steps"
    return often + (", with states" if job.saves_states else "")


def _schedule(job: TrainingJob) -> str:
    p = job.params
    warmup = counted(p.lr_warmup_steps, "warm-up step") if p.lr_warmup_steps else "no warm-up"
    own = p.extra.get("lr_scheduler_type")  # a class of torch's, which takes precedence
    return str(own) if own else f"{p.lr_scheduler}, {warmup}"


def _arguments(value: object) -> list[str]:
    return [str(part) for part in value] if isinstance(value, (list, tuple)) else []
