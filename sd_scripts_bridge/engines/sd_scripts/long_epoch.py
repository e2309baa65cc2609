"""One epoch that is long enough for a whole run, for going on from a saved state.

sd-scripts' own resume counts right within the first epoch only: past it the step numbers are off by
whole epochs, and the run ends with the epochs instead of with max_train_steps (train_network.py,
"epoch_to_start"). So a resumed run reads the same pictures from folders with more repeats:
sd-scripts takes the repeats from the folder's name.
"""

from __future__ import annotations

import math
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ...jobs.folder import state_step
from ...jobs.job import TrainingJob

if TYPE_CHECKING:
    from ...datasets.kohya_folder import Subset


def folder_for(job: TrainingJob, links: Path) -> Path:
    """The folder to train from: the job's own where one epoch holds all its steps, else ``links``,
    made anew.
    """
    from ...datasets.kohya_folder import open_dataset  # it reads pictures

    subsets = open_dataset(Path(job.dataset)).subsets
    pictures = job.params.max_train_steps * job.pictures_a_step
    times = math.ceil(pictures / sum(subset.steps for subset in subsets))
    if times <= 1:
        return Path(job.dataset)
    shutil.rmtree(links, ignore_errors=True)
    for subset in subsets:
        _link(subset, links / f"{subset.repeats * times}_{subset.folder.name.partition('_')[2]}")
    return links


def initial_step(job: TrainingJob, state: Path) -> int:
    """``--initial_step`` for going on from ``state``.

    sd-scripts multiplies it by the accumulation and counts on from there, so it is the true step
    divided by that (`TrainingParams.save_interval` is a multiple of it).
    """
    return state_step(state) // job.params.gradient_accumulation_steps


def _link(subset: Subset, target: Path) -> None:
    """The files of a subset, under another folder name: hard links, copies where the disk is
    another one.
    """
    target.mkdir(parents=True)
    for file in subset.folder.iterdir():
        if not file.is_file():
            continue
        try:
            os.link(file, target / file.name)
        except OSError:
            shutil.copy2(file, target / file.name)
