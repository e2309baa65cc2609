"""A dataset_config that sd-scripts reads itself: what to know of it, and what speaks against it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..datasets import config as dataset_config
from ..engines.base import Engine
from ..errors import Problem
from ..jobs.job import TrainingJob
from ..messages import Message


def notes(job: TrainingJob) -> list[str]:
    """That its folders are trained as they lie."""
    if job.dataset_config is None:
        return []
    p = job.params
    told = dataset_config.told(job.dataset_config, p.resolution, p.train_batch_size)
    return [
        Message(
            "handed_on.note",
            "sd-scripts reads the dataset_config itself: {what}. Its folders are trained as they "
            "are, without clean copies.",
            what=told,
        )
    ]


def problems(job: TrainingJob, engine: Engine, values: Mapping[str, Any]) -> list[Problem]:
    """``values`` are the options that somebody sets besides."""
    if job.dataset_config is None:
        return []
    found = dataset_config.problems(job.dataset_config, values)
    if not engine.traits.reads_dataset_config:
        found.append(
            Problem(
                "handed_on.engine",
                "engine",
                "the engine {engine} trains one folder, and this dataset_config says more",
                "Use --engine sd-scripts; `sd-scripts-bridge setup` gets it.",
                engine=engine.name,
            )
        )
    return found
