"""The command line's words for more than one process, card or machine."""

from __future__ import annotations

import argparse

from ..errors import BridgeError
from ..jobs import launch
from ..jobs.cluster import Cluster, address
from ..jobs.job import TrainingJob
from ..jobs.launch import Launch
from .arguments import LAUNCH


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
            "launch.gpus_list_cards_write",
            "--gpus {gpus} is no list of cards: write 0,1.",
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
            "launch.cluster_name_ray_host",
            "{lone} is for a cluster: name it with --on ray://HOST.",
            lone=lone,
        )
    return None


def where(job: TrainingJob) -> str:
    """ ", on ..." behind a job's line."""
    return (f", {job.launch.title}" if job.launch else "") + (
        f", on {job.on.address}" if job.on else ""
    )
