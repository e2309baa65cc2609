"""Whether it is a toy model's step that is computed, on a processor.

A layer of few numbers costs calls more than arithmetic, and a processor computes narrow products
slowly; so other ways pay there than on a GPU or in the real networks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

_computed = ContextVar("toy", default=False)


@contextmanager
def computing(toy: bool) -> Iterator[None]:
    """Within it, forward and backward, the layers take a toy's ways, or the ordinary ones."""
    before = _computed.set(toy)
    try:
        yield
    finally:
        _computed.reset(before)


def is_computed() -> bool:
    """Never in what is compiled: a compiler fuses such products itself, and can't read this."""
    return not torch.compiler.is_compiling() and _computed.get()
