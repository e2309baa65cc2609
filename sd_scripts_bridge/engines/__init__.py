"""The engines, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import NotFound
from ..paths import Home

if TYPE_CHECKING:
    from ..jobs.job import Job
    from .base import Engine

ENGINES = ("sd-scripts", "embedded")


def of(job: Job, home: Home) -> Engine:
    """The engine that runs ``job``: its own, or the cluster that it is for. Raises `NotFound`."""
    if job.kind == "train" and getattr(job, "on", None) is not None:
        from .cluster import ClusterEngine

        return ClusterEngine(home)
    return get(job.engine, home)


def get(name: str, home: Home) -> Engine:
    """The engine called ``name``. Raises `NotFound` with the names that there are."""
    if name == "sd-scripts":
        from .sd_scripts import SdScriptsEngine

        return SdScriptsEngine(home)
    if name == "embedded":
        from .embedded import EmbeddedEngine

        return EmbeddedEngine(home)
    raise NotFound(
        "engines.engine_choose",
        "There is no engine {name}. Choose one of: {engines}.",
        name=repr(name),
        engines=", ".join(ENGINES),
    )
