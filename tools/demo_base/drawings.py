"""The first stage: drawings of random people, and several captions for each, kept in one folder."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .people import SIDE, People, describe

CAPTIONS_EACH = 4
PICTURES, CAPTIONS = "pictures.npy", "captions.json"


@dataclass(frozen=True)
class Drawings:
    """``pictures`` [n, 64, 64, 3] uint8, and ``captions``: four for each picture."""

    pictures: NDArray[np.uint8]
    captions: list[list[str]]


def draw(folder: Path, count: int, seed: int) -> None:
    """Draw ``count`` people into ``folder``; nothing where that many lie there already."""
    if (folder / CAPTIONS).is_file() and len(load(folder).captions) == count:
        return
    folder.mkdir(parents=True, exist_ok=True)
    dice = random.Random(seed + 1)
    shape = (count, SIDE, SIDE, 3)
    pictures = np.lib.format.open_memmap(folder / PICTURES, mode="w+", dtype=np.uint8, shape=shape)
    captions = []
    for number, (person, picture) in enumerate(islice(People(seed), count)):
        pictures[number] = picture
        captions.append([describe(person, dice) for _ in range(CAPTIONS_EACH)])
    pictures.flush()
    (folder / CAPTIONS).write_text(json.dumps(captions), encoding="utf-8")


def load(folder: Path) -> Drawings:
    captions = json.loads((folder / CAPTIONS).read_text(encoding="utf-8"))
    return Drawings(np.load(folder / PICTURES, mmap_mode="r"), captions)
