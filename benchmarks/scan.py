"""Looking at photos: a check as the doctor makes it, beside the naive way, in CPU time."""

from __future__ import annotations

import argparse
import io
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from sd_scripts_bridge.datasets.looking.findings import examine

from .headers import header_rates
from .outcome import Outcome

Way = Callable[[Sequence[Path]], object]

TARGET, TARGET_TIMES = 170, 5
SIDE = 1024


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--photos", type=int, default=60, help="how many are drawn (default 60)")
    parser.add_argument("--headers", type=int, default=100_000, help="so many headers (100,000)")
    parser.add_argument("--rounds", type=int, default=5, help="the best of so many counts")


def measure(chosen: argparse.Namespace) -> Outcome:
    """Photos per CPU-second of both ways, taken in turns on the same files; then headers alone."""
    with tempfile.TemporaryDirectory() as folder:
        files = _drawn(Path(folder), chosen.photos)
        size = sum(file.stat().st_size for file in files) / len(files) / 1000
        best = [0.0, 0.0]
        for _ in range(chosen.rounds):
            ways: tuple[Way, ...] = (_naively, examine)
            for at, way in enumerate(ways):
                best[at] = max(best[at], _rate(way, files))
        rates, told, quick = header_rates(files, Path(folder) / "linked", chosen.headers)
    naive, ours = best
    met = ours >= TARGET and ours >= TARGET_TIMES * naive and quick
    return Outcome(
        ("way", "photos per CPU-second"),
        [
            ("Pillow, decoded whole: hash, sharpness, light, thumbnail", round(naive)),
            ("the doctor's look", round(ours)),
            *rates,
        ],
        f"{ours:.0f} photos of {SIDE} x {SIDE} ({size:.0f} kB) per CPU-second, {ours / naive:.1f} "
        f"times the naive way; the target is {TARGET} and {TARGET_TIMES} times. {told}",
        met,
    )


def _rate(way: Way, files: Sequence[Path]) -> float:
    begin = time.process_time()
    way(files)
    return len(files) / (time.process_time() - begin)


def _naively(files: Sequence[Path]) -> None:
    """What a first version does: everything from the whole picture; the hash as imagehash makes
    phash.
    """
    for file in files:
        with Image.open(file) as opened:
            picture = opened.convert("RGB")
        grey = picture.convert("L")
        _phash(grey)
        levels = np.asarray(grey, dtype=np.float64)
        edges = 4 * levels[1:-1, 1:-1] - levels[:-2, 1:-1] - levels[2:, 1:-1]
        (edges - levels[1:-1, :-2] - levels[1:-1, 2:]).var(), levels.mean(), (levels > 250).mean()
        picture.thumbnail((256, 256), Image.Resampling.LANCZOS)
        picture.save(io.BytesIO(), "JPEG")


def _phash(grey: Image.Image) -> object:
    small = np.asarray(grey.resize((32, 32), Image.Resampling.LANCZOS), dtype=np.float64)
    wave, sample = np.arange(8)[:, None], np.arange(32)[None, :]
    cosines = np.cos(np.pi * wave * (2 * sample + 1) / 64)
    waves = cosines @ small @ cosines.T
    return waves > np.median(waves)


def _drawn(folder: Path, count: int) -> list[Path]:
    """Clouds with fine grain: JPEGs that take as many bytes as photos do."""
    draw = np.random.default_rng(1)
    for number in range(count):
        Image.fromarray(_clouds(draw)).save(folder / f"{number}.jpg", quality=92)
    return sorted(folder.iterdir())


def _clouds(draw: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    picture = np.zeros((SIDE, SIDE, 3), np.float32)
    for cells in (4, 8, 16, 32, 64, 128, 256, 512, 1024):
        for colour in range(3):
            waves = Image.fromarray(draw.normal(0, 1, (cells, cells)).astype(np.float32))
            larger = waves.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            picture[..., colour] += np.asarray(larger) * (512 / cells) ** 0.6
    picture -= picture.min()
    return np.asarray(picture * (255 / picture.max()), dtype=np.uint8)
