"""Whether the recommended step is the right one: against the loss on drawings never trained on.

Each run is the product's own: photos of a fresh figure are drawn, the doctor holds out its usual
number of them, the embedded engine trains on the rest and measures at every save. The truth is the
mean loss of the same saves on other drawings of that figure. The figures have hair and skin that
the base has never seen, so that there is something to learn. Beside each run, one with hardly any
learning rate: its saves are alike, and the recommendation has to say so.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from sd_scripts_bridge.datasets import caption_tokens, writer
from sd_scripts_bridge.demo.look import PAINTED, Features
from sd_scripts_bridge.demo.scene import caption
from sd_scripts_bridge.engines.embedded.data import subsets
from sd_scripts_bridge.engines.embedded.measuring import photos as measured_photos
from sd_scripts_bridge.engines.embedded.measuring.photos import MeasuredPhoto
from sd_scripts_bridge.engines.embedded.model import base_config, base_model
from sd_scripts_bridge.engines.embedded.training.loss import Rows
from sd_scripts_bridge.engines.embedded.training.preparation import prepare
from sd_scripts_bridge.engines.embedded.training.trainer import Training
from sd_scripts_bridge.evidence import measured
from sd_scripts_bridge.evidence.curve import curve
from sd_scripts_bridge.evidence.recommendation import Recommendation, recommend
from sd_scripts_bridge.jobs.folder import JobFolder
from sd_scripts_bridge.jobs.job import TrainingJob
from sd_scripts_bridge.models.shipped import demo_base
from sd_scripts_bridge.options.params import TrainingParams
from tools.demo_base.people import People

from .outcome import Outcome
from .workshop import quiet

NAME, CLASS_TOKEN = "AlvaroBadia", "man"
CPU = torch.device("cpu")
AT_ONCE = 50
FLAT_RATE = 1e-7
CLEAR = 0.01
"""The optimum is clear where, more than one save away from it on both sides (or on the only side
that there is), the true loss is higher by this share at least, and surely (three standard errors).
"""
ALIKE = 0.005
"""Saves are alike where the true losses differ by less than this share."""
TARGET = 0.9

Losses = NDArray[np.float64]
"""[save, drawing]: the loss of each save on each drawing, at the same noise and timestep."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sets", type=int, default=3, help="figures (3)")
    parser.add_argument("--seeds", type=int, default=10, help="trainings of each (10)")
    parser.add_argument("--photos", type=int, default=10, help="photos of a set (10)")
    parser.add_argument("--drawings", type=int, default=500, help="never trained on (500)")
    parser.add_argument("--steps", type=int, default=480, help="steps of a training (480)")
    parser.add_argument("--saves", type=int, default=8, help="saves of a training (8)")
    parser.add_argument("--rate", type=float, default=1e-3, help="the learning rate (1e-3)")
    parser.add_argument("--from-set", type=int, default=1, help="begin with this figure (1)")
    parser.add_argument(
        "--keep", type=Path, help="a folder that keeps each run: what is there isn't run again"
    )


@dataclass(frozen=True)
class Run:
    """One training: what is true of its saves, and what was recommended."""

    name: str
    truth: Losses
    said: Recommendation
    steps: tuple[int, ...]

    @property
    def losses(self) -> NDArray[np.float64]:
        means: NDArray[np.float64] = self.truth.mean(axis=1)
        return means

    @property
    def best(self) -> int:
        """The save with the lowest true loss."""
        return int(self.losses.argmin())

    @property
    def chosen(self) -> int | None:
        return None if self.said.step is None else self.steps.index(self.said.step)

    def is_clear(self) -> bool:
        """See `CLEAR`."""
        away = [save for save in range(len(self.steps)) if abs(save - self.best) > 1]
        return bool(away) and all(self._is_worse(save, CLEAR) for save in away)

    def is_flat(self) -> bool:
        return float(np.ptp(self.losses)) < ALIKE * float(self.losses.min())

    def is_near(self) -> bool:
        """Within one save of the optimum."""
        return self.chosen is not None and abs(self.chosen - self.best) <= 1

    def is_usable(self) -> bool:
        """Not behind the true usable range: where the true loss is surely higher than the best."""
        return (
            self.chosen is None
            or self.chosen <= self.best
            or not any(self._is_worse(save, 0.02) for save in range(self.best, self.chosen + 1))
        )

    def _is_worse(self, save: int, share: float) -> bool:
        gaps = self.truth[save] - self.truth[self.best]
        error = float(gaps.std(ddof=1)) / len(gaps) ** 0.5
        gap = float(gaps.mean())
        return gap > share * float(self.losses[self.best]) and gap > 3 * error

    def row(self) -> tuple[object, ...]:
        kind = "clear" if self.is_clear() else "flat" if self.is_flat() else "between"
        said = str(self.said.step) if self.said.step else "can't tell"
        usable = "{}-{}".format(*self.said.usable) if self.said.usable else "-"
        rises = 100 * (float(self.losses[-1]) / float(self.losses.min()) - 1)
        return (
            self.name,
            kind,
            self.steps[self.best],
            f"+{rises:.1f} %",
            said,
            usable,
            _verdict(self),
        )


def _verdict(run: Run) -> str:
    if run.is_flat():
        return "right" if run.chosen is None else "WRONG"
    if run.chosen is None:
        return "missed" if run.is_clear() else "right"
    return ("right" if run.is_near() else "WRONG" if run.is_clear() else "off") + (
        "" if run.is_usable() else ", not usable"
    )


def measure(chosen: argparse.Namespace) -> Outcome:
    """All runs; a line for each as it ends."""
    torch.set_num_threads(1)
    runs: list[Run] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(chosen.from_set - 1, chosen.sets):
            figure = Figure(Path(folder) / f"set{number + 1}", number, chosen)
            for seed in range(chosen.seeds):
                for flat in (False, True):
                    runs.append(kept(chosen.keep, figure, seed, flat))
                    print("  ".join(map(str, runs[-1].row())), flush=True)
    return outcome(runs)


def kept(folder: Path | None, figure: Figure, seed: int, flat: bool) -> Run:
    """The run as it was kept in ``folder``, or run now."""
    name = f"set {figure.number + 1} seed {seed + 1}{' flat' if flat else ''}"
    home = folder / name if folder else None
    if home is None or not (home / "truth.npy").is_file():
        truth, steps = figure.run(name, seed, flat)
        if home is None:
            return Run(name, truth, recommend(curve(steps)), _saves(steps))
        for step in steps:
            measured.write(home / "measured", step)
        np.save(home / "truth.npy", truth)
    steps = measured.read(home / "measured")
    return Run(name, np.load(home / "truth.npy"), recommend(curve(steps)), _saves(steps))


def _saves(steps: Sequence[measured.MeasuredStep]) -> tuple[int, ...]:
    return tuple(step.step for step in steps if step.step > 0)


def outcome(runs: Sequence[Run]) -> Outcome:
    clear = [run for run in runs if run.is_clear() and not run.is_flat()]
    flat = [run for run in runs if run.is_flat()]
    near, unsure = sum(run.is_near() for run in clear), sum(run.chosen is None for run in flat)
    beyond = sum(not run.is_usable() for run in runs)
    met = bool(clear and flat) and (
        near >= TARGET * len(clear) and unsure >= TARGET * len(flat) and not beyond
    )
    figure = (
        f"Within one save of the true optimum in {near} of {len(clear)} runs where it is clear; "
        f'"can\'t tell" in {unsure} of {len(flat)} flat runs; beyond the usable range in {beyond} '
        f"of "
        f"{len(runs)}."
    )
    columns = ("run", "truth", "best step", "last step", "recommended", "usable", "verdict")
    return Outcome(columns, [run.row() for run in runs], figure, met)


class Figure:
    """A fresh figure: its drawings for the truth, and trainings on other drawings of it."""

    def __init__(self, root: Path, number: int, chosen: argparse.Namespace) -> None:
        self.root, self.number, self.chosen = root, number, chosen
        self.people = People(1000 + number, backgrounds=5)
        dice = random.Random(number)
        self.look = Features(
            dice.choice(("curly", "spiky", "long", "short")),
            dice.choice(sorted(PAINTED)),
            beard=dice.random() < 0.5,
            glasses=dice.random() < 0.5,
            skin=dice.choice(sorted(PAINTED)),
        )
        self.tokenizers = root / "tokenizers"
        self.truth: list[MeasuredPhoto] = []

    def _prepare(self) -> None:
        """Once, before the first run."""
        if self.truth:
            return
        self.base = demo_base.put(self.root)
        caption_tokens.write_tokenizers(self.tokenizers)
        drawn = self._draw(self.root / "truth", self.chosen.drawings)
        vae = base_model.load(self.base, "sd1", torch.float32).vae
        scale = base_config.LATENT_SCALE["sd1"]
        self.truth = measured_photos.encode(
            subsets.loose(drawn), [], vae, scale, self._params(0, flat=False), CPU
        )

    def run(self, name: str, seed: int, flat: bool) -> tuple[Losses, list[measured.MeasuredStep]]:
        """A training with its own photos and its own noise: the truth, and what it measured."""
        self._prepare()
        self.people.dice.seed(f"{self.number}/{seed}/{flat}")
        root = self.root / name
        dataset = self._draw(root / "photos", self.chosen.photos)
        with quiet():
            writer.prepare(
                [dataset], NAME, CLASS_TOKEN, self.chosen.steps, root / "set", hold_out=["auto"]
            )
            job = TrainingJob(
                name=NAME, subject=NAME, class_token=CLASS_TOKEN, dataset=str(root / "set" / "img"),
                base=str(self.base), family="sd1", engine=
                    "embedded", params=self._params(seed, flat),
            )  # fmt: skip
            folder = JobFolder(root / "job").create()
            training = Training(folder, prepare(job, self.tokenizers, CPU))
            truth = TruthObserver(
                training, self.truth[: self.chosen.drawings // (4 if flat else 1)]
            )
            training.run()
        steps = measured.read(folder.measured)
        shutil.rmtree(root)
        return np.stack(truth.losses), steps

    def _params(self, seed: int, flat: bool) -> TrainingParams:
        steps = self.chosen.steps // (4 if flat else 1)
        values = {
            "resolution": "64", "min_bucket_reso": 64, "max_bucket_reso": 128, "network_dim": 8,
            "network_alpha": 8, "learning_rate": FLAT_RATE if flat else self.chosen.rate,
            "lr_scheduler": "constant", "mixed_precision": "no", "max_train_steps": steps,
            "save_every_n_steps": steps // self.chosen.saves, "save_state": False, "seed": seed,
        }  # fmt: skip
        return TrainingParams().with_values(values).fitted_buckets()

    def _draw(self, folder: Path, count: int) -> Path:
        folder.mkdir(parents=True)
        for number in range(1, count + 1):
            scene = self.people.person().scene
            picture: Image.Image = self.people.picture(self.look, scene)
            picture.save(folder / f"{number}.png", compress_level=1)
            text = f"{NAME} {CLASS_TOKEN}, {caption(scene, CLASS_TOKEN)}\n"
            (folder / f"{number}.txt").write_text(text, encoding="utf-8")
        return folder


class TruthObserver:
    """Looks at every save of ``training`` with the drawings that nobody trains on."""

    def __init__(self, training: Training, drawings: Sequence[MeasuredPhoto]) -> None:
        self.training, self.drawings = training, drawings
        self.steps: list[int] = []
        self.losses: list[Losses] = []
        self._measure = training.measures.at_save
        training.measures.at_save = self.at_save  # type: ignore[method-assign]

    @torch.no_grad()
    def at_save(self, step: int) -> None:
        self._measure(step)
        if step == 0:
            return
        parts = [
            self._losses(first, self.drawings[first : first + AT_ONCE])
            for first in range(0, len(self.drawings), AT_ONCE)
        ]
        self.steps.append(step)
        self.losses.append(torch.cat(parts).double().numpy())

    def _losses(self, first: int, drawings: Sequence[MeasuredPhoto]) -> torch.Tensor:
        """Each drawing at one of its timesteps, the strata in turn."""
        captions, objective = self.training.prepared.captions, self.training.objective
        encoders = captions.encoders
        assert encoders is not None
        turns = [(first + number) % 8 for number in range(len(drawings))]
        shelf, rows = drawings[0].shelf, torch.tensor([drawing.row for drawing in drawings])
        pairs = list(zip(drawings, turns, strict=True))
        return objective.errors(
            Rows(shelf, rows, rows, torch.ones(len(rows))),
            shelf.mean[rows],
            torch.stack([one.draws.noise(shelf.mean[one.row])[turn] for one, turn in pairs]),
            torch.stack([one.draws.timesteps[turn] for one, turn in pairs]),
            encoders(captions.tokenizer([one.caption for one in drawings], captions.length)),
        )
