"""A fold: a training that leaves some of the photos out, and is measured on them at each save."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from ....datasets.kohya_folder import HELD_OUT
from ....evidence import measured
from ....evidence.measured import MeasuredStep
from ....jobs.folder import JobFolder
from ....jobs.job import TrainingJob
from ....options.params import TrainingParams
from ..data import subsets
from .photos import held_out_of


@dataclass(frozen=True)
class FoldFolder(JobFolder):
    """Where one fold is trained; it stops when the whole job is asked to."""

    whole: JobFolder

    @property
    def stop_request(self) -> Path:
        return self.whole.stop_request


@dataclass(frozen=True)
class LeafPhoto:
    """A photo, and the folder of kohya's that it is trained in."""

    path: Path
    leaf: str


@dataclass(frozen=True)
class LeaveOut:
    """``left_out`` of all ``photos`` of ``job``."""

    number: int
    job: TrainingJob
    photos: Sequence[LeafPhoto]
    left_out: Sequence[LeafPhoto]
    folder: FoldFolder

    @property
    def share(self) -> float:
        """Of the photos, that are trained."""
        return 1 - len(self.left_out) / len(self.photos)

    @property
    def steps(self) -> list[int]:
        """At which it is measured: each photo has been shown as often then as in a training on all
        of them at `saves`.
        """
        every, rest, count = self._every
        saves = [every * number for number in range(1, count + 1)]
        return [0, *saves, *([every * count + rest] if rest else [])]

    @property
    def _every(self) -> tuple[int, int, int]:
        """The steps between two saves, those after the last of them, and how many there are."""
        params = self.job.params
        together, interval = params.gradient_accumulation_steps, params.save_interval
        count, rest = divmod(params.max_train_steps, interval)
        every = max(1, round(interval * self.share / together)) * together
        return every, max(1, round(rest * self.share)) if rest else 0, count

    @property
    def measured(self) -> list[MeasuredStep]:
        return measured.read(self.folder.measured)

    @property
    def is_done(self) -> bool:
        return [step.step for step in self.measured] == self.steps

    def params(self) -> TrainingParams:
        """No states but at a stop, no samples, and noise of its own."""
        params, total = self.job.params, self.steps[-1]
        values = {
            "max_train_steps": total,
            "save_every_n_steps": self._every[0],
            "lr_warmup_steps": params.lr_warmup_steps * total // params.max_train_steps,
            "save_state": False,
            "seed": (params.seed + self.number) % 2**32,
        }
        extra = {**params.extra, "sample_every_n_steps": 0}
        return replace(params.with_values(values), extra=extra)

    def lay_down(self) -> TrainingJob:
        """The photos as kohya's folder, those left out beside it; the job that trains them."""
        root, dataset = self.folder.create().root / "set", Path(self.job.dataset)
        shutil.rmtree(root, ignore_errors=True)
        for number, photo in enumerate(self.photos, 1):
            leaf = HELD_OUT if photo in self.left_out else f"img/{photo.leaf}"
            _link(photo.path, root / leaf / f"{number:05d}{photo.path.suffix}")
        reg = dataset.parent / "reg"
        drawn = (path for path in sorted(reg.glob("*/*")) if path.suffix != ".txt")
        for path in drawn if reg.is_dir() else []:
            _link(path, root / "reg" / path.parent.name / path.name)
        return self.job.evolve(dataset=str(root / "img"), params=self.params(), enough=False)

    def tidy(self) -> None:
        """Keep nothing but what was measured."""
        for folder in (self.folder.root / "set", self.folder.output, self.folder.samples):
            shutil.rmtree(folder, ignore_errors=True)


def folds_of(job: TrainingJob, count: int, whole: JobFolder) -> list[LeaveOut]:
    """The photos of ``job``, with those that it held out, in ``count`` runs of neighbours, since
    those are often alike; each is left out once. Raises `Invalid` where there are none.
    """
    photos = _photos(Path(job.dataset))
    ends = [round(len(photos) * number / count) for number in range(count + 1)]
    parts = [photos[first:end] for first, end in pairwise(ends)]
    return [
        LeaveOut(number, job, photos, part, FoldFolder(whole.output / f"fold{number}", whole))
        for number, part in enumerate(parts, 1)
    ]


def _photos(dataset: Path) -> list[LeafPhoto]:
    """In the order that they were numbered in; one that was held out in its subject's largest
    folder.
    """
    training = subsets.read(dataset).train
    found = [
        LeafPhoto(one.path, subset.folder.name) for subset in training for one in subset.pictures
    ]
    for one in held_out_of(dataset):
        own = [s for s in training if s.class_tokens == one.path.parent.name] or training
        largest = max(own, key=lambda subset: len(subset.pictures))
        found.append(LeafPhoto(one.path, largest.folder.name))
    return sorted(found, key=lambda photo: (photo.leaf, len(photo.path.stem), photo.path.stem))


def _link(source: Path, target: Path) -> None:
    """A photo and its caption in another place: hard links, copies where the disk is another."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for ending in {source.suffix, ".txt"}:
        file = source.with_suffix(ending)
        if not file.is_file():
            continue
        try:
            os.link(file, target.with_suffix(ending))
        except OSError:
            shutil.copyfile(file, target.with_suffix(ending))
