"""One drawn picture: a person somewhere, in some light and pose, and the caption that says so."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from .figure import CANVAS, figure
from .look import Features, Shirt
from .places import Painter

CLOSE_UP, UPPER_BODY = 1.1, 0.92
"""Zooms from which on, and below which, a picture is called so."""
LEANING, LOOKING_ASIDE = 4, 4
"""Degrees and pixels from which on the caption says it."""
_MOUTHS = {"laugh": "laughing", "smile": "smiling", "calm": "with a calm face"}


@dataclass(frozen=True)
class Setting:
    """A background and the words for it."""

    paint: Painter
    words: str


@dataclass(frozen=True)
class Light:
    """``tint`` multiplies red, green and blue."""

    tint: tuple[float, float, float]
    words: str


@dataclass(frozen=True)
class Pose:
    """How somebody looks on one picture. ``zoom`` is the size, ``x`` the place across, as a share
    of the width.
    """

    mouth: str
    zoom: float
    x: float = 0.5
    tilt: float = 0
    """Degrees, positive to the left."""
    gaze: int = 0
    from_left: bool = True

    @property
    def frame(self) -> str:
        return (
            "close-up"
            if self.zoom >= CLOSE_UP
            else "upper body"
            if self.zoom < UPPER_BODY
            else "portrait"
        )

    @property
    def words(self) -> str:
        said = _MOUTHS[self.mouth]
        if abs(self.gaze) >= LOOKING_ASIDE:
            said += f" and looking to the {'right' if self.gaze > 0 else 'left'}"
        if abs(self.tilt) >= LEANING:
            said += f", head and shoulders leaning to the {'left' if self.tilt > 0 else 'right'}"
        return said


@dataclass(frozen=True)
class Scene:
    """One picture but for who is on it."""

    place: Setting
    light: Light
    pose: Pose
    shirt: Shirt


def caption(scene: Scene, class_token: str) -> str:
    """What changes from picture to picture, and nothing that belongs to the person."""
    return (
        f"drawn {scene.pose.frame} of a {class_token} {scene.place.words}, {scene.pose.words}, "
        f"wearing {scene.shirt}, {scene.light.words}"
    )


def background(place: Setting, dice: random.Random, size: tuple[int, int]) -> Image.Image:
    """The place alone, out of focus as behind a portrait. Its details are drawn for some 768 pixels
    a side.
    """
    picture = Image.new("RGB", size)
    place.paint(picture, dice)
    return picture.filter(ImageFilter.GaussianBlur(min(size) / 48))


def compose(
    behind: Image.Image, look: Features, scene: Scene, side: int, detail: float = 1.0
) -> Image.Image:
    """The person in front of ``behind``, in the scene's light; a zoom of 1 fills ``side`` pixels.

    ``detail`` below 1 draws the person smaller before it is resized, which is quicker.
    """
    picture, pose = behind.copy(), scene.pose
    person = figure(look, scene.shirt, pose.mouth, pose.gaze, pose.from_left, detail)
    canvas, zoom = CANVAS * detail, pose.zoom * side / (CANVAS * detail)
    person = person.rotate(
        pose.tilt, resample=Image.Resampling.BICUBIC, center=(canvas / 2, canvas)
    )
    person = person.resize(
        (round(person.width * zoom), round(person.height * zoom)), Image.Resampling.LANCZOS
    )
    left = round(pose.x * picture.width - person.width / 2)
    picture.paste(person, (left, picture.height - round(canvas * zoom)), person)
    return _lit(picture, scene.light)


def grainy(picture: Image.Image, seed: int) -> Image.Image:
    """With a little grain, as a camera would have it."""
    noise = (
        np.random.default_rng(seed)
        .normal(0, 3, (picture.height, picture.width, 1))
        .astype(np.float32)
    )
    return Image.fromarray(
        np.clip(np.asarray(picture, dtype=np.float32) + noise, 0, 255).astype(np.uint8)
    )


def _lit(picture: Image.Image, light: Light) -> Image.Image:
    """The light over everything, and darker corners."""
    across = np.linspace(-1, 1, picture.width, dtype=np.float32)
    down = np.linspace(-1, 1, picture.height, dtype=np.float32)
    corners = 1 - 0.13 * (across[None, :, None] ** 2 + down[:, None, None] ** 2)
    values = (
        np.asarray(picture, dtype=np.float32) * np.asarray(light.tint, dtype=np.float32) * corners
    )
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
