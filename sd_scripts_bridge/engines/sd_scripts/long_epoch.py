"""One epoch that is long enough for a whole run, for going on from a saved state.

sd-scripts' own resume counts right within the first epoch only: past it the step numbers are off by
whole epochs, and the run ends with the epochs instead of with max_train_steps (train_network.py,
"epoch_to_start"). So a resumed run reads the same pictures from folders with more repeats:
sd-scripts takes the repeats from the folder's name.
"""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...datasets import config as dataset_config
from ...errors import BridgeError
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


def longer(job: TrainingJob, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A dataset_config of which one epoch holds all the job's steps."""
    p = job.params
    batches = p.max_train_steps * p.gradient_accumulation_steps
    batches *= job.launch.processes if job.launch else 1
    times = math.ceil(batches / max(1, dataset_config.batches(data, p.train_batch_size)))
    return dataset_config.repeated(data, times) if times > 1 else data


def initial_step(job: TrainingJob, state: Path) -> int:
    """``--initial_step`` for going on from ``state``.

    sd-scripts multiplies it by the accumulation and counts on from there, so it is the true step
    divided by that (`TrainingParams.save_interval` is a multiple of it).
    """
    return state_step(state) // job.params.gradient_accumulation_steps


def true_metadata(job: TrainingJob, metadata: Mapping[str, str]) -> dict[str, str]:
    """What a resumed run's LoRA should say instead of the repeats and epochs of `folder_for`."""
    from ...datasets.kohya_folder import open_dataset

    if job.dataset_config is not None:
        return _of_datasets(job, job.dataset_config, metadata)
    try:
        dirs, tags = (
            json.loads(metadata[f"ss_{key}"]) for key in ("dataset_dirs", "tag_frequency")
        )
        real = {s.folder.name.partition("_")[2]: s for s in open_dataset(Path(job.dataset)).subsets}
        names = {name: real[name.partition("_")[2]] for name in dirs}
        times = {dirs[name]["n_repeats"] // subset.repeats for name, subset in names.items()}
        batches = int(metadata["ss_num_batches_per_epoch"])
    except (KeyError, ValueError, TypeError, ZeroDivisionError, BridgeError):
        return {}  # another layout than ours: it is left as it is
    if len(times) != 1 or (longer := times.pop()) < 2:
        return {}
    batches = max(1, batches // longer)
    steps = job.params.max_train_steps * job.params.gradient_accumulation_steps
    epochs = str(math.ceil(steps / batches))
    own = {names[n].folder.name: {**d, "n_repeats": names[n].repeats} for n, d in dirs.items()}
    renamed = {names[n].folder.name if n in names else n: found for n, found in tags.items()}
    return {
        "ss_dataset_dirs": json.dumps(own),
        "ss_tag_frequency": json.dumps(renamed),
        "ss_num_train_images": str(sum(subset.steps for subset in names.values())),
        "ss_num_batches_per_epoch": str(batches),
        "ss_num_epochs": epochs,
        "ss_epoch": epochs,
    }


def _of_datasets(
    job: TrainingJob, data: Mapping[str, Any], metadata: Mapping[str, str]
) -> dict[str, str]:
    """The same where sd-scripts was given a dataset_config, which `longer` has changed."""
    real = [
        s.get("num_repeats", 1)
        for d in data["datasets"]
        for s in dataset_config.subsets_of(d, data)
    ]
    try:
        datasets = json.loads(metadata["ss_datasets"])
        told = [subset for one in datasets for subset in one["subsets"]]
        batches = int(metadata["ss_num_batches_per_epoch"])
        times = {int(s["num_repeats"]) // repeats for s, repeats in zip(told, real, strict=True)}
    except (KeyError, ValueError, TypeError, ZeroDivisionError):
        return {}
    if len(times) != 1 or (longer := times.pop()) < 2:
        return {}
    for subset, repeats in zip(told, real, strict=True):
        subset["num_repeats"] = repeats
    for one in datasets:
        one["num_train_images"] = one.get("num_train_images", 0) // longer
    batches = max(1, batches // longer)
    steps = job.params.max_train_steps * job.params.gradient_accumulation_steps
    epochs = str(math.ceil(steps / batches))
    return {
        "ss_datasets": json.dumps(datasets),
        "ss_num_train_images": str(int(metadata.get("ss_num_train_images", 0)) // longer),
        "ss_num_batches_per_epoch": str(batches),
        "ss_num_epochs": epochs,
        "ss_epoch": epochs,
    }


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
