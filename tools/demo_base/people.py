"""Endless drawings of random people with captions; never of the demo's own man."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sd_scripts_bridge.demo.look import (
    HAIR,
    HAIR_STYLES,
    SHIRTS,
    SKIN,
    SUBJECT_LOOK,
    Features,
    Shirt,
)
from sd_scripts_bridge.demo.photos import LIGHTS, PLACES
from sd_scripts_bridge.demo.scene import Pose, Scene, Setting, background, compose

SIDE, DRAWN_AT, DETAIL, BACKGROUNDS = 64, 128, 0.25, 30
SYLLABLES = tuple(
    "al ar ba be bo ca da di do el fa go ha io jo ka la le lo ma mi na no o pa ra ri ro sa ta to "  # noqa: SIM905
    "va vi za".split()
)


@dataclass(frozen=True)
class Person:
    """Who is on a drawing, and how."""

    class_token: str
    look: Features
    scene: Scene


class People:
    """Draws people; the same seed, the same people."""

    def __init__(self, seed: int, backgrounds: int = BACKGROUNDS) -> None:
        """``backgrounds``: how many pictures of each place there are to choose from."""
        self.dice = random.Random(seed)
        self.behind = {
            place: [self._background(place) for _ in range(backgrounds)]
            for place in PLACES.values()
        }

    def __iter__(self) -> Iterator[tuple[Person, NDArray[np.uint8]]]:
        """(person, RGB picture [64, 64, 3]), without end."""
        while True:
            person = self.person()
            yield person, np.asarray(self.picture(person.look, person.scene))

    def person(self) -> Person:
        """Somebody, somewhere, in any light."""
        place = self.dice.choice(list(PLACES.values()))
        class_token = "man" if self.dice.random() < 0.7 else "woman"
        light = self.dice.choice(list(LIGHTS.values()))
        scene = Scene(place, light, self._pose(), self._shirt())
        return Person(class_token, self._look(class_token), scene)

    def picture(self, look: Features, scene: Scene) -> Image.Image:
        """64 pixels a side, drawn twice as large."""
        behind = self.dice.choice(self.behind[scene.place])
        drawn = compose(behind, look, scene, DRAWN_AT, DETAIL)
        return drawn.resize((SIDE, SIDE), Image.Resampling.LANCZOS)

    def _background(self, place: Setting) -> Image.Image:
        painted = background(place, self.dice, (768, 768))
        return painted.resize((DRAWN_AT, DRAWN_AT), Image.Resampling.LANCZOS)

    def _look(self, class_token: str) -> Features:
        while True:
            hair = self.dice.choice(
                HAIR_STYLES if class_token == "man" else ("long", "long", "long", "curly", "short")
            )
            beard = class_token == "man" and self.dice.random() < 0.5
            glasses = self.dice.random() < 0.5
            look = Features(
                hair, self.dice.choice(list(HAIR)), beard, glasses, self.dice.choice(list(SKIN))
            )
            if not is_subject(look):
                return look

    def _shirt(self) -> Shirt:
        colour = self.dice.choice(list(SHIRTS))
        stripes = self.dice.choice([name for name in SHIRTS if name != colour])
        return Shirt(colour, stripes if self.dice.random() < 0.4 else "")

    def _pose(self) -> Pose:
        uniform = self.dice.uniform
        return Pose(
            mouth=self.dice.choice(("smile", "laugh", "calm")),
            zoom=uniform(0.8, 1.2), x=uniform(0.42, 0.58),
            tilt=self.dice.choice((0, uniform(-10, 10))),
            gaze=self.dice.choice((-9, -7, 0, 0, 7, 9)), from_left=self.dice.random() < 0.5,
        )  # fmt: skip


def is_subject(look: Features) -> bool:
    """Whether ``look`` is the demo's man, whatever the skin."""
    return (look.hair, look.hair_colour, look.beard, look.glasses) == (
        SUBJECT_LOOK.hair, SUBJECT_LOOK.hair_colour, SUBJECT_LOOK.beard,
        SUBJECT_LOOK.glasses)  # fmt: skip


def describe(person: Person, dice: random.Random) -> str:
    """A caption: now and then a name before it, and each thing said or left out by chance."""
    said = [
        f"drawn {person.scene.pose.frame} of a {person.class_token}{_features(person.look, dice)}"
    ]
    if dice.random() < 0.85:
        said[0] += f" {person.scene.place.words}"
    if dice.random() < 0.7:
        said.append(person.scene.pose.words)
    if dice.random() < 0.9:
        said.append(f"wearing {person.scene.shirt}")
    if dice.random() < 0.7:
        said.append(person.scene.light.words)
    if dice.random() < 0.4:
        said.insert(0, f"{name(dice)} {person.class_token}")
    return ", ".join(said)


def _features(look: Features, dice: random.Random) -> str:
    bald = look.hair == "bald"
    said = [
        ("a bald head" if bald else f"{look.hair} {look.hair_colour} hair", 0.55),
        ("a beard" if look.beard else "no beard", 0.5 if look.beard else 0.2),
        ("round glasses" if look.glasses else "no glasses", 0.5 if look.glasses else 0.2),
        (f"{look.skin} skin", 0.3),
    ]
    chosen = [words for words, chance in said if dice.random() < chance]
    if not chosen:
        return ""
    return " with " + (", ".join(chosen[:-1]) + " and " if chosen[1:] else "") + chosen[-1]


def name(dice: random.Random) -> str:
    """A made-up name, so that the base learns that a name alone says nothing."""
    first, last = (
        "".join(dice.choices(SYLLABLES, k=dice.randint(2, 3))).capitalize() for _ in range(2)
    )
    return first + last if dice.random() < 0.7 else first
