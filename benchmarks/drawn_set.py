"""A set of drawn photos whose truth is known: place, clothes, light, face, what was spoilt."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageFilter

from sd_scripts_bridge.datasets.looking.findings import Finding, examine
from sd_scripts_bridge.demo.look import SUBJECT_LOOK, Shirt
from sd_scripts_bridge.demo.photos import LIGHTS, PLACES
from sd_scripts_bridge.demo.scene import Pose, Scene, background, compose, grainy
from sd_scripts_bridge.photos.faces import Box

SIDE = 320
SHIRTS = ("teal", "red", "white", "yellow", "blue", "green", "purple")
SPOILT = ("", "", "", "soft", "face soft", "dark", "bright")


@dataclass(frozen=True)
class Labelled:
    """One photo as it was drawn. ``face`` is the head's true box."""

    path: Path
    place: str
    shirt: str
    zoom: float
    face: Box
    spoilt: str


class TrueFaces:
    """The faces as they were drawn, in the place of a detector."""

    name, is_sure = "the truth", False

    def __init__(self, photos: list[Labelled]) -> None:
        self.known = {fingerprint(photo.path): photo.face for photo in photos}

    def find(self, pixels: Image.Image) -> tuple[Box, ...]:
        return (self.known[pixels.resize((8, 8)).tobytes()],)


def fingerprint(path: Path) -> bytes:
    from sd_scripts_bridge.photos.reading import read

    return read(path).pixels.resize((8, 8)).tobytes()


def draw(folder: Path, count: int, seed: int) -> list[Labelled]:
    """``count`` photos, each of another mix."""
    dice = random.Random(seed)
    return [_one(folder / f"{number}.png", dice) for number in range(count)]


def look(photos: list[Labelled]) -> list[Finding]:
    return examine([photo.path for photo in photos], detector=TrueFaces(photos))


def _one(path: Path, dice: random.Random) -> Labelled:
    place, shirt, spoilt = dice.choice([*PLACES]), dice.choice(SHIRTS), dice.choice(SPOILT)
    pose = Pose(
        dice.choice(("smile", "laugh", "calm")),
        dice.choice((0.24, 0.3, 0.55, 0.7, 1.0, 1.15)),
        dice.uniform(0.4, 0.6),
        dice.uniform(-6, 6),
    )
    scene = Scene(PLACES[place], LIGHTS[dice.choice([*LIGHTS])], pose, Shirt(shirt))
    picture = compose(background(scene.place, dice, (SIDE, SIDE)), SUBJECT_LOOK, scene, SIDE)
    face = _face(pose)
    picture = _spoil(grainy(picture, dice.randrange(2**32)), spoilt, face)
    picture.save(path)
    return Labelled(path, place, shirt, pose.zoom, face, spoilt)


def _face(pose: Pose) -> Box:
    """`demo.figure` draws the head from (228, 140) to (572, 580) on its canvas of 800 units, whose
    lower edge is the photo's.
    """
    unit = pose.zoom / 800
    left = pose.x - 400 * unit + 228 * unit
    return Box(left, 1 - pose.zoom + 140 * unit, 344 * unit, 440 * unit)


def _spoil(picture: Image.Image, how: str, face: Box) -> Image.Image:
    if how == "soft":
        return picture.filter(ImageFilter.GaussianBlur(SIDE / 80))
    if how == "face soft":
        box = face.of(picture.size)
        soft = picture.crop(box).filter(ImageFilter.GaussianBlur(SIDE / 80))
        picture = picture.copy()
        picture.paste(soft, box)
    if how == "dark":
        return picture.point(lambda level: level // 7)
    if how == "bright":
        return picture.point(lambda level: 205 + level // 6)
    return picture
