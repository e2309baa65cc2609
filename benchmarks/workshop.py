"""Trainings to measure: a base model made on the spot, drawn pictures, and the embedded engine
ready for its first step.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image, ImageDraw

from sd_scripts_bridge.datasets import caption_tokens
from sd_scripts_bridge.engines.embedded.model import tiny
from sd_scripts_bridge.engines.embedded.model.device import make_quick
from sd_scripts_bridge.engines.embedded.training.preparation import prepare
from sd_scripts_bridge.engines.embedded.training.trainer import Training, read_job
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.system.files import write_json

from .outcome import Missing

SUBJECT, CLASS_TOKEN = "Ada", "woman"
NARROW = {
    "sd1": dataclasses.replace(
        tiny.FULL_SIZE["sd1"],
        channels=(32, 64, 96, 96),
        text_width=(64,),
        vae_channels=(32, 32, 32, 32),
    ),
    "sdxl": dataclasses.replace(
        tiny.FULL_SIZE["sdxl"],
        channels=(32, 64, 96),
        text_width=(64, 64),
        vae_channels=(32, 32, 32, 32),
        size_width=32,
    ),
}
"""Every block and every layer of the families' networks, each of few channels: what a step does is
the same, in megabytes instead of gigabytes.
"""

SMALL: Mapping[str, object] = {
    "resolution": "64",
    "min_bucket_reso": 64,
    "max_bucket_reso": 128,
    "mixed_precision": "no",
    "save_precision": "float",
    "lr_scheduler": "constant",
    "network_dim": 16,
    "network_alpha": 8,
}


@dataclass(frozen=True)
class Workshop:
    """A folder to measure in."""

    root: Path

    def base(self, family: str, narrow: bool) -> Path:
        """A base model with random weights: the family's own sizes, or few channels."""
        path = self.root / f"{family}-{'narrow' if narrow else 'full'}.safetensors"
        if path.exists():
            return path
        return tiny.make(path, family, shape=NARROW[family] if narrow else tiny.FULL_SIZE[family])

    def dataset(self, count: int = 4, side: int = 64, first: int = 0) -> Path:
        """``count`` square pictures, each with its caption, from number ``first`` on."""
        folder = self.root / f"img{side}-{first}" / f"100_{SUBJECT} {CLASS_TOKEN}"
        if not folder.exists():
            folder.mkdir(parents=True)
            for number in range(first, first + count):
                _draw(folder / f"{number}.png", side, number)
                caption = f"{SUBJECT} {CLASS_TOKEN}, photo, number {number}\n"
                (folder / f"{number}.txt").write_text(caption, encoding="utf-8")
        return folder.parent

    def tokenizers(self) -> Path:
        """Raises `Missing` where CLIP's vocabulary isn't installed."""
        folder = self.root / "tokenizers"
        if not folder.exists():
            if caption_tokens.find_vocabulary() is None:
                raise Missing(
                    "CLIP's vocabulary is missing: pip install --no-deps open_clip_torch==3.3.0"
                )
            caption_tokens.write_tokenizers(folder)
        return folder

    def training(
        self,
        family: str,
        base: Path,
        dataset: Path,
        device: torch.device | str = "cpu",
        **values: Any,
    ) -> Training:
        """The embedded engine before its first step; what it says goes nowhere."""
        folder = self.job(family, base, dataset, **values)
        make_quick(torch.device(device))
        with quiet():
            job = read_job(folder)
            return Training(folder, prepare(job, self.tokenizers(), torch.device(device)))

    def job(self, family: str, base: Path, dataset: Path, **values: Any) -> JobFolder:
        """A job's folder, ready for the embedded engine's program."""
        extra = values.pop("extra", {})
        params = TrainingParams(extra=extra).with_values({**SMALL, **values}).fitted_buckets()
        folder = JobFolder(self.root / "job").create()
        job = TrainingJob(
            name=SUBJECT,
            subject=SUBJECT,
            class_token=CLASS_TOKEN,
            dataset=str(dataset),
            base=str(base),
            family=family,
            engine="embedded",
            params=params,
        )
        write_json(folder.job, job.as_dict())
        return folder


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without the trainer's lines."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield


def _draw(path: Path, side: int, number: int) -> None:
    image = Image.new("RGB", (side, side), (40 + 40 * number % 200, 60, 90))
    ImageDraw.Draw(image).ellipse((side // 8, side // 6, side // 2, side - 4), fill="tan")
    image.save(path)
