"""What the cluster would do with a request: asked there, before anything is queued here."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BridgeError, Invalid, Problem
from ..jobs.job import TrainingJob, job_from_dict
from ..messages import Message
from ..names import name_problems
from ..options import presets
from ..options.kinds import SECRETS
from ..paths import Home
from ..planning.staging import stage
from . import parcel
from .protocol import ASK, ENTRY, heard, new_name
from .ray_jobs import ENDED, RayJobs

if TYPE_CHECKING:
    from ..jobs.cluster import Cluster
    from ..planning.planner import Planner
    from ..planning.request import Request

PATIENCE_SECONDS = 300.0
"""A cluster has this long to answer what it would do; the first time its node unpacks what was
sent.
"""
LOOK_SECONDS = 0.3


def prepare(planner: Planner, request: Request) -> tuple[TrainingJob, list[str]]:
    """The job that the cluster would run for ``request``, with its notes; makes clean copies here,
    and sends them there.

    Raises `Invalid` with everything that is wrong, here or there, `Unreachable` where no cluster
    answers.
    """
    from ..datasets.writer import open_dataset

    where = request.on
    assert where is not None
    jobs = RayJobs(where.address)
    version = jobs.version()  # first: nothing is copied for an address that is wrong
    where, problems = _gpus(jobs, where, request)
    data = request.photos or open_dataset(request.dataset)
    problems += _unfit(request, where)
    if request.dataset_config is not None:
        problems.append(
            Problem(
                "question.dataset_config",
                "on",
                "this dataset_config names folders of this machine, one by one",
                "Train it here: leave --on out.",
            )
        )
    if problems:
        raise Invalid(problems)
    image_dir, notes = stage(planner.home, request.name or data.subject, data)
    environment = parcel.send(
        jobs, image_dir, None if where.base else request.base, tokenizers(planner.home)
    )
    answer = _ask(jobs, where, environment, _question(request, where))
    lora_dir = str(request.lora_dir) if request.lora_dir else None
    base = where.base or str(request.base)
    job = _answered(answer).evolve(
        dataset=str(image_dir), base=base, lora_dir=lora_dir, on=where, healed=()
    )
    return job, [_note(where, version), *notes, *answer.get("notes", [])]


def _unfit(request: Request, where: Cluster) -> list[Problem]:
    """What a cluster can't do, or is never told."""
    problems = name_problems(request.name) if request.name is not None else []
    if request.gpu is not None:
        problems.append(
            Problem(
                "question.gpu_machine",
                "gpu",
                "is a GPU of this machine",
                "Say with --on-gpus how many to ask the cluster for.",
            )
        )
    secrets = sorted(SECRETS & (request.values.keys() | request.file_values.keys()))
    problems += [
        Problem(
            "question.secret_isnt_sent_cluster",
            name,
            "is a secret, and isn't sent to a cluster",
            "Set it up there.",
        )
        for name in secrets
    ]
    return problems if where.base else [*problems, *_base_problems(request.base)]


def _answered(answer: dict[str, Any]) -> TrainingJob:
    """The job that the cluster says it would run. Raises `Invalid`."""
    if "job" not in answer:
        problems = [Problem.from_dict(problem) for problem in answer.get("problems", [])]
        raise Invalid(problems or [_silent(answer)])
    job = job_from_dict(answer["job"])
    assert isinstance(job, TrainingJob)
    return job


def _note(where: Cluster, version: str) -> Message:
    if where.gpus:
        return Message(
            "question.at_gpus",
            "On the Ray cluster at {address} (Ray {version}, {gpus} of its GPUs).",
            address=where.address,
            version=version,
            gpus=where.gpus,
        )
    return Message(
        "question.at_cpu",
        "On the Ray cluster at {address} (Ray {version}, no GPU).",
        address=where.address,
        version=version,
    )


def tokenizers(home: Home) -> Path | None:
    """CLIP's vocabulary as this machine has it, for a cluster that may lack it."""
    from ..datasets.caption_tokens import write_tokenizers

    try:
        write_tokenizers(home.tokenizers)
    except BridgeError:
        return None
    return home.tokenizers


def _gpus(jobs: RayJobs, where: Cluster, request: Request) -> tuple[Cluster, list[Problem]]:
    wanted, there = request.launch.processes if request.launch else 1, jobs.gpus()
    problems = [
        Problem(
            "question.training_cluster_runs_machines",
            "machines",
            "a training on a cluster runs on one of its machines",
            "Leave it out.",
        )
        for _ in range(1)
        if request.launch and request.launch.machines > 1
    ]
    if where.gpus is None:
        where = replace(where, gpus=wanted if there else 0)
    if (where.gpus or 0) > there:
        problems.append(
            Problem(
                "question.cluster_gpus_wanted",
                "on",
                "the cluster has {there} {there:GPU|GPUs}, and {gpus} {gpus:is|are} wanted",
                "Set --on-gpus lower.",
                there=there,
                gpus=where.gpus,
            )
        )
    return where, problems


def _base_problems(base: Path) -> list[Problem]:
    if base.is_file():
        return []
    return [
        Problem(
            "question.is_not_here",
            "base",
            "{base} is not here",
            "If it lies on the cluster, say so: --on-base PATH.",
            base=repr(str(base)),
        )
    ]


def _question(request: Request, where: Cluster) -> dict[str, Any]:
    preset = request.preset
    own = preset is not None and preset not in presets.names() and Path(preset).is_file()
    return {
        "engine": request.engine,
        "values": dict(request.values),
        "file_values": dict(request.file_values),
        "name": request.name,
        "base": where.base,
        "home": where.home,
        "launch": request.launch.as_dict() if request.launch else None,
        "preset": preset,
        "preset_text": Path(str(preset)).read_text(encoding="utf-8") if own else None,
    }


def _ask(
    jobs: RayJobs, where: Cluster, environment: dict[str, Any], question: dict[str, Any]
) -> dict[str, Any]:
    """Run the question as a small job of its own, and wait for its answer."""
    name, deadline = new_name(), time.monotonic() + PATIENCE_SECONDS
    jobs.submit(
        name,
        f"{ENTRY} ask",
        {**environment, "env_vars": {ASK: json.dumps({**question, "id": name})}},
    )
    while (info := jobs.info(name)) is not None and info.status not in ENDED:
        if time.monotonic() > deadline:
            jobs.stop(name)
            raise BridgeError(
                "question.cluster_didnt_get_question",
                "The cluster at {address} didn't get to the question within {patience_seconds} s "
                "({status}). It may be busy: run `ray status` there.",
                address=where.address,
                patience_seconds=f"{PATIENCE_SECONDS:.0f}",
                status=info.status.lower(),
            )
        time.sleep(LOOK_SECONDS)
    log = jobs.log(name)
    said = [data for line in log.splitlines() if (data := heard(line)) is not None]
    return (
        said[-1] if said else {"status": info.message if info else "", "log": log.splitlines()[-5:]}
    )


def _silent(answer: dict[str, Any]) -> Problem:
    words = " ".join([*answer.get("log", []), answer.get("status", "")])[-600:].strip()
    return Problem(
        "question.cluster_could_run_program",
        "on",
        "the cluster could not run our program: {words}",
        "Its Python must be 3.10 or newer; docs/more-than-one.md says what it needs.",
        words=words or "it printed nothing",
    )
