"""A figure that nobody has seen: trainings on some drawings of it, and the true loss of their saves
on others. Its hair and skin have colours that the base has never seen, so that there is something
to learn.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from sd_scripts_bridge.datasets import caption_tokens, writer
from sd_scripts_bridge.demo.look import PAINTED, Features
from sd_scripts_bridge.demo.scene import caption
from sd_scripts_bridge.engines.embedded.data import subsets
from sd_scripts_bridge.engines.embedded.measuring import step_program
from sd_scripts_bridge.engines.embedded.measuring.program import Evaluation, Networks
from sd_scripts_bridge.engines.embedded.training.preparation import prepare
from sd_scripts_bridge.engines.embedded.training.trainer import Training
from sd_scripts_bridge.evidence import measured
from sd_scripts_bridge.evidence.measured import MeasuredStep
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.models.shipped import demo_base
from sd_scripts_bridge.models.weights.mean import write_mean
from sd_scripts_bridge.options.params import TrainingParams
from sd_scripts_bridge.running.asked.all_photos import FOLDS
from sd_scripts_bridge.system.files import write_json
from tools.demo_base.people import People

from .judged_run import JudgedRun
from .true_loss import Losses, TrueLoss
from .workshop import quiet

NAME, CLASS_TOKEN = "AlvaroBadia", "man"
SCHEDULES = ("constant", "cosine")
"""Of the learning rate."""
FLAT_RATE, FLAT_STEPS, FLAT_PART = 1e-7, 2, 0.2
"""Of a run whose saves are alike: its learning rate, its steps between two saves, and the part of
the drawings that shows it.
"""


@dataclass(frozen=True)
class Plan:
    """How a run is trained, and on how many drawings its truth is measured."""

    photos: int
    held_out: int
    drawings: int
    steps: int
    saves: int
    rate: float
    finds_step: bool = False
    """Whether `find-step` is asked, too."""
    schedule: str = SCHEDULES[0]

    def params(self, seed: int, flat: bool) -> TrainingParams:
        every = FLAT_STEPS if flat else self.steps // self.saves
        values = {
            "resolution": "64", "min_bucket_reso": 64, "max_bucket_reso": 128, "network_dim": 8,
            "network_alpha": 8, "learning_rate": FLAT_RATE if flat else self.rate,
            "lr_scheduler": self.schedule, "mixed_precision": "no", "save_state": False,
            "seed": seed,
            "max_train_steps": every * self.saves, "save_every_n_steps": every,
        }  # fmt: skip
        return TrainingParams().with_values(values).fitted_buckets()


class FreshFigure:
    """``root`` is a new folder's path; the base and the drawings for the truth are made there once,
    when the first run needs them.
    """

    def __init__(self, root: Path, number: int, plan: Plan) -> None:
        self.root, self.number, self.plan = root, number, plan
        self.people = People(2000 + number, backgrounds=5)
        dice = random.Random(2000 + number)
        self.look = Features(
            dice.choice(("curly", "spiky", "long", "short")),
            dice.choice(sorted(PAINTED)),
            beard=dice.random() < 0.5,
            glasses=dice.random() < 0.5,
            skin=dice.choice(sorted(PAINTED)),
        )
        self._truth: TrueLoss | None = None

    def run(self, name: str, seed: int, flat: bool) -> JudgedRun:
        """A training with its own photos and its own noise: the truth, and what it measured; and
        what `find-step` measures with the same photos.
        """
        truth = self._truth or self._prepare()
        self.people.dice.seed(f"{self.number}/{seed}/{flat}")
        root = self.root / name
        with quiet():
            folder = self._train(root, seed, flat)
        part = FLAT_PART if flat else 1
        losses = np.stack([truth.of(file, part) for file in _saves(folder)])
        steps = measured.read(folder.measured)
        in_turn = self._in_turn(root) if self.plan.finds_step else []
        shutil.rmtree(root)
        return JudgedRun(name, losses, steps, in_turn)

    def averaged(self, name: str, seed: int) -> tuple[Losses, Losses]:
        """The truth of a training's saves, and of each one's mean with those beside it."""
        truth = self._truth or self._prepare()
        self.people.dice.seed(f"{self.number}/{seed}/averaged")
        root = self.root / name
        with quiet():
            saves = _saves(self._train(root, seed, flat=False))
        mean, means = root / "mean.safetensors", []
        for number, save in enumerate(saves):
            beside = [file for file in saves[max(0, number - 1) : number + 2] if file != save]
            write_mean([save, *beside], mean)
            means.append(truth.of(mean))
        found = np.stack([truth.of(save) for save in saves]), np.stack(means)
        shutil.rmtree(root)
        return found

    def _in_turn(self, root: Path) -> list[MeasuredStep]:
        """As the tool's program does, without the photos that were held out."""
        shutil.rmtree(root / "set" / "held_out", ignore_errors=True)
        trained = json.loads((root / "job" / "job.json").read_text(encoding="utf-8"))
        folder = JobFolder(root / "find-step").create()
        write_json(folder.job, {"settings": {"job": trained, "folds": FOLDS}})
        with quiet():
            step_program.find_step(folder, self.tokenizers)
        return measured.read(folder.measured)

    def _prepare(self) -> TrueLoss:
        self.root.mkdir(parents=True)
        self.base, self.tokenizers = demo_base.put(self.root), self.root / "tokenizers"
        caption_tokens.write_tokenizers(self.tokenizers)
        drawn = self._draw(self.root / "truth", self.plan.drawings)
        params = self.plan.params(0, flat=False)
        asked = Evaluation((), str(self.base), "sd1", "epsilon", params, subsets.loose(drawn), [],
            self.root)  # fmt: skip
        with quiet():
            self._truth = TrueLoss(Networks.load(asked, self.tokenizers))
        return self._truth

    def _train(self, root: Path, seed: int, flat: bool) -> JobFolder:
        """As the product does, but for the sample pictures."""
        count, plan = self.plan.photos + self.plan.held_out, self.plan
        photos = self._draw(root / "photos", count)
        params = plan.params(seed, flat)
        names = [f"{number}.png" for number in range(plan.photos + 1, count + 1)]
        steps, out = params.max_train_steps, root / "set"
        writer.prepare([photos], NAME, CLASS_TOKEN, steps, out, hold_out=names)
        job = TrainingJob(
            name=NAME, subject=NAME, class_token=CLASS_TOKEN, dataset=str(out / "img"),
            base=str(self.base), family="sd1", engine="embedded", params=params,
        )  # fmt: skip
        folder = JobFolder(root / "job").create()
        write_json(folder.job, job.as_dict())
        training = Training(folder, prepare(job, self.tokenizers, torch.device("cpu")))
        training.samples = None
        training.run()
        return folder

    def _draw(self, folder: Path, count: int) -> Path:
        folder.mkdir(parents=True)
        for number in range(1, count + 1):
            scene = self.people.person().scene
            picture: Image.Image = self.people.picture(self.look, scene)
            picture.save(folder / f"{number}.png", compress_level=1)
            text = f"{NAME} {CLASS_TOKEN}, {caption(scene, CLASS_TOKEN)}\n"
            (folder / f"{number}.txt").write_text(text, encoding="utf-8")
        return folder


def _saves(folder: JobFolder) -> Sequence[Path]:
    """The saved LoRAs in their order, the last one last."""
    return [*sorted(folder.output.glob(f"{NAME}-step*.safetensors")), folder.final_lora(NAME)]
