"""Who is on a small drawing, read back from its pixels: the look whose drawing comes closest."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .look import HAIR, HAIR_STYLES, SHIRTS, SKIN, SUBJECT_LOOK, Features, Shirt
from .scene import Scene, background, compose

SIDE, PAINTED_AT, DETAIL = 64, 768, 0.2
COARSE = (0.1, 0.05, 7.0)
FINE = (0.05, 0.02, 3.0)
"""How far zoom, position across and tilt are changed at a time while the person is searched for."""
Distance = Callable[[Features, Scene], float]


def read(picture: Image.Image, scene: Scene) -> tuple[Features, str]:
    """The look of the person on ``picture`` (64 pixels a side), and the shirt's colour.

    ``scene`` is what was asked for; size and position are searched for around it. One property
    after another is chosen so that a drawing with it comes closest to the picture, three times
    over; hair and its colour together, since fair hair looks bald next to a dark one.
    """
    distance = _distance_to(np.asarray(picture.convert("RGB"), dtype=np.float32), scene)
    look = Features("short", "brown", beard=False, glasses=False, skin="light")
    for steps in (COARSE, FINE, FINE):
        scene = min(_poses(scene, steps), key=lambda one: distance(look, one))
        scene = min(_shirts(scene), key=lambda one: distance(look, one))
        for names in (("skin",), ("hair_colour", "hair"), ("beard",), ("glasses",)):
            look = min(_looks(look, names), key=lambda one: distance(one, scene))
    return look, scene.shirt.colour


def likeness(look: Features, wanted: Features = SUBJECT_LOOK) -> float:
    """The share of ``wanted``'s properties that ``look`` has: hair, its colour, beard, glasses,
    skin.
    """
    same = [bool(getattr(look, name) == getattr(wanted, name)) for name in _PROPERTIES]
    return sum(same) / len(same)


_PROPERTIES: dict[str, tuple[Any, ...]] = {
    "skin": tuple(SKIN),
    "hair_colour": tuple(HAIR),
    "hair": HAIR_STYLES,
    "beard": (False, True),
    "glasses": (False, True),
}


def _looks(look: Features, names: Sequence[str]) -> Iterator[Features]:
    """``look`` with every value of these properties."""
    for values in itertools.product(*(_PROPERTIES[name] for name in names)):
        yield replace(look, **dict(zip(names, values, strict=True)))


def _poses(scene: Scene, steps: tuple[float, float, float]) -> Iterator[Scene]:
    pose = scene.pose
    for larger, right, left in itertools.product((-1, 0, 1), repeat=3):
        zoom, x = pose.zoom + larger * steps[0], pose.x + right * steps[1]
        yield replace(scene, pose=replace(pose, zoom=zoom, x=x, tilt=pose.tilt + left * steps[2]))


def _shirts(scene: Scene) -> Iterator[Scene]:
    for colour in SHIRTS:
        yield replace(scene, shirt=Shirt(colour))


def _distance_to(wanted: NDArray[np.float32], scene: Scene) -> Distance:
    """The mean difference of pixels, where the person may be."""
    dice = random.Random(0)  # noqa: S311  # a picture, no secret
    behind = background(scene.place, dice, (PAINTED_AT, PAINTED_AT)).resize((SIDE, SIDE))
    across = np.abs(np.linspace(-1, 1, SIDE, dtype=np.float32))[None, :, None]
    weights = np.where(across < 0.8, 1.0, 0.0).astype(np.float32)

    def distance(look: Features, one: Scene) -> float:
        drawn = compose(behind, look, one, SIDE, DETAIL)
        return float((np.abs(np.asarray(drawn, dtype=np.float32) - wanted) * weights).mean())

    return distance
