"""What is ready and what is not, in sentences."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from .. import engines
from ..engines import installed
from ..errors import Problem
from ..jobs.job import Status
from ..jobs.store import Store
from ..messages import Message, joined
from ..paths import Home

LOW_DISK_BYTES = 10e9


@dataclass(frozen=True)
class Readiness:
    """Something that is ready, or missing. ``needed``: nothing trains without it."""

    subject: str
    ready: bool
    sentence: str
    needed: bool = True

    def __str__(self) -> str:
        return f"{'ok ' if self.ready else '-- '} {self.sentence}"


def examine(home: Home) -> list[Readiness]:
    """One finding each for the home folder, the engines, the GPU and the disk. Changes nothing."""
    problems = {name: engines.get(name, home).check() for name in engines.ENGINES}
    return [
        Readiness(
            "home",
            True,
            Message(
                "doctor.home_folder_chosen",
                "Home folder: {root} (chosen by {source}).",
                root=home.root,
                source=home.source,
            ),
        ),
        *(
            _engine(name, found, any_ready=any(not p for p in problems.values()))
            for name, found in problems.items()
        ),
        *_gpu(home),
        _disk(home),
        _queue(home),
    ]


def _engine(name: str, problems: list[Problem], any_ready: bool) -> Readiness:
    if problems:
        said = joined([problem.at("").sentence for problem in problems])
        sentence = Message("doctor.engine_lacks", "Engine {name}: {said}", name=name, said=said)
        return Readiness(name, False, sentence, needed=not any_ready)
    return Readiness(
        name, True, Message("doctor.engine_ready", "Engine {name} is ready.", name=name)
    )


def _gpu(home: Home) -> list[Readiness]:
    found = installed.machine(home)
    if not found.device:
        return []
    if found.device == "mps":
        text = "{gpu}, {memory} GB of unified memory, torch {torch}."
        told = {"memory": f"{found.memory / 2**30:.1f}", "torch": found.torch}
        return [Readiness("GPU", True, Message("doctor.mac", text, gpu=found.gpu, **told))]
    if found.device != "cuda":
        slow = Message(
            "doctor.sd_scripts_trains_cpu",
            "sd-scripts trains on the CPU here (torch {facts}): for trying only, not for real "
            "models.",
            facts=found.torch,
        )
        return [Readiness("GPU", True, slow)]
    return [
        Readiness(
            "GPU",
            True,
            Message(
                "doctor.gb_torch",
                "{facts}, {memory} GB, torch {facts2}.",
                facts=found.gpu,
                memory=f"{found.memory / 2**30:.1f}",
                facts2=found.torch,
            ),
        )
    ]


def _queue(home: Home) -> Readiness:
    if not home.database.exists():
        return Readiness("queue", True, Message("doctor.job_running", "No job is running."))
    running = Store(home.database).jobs([Status.RUNNING, Status.STOPPING])
    names = ", ".join(f"{row.id} ({row.title})" for row in running)
    none = Message("doctor.job_running", "No job is running.")
    some = Message("doctor.running", "Running: {names}.", names=names)
    return Readiness("queue", True, some if running else none)


def _disk(home: Home) -> Readiness:
    free = shutil.disk_usage(home.root).free
    sentence = Message(
        "doctor.gb_free_disk_home",
        "{free} GB are free on the disk of the home folder.",
        free=f"{free / 1000000000.0:.0f}",
    )
    return Readiness("disk", free > LOW_DISK_BYTES, sentence, needed=False)
