"""A cluster as an engine: the command is a follower that runs here, its lines are those that the
cluster says.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import Problem
from ..jobs.events import Event, from_dict
from ..jobs.folder import JobFolder
from ..jobs.job import SetupJob, TrainingJob
from ..options.families import FAMILIES
from ..paths import PACKAGE_PARENT, Home
from .base import Command, Machine, Traits

_FOLLOWER = (
    "import sys; sys.path.append(sys.argv.pop(1));"
    " from sd_scripts_bridge.cluster.follower import main; sys.exit(main())"
)


class ClusterEngine:
    """See `engines.base.Engine`.

    What the cluster can't do, it has said before the job was queued (`cluster.question`).
    """

    name = "cluster"
    traits = Traits(
        families=frozenset(FAMILIES),
        takes_small_models=True,
        reads_extra_options=True,
        saves_on_request=True,  # it ends by itself when it finds the request; nothing is saved
        leaves_by_itself=True,
        heals_itself=True,
        is_remote=True,
    )

    def __init__(self, home: Home) -> None:
        self.home = home

    def check(self) -> list[Problem]:
        return []

    def refuse(self, _job: TrainingJob) -> list[Problem]:
        return []

    def notes(self, _job: TrainingJob) -> list[str]:
        return []

    def machine(self) -> Machine:
        return Machine()

    def read_options(self, values: Mapping[str, Any], family: str) -> dict[str, Any]:  # noqa: ARG002
        return dict(values)

    def next_save(self, job: TrainingJob, step: int) -> int | None:  # noqa: ARG002
        return None

    def setup(self, job: SetupJob) -> Command:
        raise AssertionError(f"{job.title} is not a cluster's")

    def command(self, job: TrainingJob, folder: JobFolder, resume: Path | None = None) -> Command:  # noqa: ARG002
        return Command(
            (
                sys.executable,
                "-u",
                "-c",
                _FOLLOWER,
                str(PACKAGE_PARENT),
                str(folder.root),
                str(self.home.root),
            ),
            {},
            folder.root,
        )

    def read(self, line: str) -> Event | None:
        if not line.startswith('{"type"'):
            return None
        try:
            return from_dict(json.loads(line))
        except (ValueError, TypeError):
            return None

    def results(self, job: TrainingJob, folder: JobFolder) -> list[Path]:
        final = folder.final_lora(job.name)
        return [final] if final.is_file() else []

    def true_metadata(self, _job: TrainingJob, _metadata: Mapping[str, str]) -> dict[str, str]:
        return {}

    def states(self, job: TrainingJob, folder: JobFolder) -> list[Path]:  # noqa: ARG002
        """None here: an interrupted training is found again on the cluster, or starts over."""
        return []
