"""Opens whichever network makes vectors of pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from ....likeness.statistics import Floats
from ....likeness.yardstick import ARCFACE


class Embedder(Protocol):
    """Makes a vector of a picture; None where there is nothing in it to measure."""

    def of_picture(self, picture: Any) -> Floats | None: ...


def opened(kind: str, path: Path, detectors: Sequence[Path]) -> Embedder:
    """Of a yardstick. Raises `EngineNotReady` where something that it needs isn't here."""
    if kind == ARCFACE:
        from .arcface import ArcFaceEmbedder

        return ArcFaceEmbedder(path, detectors)
    from .clip import ClipEmbedder

    return ClipEmbedder(path)
