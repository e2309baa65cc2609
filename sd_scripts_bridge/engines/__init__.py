"""The engines, by name, and the one that is taken where nobody names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import NotFound
from ..messages import Message
from ..paths import Home

if TYPE_CHECKING:
    from ..jobs.job import Job, SetupJob, TrainingJob
    from .base import Engine, Traits

ENGINES = ("sd-scripts", "embedded")
"""In order of preference."""
PREFERRED = ENGINES[0]


def traits_of(job: Job, home: Home) -> Traits:
    """What the program that runs ``job`` can do. Raises `NotFound`."""
    from ..jobs.job import ToolJob
    from .tools.base import TRAITS

    return TRAITS if isinstance(job, ToolJob) else of(job, home).traits


def of(job: TrainingJob | SetupJob, home: Home) -> Engine:
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


def choose(home: Home, family: str | None = None, full_size: bool = True) -> tuple[Engine, str]:
    """(the first engine that trains such a base and is ready, why it isn't the preferred one).

    Where none is ready it is the last that would train it: its `check` says what is missing.
    """
    engines = [get(name, home) for name in ENGINES]
    fitting = [
        engine
        for engine in engines
        if (family is None or family in engine.traits.families)
        and (full_size or engine.traits.takes_small_models)
    ] or engines
    best = next((engine for engine in fitting if not engine.check()), fitting[-1])
    return best, _why(best, engines[0], fitting)


def _why(best: Engine, preferred: Engine, fitting: list[Engine]) -> str:
    if best is preferred:
        return ""
    if preferred in fitting:
        return Message(
            "engines.preferred_not_ready",
            "{preferred} is not set up (`setup` does it): training with the {best} engine.",
            preferred=preferred.name,
            best=best.name,
        )
    return Message(
        "engines.only_small",
        "The base is smaller than its family's own size: only the {best} engine trains it.",
        best=best.name,
    )
