"""The headers of many photos: read by Pillow, by ours, and known from before; part of `scan`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import psutil
from PIL import Image

from sd_scripts_bridge.photos.headers.kept import KeptHeaders
from sd_scripts_bridge.photos.headers.scan import scan

from .outcome import Row

TARGET_SECONDS = 20.0
"""Of CPU time, for 100,000 headers."""
TARGET_MEGABYTES = 100.0
NAIVE = 5000
"""So many are enough to know Pillow's rate."""
_ORIENTATION = 0x0112


def header_rates(files: Sequence[Path], folder: Path, count: int) -> tuple[list[Row], str, bool]:
    """(rows of the table, the figure in a sentence, whether the target is met) of ``count`` links
    to ``files`` in ``folder``.
    """
    linked = _linked(files, folder, count)
    naive, _ = _measured(_naively, linked[:NAIVE])
    with closing(KeptHeaders(folder / "headers.jsonl")) as kept:
        before = _megabytes()
        ours, took = _measured(lambda some: scan(some, kept=kept), linked)
        grown = _megabytes() - before
    with closing(KeptHeaders(folder / "headers.jsonl")) as kept:
        known, _ = _measured(lambda some: scan(some, kept=kept), linked)
    rows: list[Row] = [
        ("Pillow opens each: format, size, orientation", round(naive)),
        ("headers only (`check --headers`)", round(ours)),
        ("headers only, known from before", round(known)),
    ]
    told = (
        f"{count:,} headers in {count / ours:.1f} s of CPU time ({took:.1f} s passed), again in "
        f"{count / known:.1f} s; memory grew by {grown:.0f} MB."
    )
    return rows, told, 100_000 / ours <= TARGET_SECONDS and grown <= TARGET_MEGABYTES


def _linked(files: Sequence[Path], folder: Path, count: int) -> list[Path]:
    folder.mkdir()
    links = [folder / f"{number}.jpg" for number in range(count)]
    for number, link in enumerate(links):
        os.link(files[number % len(files)], link)
    return links


def _measured(
    way: Callable[[Sequence[Path]], object], files: Sequence[Path]
) -> tuple[float, float]:
    """(files per CPU-second, seconds that passed)."""
    begin, since = time.process_time(), time.monotonic()
    way(files)
    return len(files) / (time.process_time() - begin), time.monotonic() - since


def _naively(files: Sequence[Path]) -> None:
    for file in files:
        with Image.open(file) as opened:
            _ = opened.format, opened.size, opened.getexif().get(_ORIENTATION, 1)


def _megabytes() -> float:
    return float(psutil.Process().memory_info().rss) / 1e6
