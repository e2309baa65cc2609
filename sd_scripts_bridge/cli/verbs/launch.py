"""The words of `train` for more than one process, GPU or machine."""

from __future__ import annotations

import argparse

from ...errors import BridgeError
from ...jobs import launch
from ...jobs.cluster import Cluster, address
from ...jobs.job import TrainingJob
from ...jobs.launch import Launch

LAUNCH = (
    "processes",
    "machines",
    "machine_rank",
    "main_process_ip",
    "main_process_port",
    "num_cpu_threads_per_process",
)
"""The words of `train` that make a `launch.Launch`, besides --gpus."""


def add_launch(sub: argparse.ArgumentParser) -> None:
    """Add them to the verb."""
    more = sub.add_argument_group("more than one GPU or machine (docs/more-than-one.md)")
    more.add_argument(
        "--processes", type=int, metavar="N", help="processes in all; each takes a batch per step"
    )
    more.add_argument("--gpus", metavar="0,1", help="the GPUs, one per process (the first ones)")
    more.add_argument(
        "--machines", type=int, metavar="M", help="machines in all; run the same command on each"
    )
    more.add_argument(
        "--machine-rank", type=int, metavar="R", help="this machine's rank; 0 saves and publishes"
    )
    more.add_argument("--main-process-ip", metavar="IP", help="the address of machine 0")
    more.add_argument("--main-process-port", type=int, metavar="PORT", help="a free port there")
    more.add_argument(
        "--num-cpu-threads-per-process", type=int, metavar="N", help="as for accelerate launch"
    )
    more = sub.add_argument_group("on a Ray cluster (docs/more-than-one.md)")
    more.add_argument(
        "--on",
        metavar="ray://HOST",
        help="train there and bring the LoRA back; or http://HOST:8265",
    )
    more.add_argument(
        "--on-base", metavar="PATH", help="the base model's path there (a small one can be sent)"
    )
    more.add_argument("--on-home", metavar="PATH", help="the home folder there (the default one)")
    more.add_argument("--on-gpus", type=int, metavar="N", help="GPUs to ask for (one per process)")


def launch_of(options: argparse.Namespace) -> Launch | None:
    """More than one process, where any of its words is given."""
    given = {name: getattr(options, name) for name in LAUNCH}
    if options.gpus is None and all(value is None for value in given.values()):
        return None
    if given == {**dict.fromkeys(LAUNCH), "processes": 1} and options.gpus is None:
        return None
    try:
        return launch.from_words(options.gpus, **given)
    except ValueError:
        raise BridgeError(
            "launch.not_gpus",
            "--gpus {gpus} is not a list of GPUs: write 0,1.",
            gpus=repr(options.gpus),
        ) from None


def cluster_of(options: argparse.Namespace) -> Cluster | None:
    """The cluster that --on names. Raises `BridgeError` for its other words without it."""
    more = {
        "--on-base": options.on_base,
        "--on-home": options.on_home,
        "--on-gpus": options.on_gpus,
    }
    if options.on is not None:
        return Cluster(address(options.on), options.on_base, options.on_home, options.on_gpus)
    lone = next((word for word, value in more.items() if value is not None), None)
    if lone:
        raise BridgeError(
            "launch.no_cluster", "{word} is for a cluster: name it with --on ray://HOST.", word=lone
        )
    return None


def where(job: TrainingJob) -> str:
    """ ", on ..." behind a job's line."""
    return (f", {job.launch.title}" if job.launch else "") + (
        f", on {job.on.address}" if job.on else ""
    )
