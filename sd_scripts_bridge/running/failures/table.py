"""All known failures, the most specific first: the first that matches is the one that is told.

A pattern is tried on the end of a failed run's log, line starts anchored, so that no caption, path
or progress bar is taken for an error.
"""

from __future__ import annotations

from . import (
    base_model,
    dataset,
    environment,
    gpu,
    libraries,
    machine,
    network,
    options,
    states,
)
from .known import Known

TABLE: tuple[Known, ...] = (
    *gpu.ROWS,
    *libraries.ROWS,
    *machine.ROWS,
    *states.ROWS,
    *dataset.ROWS,
    *options.ROWS,
    *base_model.ROWS,
    *network.ROWS,
    *environment.ROWS,
)
