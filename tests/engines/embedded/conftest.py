"""Toy bases, a toy dataset, and one short training as a function."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sd_scripts_bridge.datasets import caption_tokens
from sd_scripts_bridge.jobs.events import Event, from_dict
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.system.files import write_json

QUICK = {
    "max_train_steps": 4,
    "resolution": "64",
    "min_bucket_reso": 64,
    "max_bucket_reso": 128,
    "network_dim": 4,
    "network_alpha": 2,
    "learning_rate": 3e-3,
    "lr_scheduler": "constant",
    "mixed_precision": "no",
    "save_precision": "float",
    "save_every_n_steps": 1000,
}

NO_SAMPLES: Mapping[str, object] = {"sample_every_n_steps": 0}


@dataclass(frozen=True)
class Run:
    """What a training in this process did."""

    code: int
    events: list[Event]
    folder: JobFolder
    job: TrainingJob
    errors: str

    def one(self, kind: str) -> Any:
        found = [event for event in self.events if event.type == kind]
        assert found, f"no {kind!r} among {self.events}\n{self.errors}"
        return found[-1]

    def all(self, kind: str) -> list[Any]:
        return [event for event in self.events if event.type == kind]

    @property
    def lora(self) -> Path:
        return self.folder.final_lora(self.job.name)


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A toy base of each family, made when it is first wanted."""
    pytest.importorskip("torch", reason="the embedded engine needs torch")
    from sd_scripts_bridge.engines.embedded.model import tiny

    root = tmp_path_factory.mktemp("bases")

    def base(family: str = "sd1") -> Path:
        path = root / f"{family}.safetensors"
        return path if path.exists() else tiny.make(path, family)

    return base


@pytest.fixture(scope="session")
def tokenizers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if caption_tokens.find_vocabulary() is None:
        pytest.skip("open_clip_torch is not installed, which brings CLIP's vocabulary")
    root = tmp_path_factory.mktemp("tokenizers")
    caption_tokens.write_tokenizers(root)
    return root


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six pictures of one subject: four square, two upright, each with its caption."""
    root = tmp_path_factory.mktemp("data set") / "img"
    draw_pictures(root / "20_Ada woman", 6, "Ada woman, photo, number {}")
    return root


def draw_pictures(folder: Path, count: int, caption: str) -> None:
    from PIL import Image, ImageDraw

    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        size = (96, 96) if number <= 4 else (64, 128)
        image = Image.new("RGB", size, (40 + 20 * number, 60, 90))
        ImageDraw.Draw(image).ellipse((12 + number, 15, 55, 70), fill=(220, 170, 140))
        image.save(folder / f"{number}.png")
        (folder / f"{number}.txt").write_text(caption.format(number) + "\n", encoding="utf-8")


@pytest.fixture
def train(
    bases: Callable[[str], Path], tokenizers: Path, dataset: Path, tmp_path: Path
) -> Callable[..., Run]:
    """Train in this process: ``train("sdxl", max_train_steps=2)``."""
    pytest.importorskip("diffusers", reason="the embedded engine needs diffusers")
    from sd_scripts_bridge.engines.embedded.training import trainer

    def run(
        family: str = "sd1",
        name: str = "Ada",
        data: Path | None = None,
        resume: Path | None = None,
        prediction: str = "epsilon",
        extra: Mapping[str, object] = NO_SAMPLES,
        enough: bool = False,
        kept: Path | None = None,
        **params: object,
    ) -> Run:
        folder = JobFolder(tmp_path / name).create()
        job = TrainingJob(
            name=name,
            subject="Ada",
            class_token="woman",
            dataset=str(data or dataset),
            base=str(bases(family)),
            family=family,
            engine="embedded",
            params=TrainingParams(extra=extra).with_values(QUICK | params),
            prediction=prediction,
            enough=enough,
        )
        write_json(folder.job, job.as_dict())
        argv = [str(folder.root), "--tokenizers", str(tokenizers)]
        argv += ["--kept", str(kept)] if kept else []
        said, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(errors):
            code = trainer.main(argv + (["--resume", str(resume)] if resume else []))
        events = [
            from_dict(json.loads(line))
            for line in said.getvalue().splitlines()
            if line.startswith("{")
        ]
        return Run(code, events, folder, job, errors.getvalue())

    return run


@pytest.fixture(scope="session")
def pictures() -> Callable[[Path, int, str], None]:
    """Draws pictures with captions into a folder."""
    return draw_pictures
