"""Ten pictures to try everything with: one made-up man, drawn in ten places, lights, clothes and
poses, with captions.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from . import places
from .look import SUBJECT_LOOK, Features, Shirt
from .scene import Light, Pose, Scene, Setting, background, caption, compose, grainy

SUBJECT, CLASS_TOKEN = "AlvaroBadia", "man"


@dataclass(frozen=True)
class Sitter:
    """Who is drawn, and what the captions call them."""

    name: str
    class_token: str
    look: Features

    @property
    def words(self) -> str:
        return f"{self.name} {self.class_token}"


ALVARO = Sitter(SUBJECT, CLASS_TOKEN, SUBJECT_LOOK)


PLACES = {
    "beach": Setting(places.beach, "on a beach in front of blue sea and sky"),
    "forest": Setting(places.forest, "in a green forest between tall trees"),
    "brick wall": Setting(places.brick_wall, "in front of a red brick wall"),
    "night city": Setting(places.night_city, "in a city at night with lit windows behind"),
    "library": Setting(places.library, "in a library in front of shelves full of colourful books"),
    "snow": Setting(places.snow, "in the snow with blue mountains far behind"),
    "sunset": Setting(places.sunset, "outdoors with dark hills and a purple and orange sky behind"),
    "kitchen": Setting(places.kitchen, "in a kitchen in front of shelves with coloured jars"),
    "studio": Setting(places.studio, "in a studio in front of a plain grey background"),
    "garden": Setting(places.garden, "in a garden full of small flowers of many colours"),
}
LIGHTS = {
    "sun": Light((1.05, 1.02, 0.96), "bright sunlight"),
    "shade": Light((0.9, 0.98, 0.87), "soft green shade"),
    "day": Light((1.0, 0.98, 0.96), "even daylight"),
    "night": Light((0.8, 0.8, 0.96), "cool dim light at night"),
    "lamp": Light((1.04, 0.96, 0.86), "warm lamp light"),
    "winter": Light((0.94, 1.0, 1.08), "pale winter light"),
    "sunset": Light((1.06, 0.9, 0.82), "low orange light of the sunset"),
    "morning": Light((1.03, 1.0, 0.92), "warm morning light"),
    "studio": Light((0.98, 0.98, 1.0), "soft studio light"),
    "spring": Light((1.06, 1.04, 0.98), "clear light of a spring day"),
}
_SCENES = tuple(
    (Scene(PLACES[place], LIGHTS[light], pose, shirt), wide, high)
    for place, light, pose, shirt, wide, high in (
        ("beach", "sun", Pose("laugh", 1.05, 0.46, 5), Shirt("teal", "yellow"), 1.0, 1.0),
        (
            "forest",
            "shade",
            Pose("smile", 0.88, 0.54, -7, 9, from_left=False),
            Shirt("red"),
            1.0,
            1.25,
        ),
        ("brick wall", "day", Pose("calm", 1.16), Shirt("white"), 1.0, 1.0),
        ("night city", "night", Pose("smile", 1.0, 0.42, -3, 6), Shirt("yellow"), 1.25, 1.0),
        (
            "library",
            "lamp",
            Pose("calm", 1.02, 0.56, 8, -9, from_left=False),
            Shirt("blue"),
            1.0,
            1.0,
        ),
        ("snow", "winter", Pose("laugh", 0.85, 0.5, -10), Shirt("red", "white"), 1.0, 1.2),
        ("sunset", "sunset", Pose("smile", 1.14, 0.56, 4, -7), Shirt("green"), 1.2, 1.0),
        (
            "kitchen",
            "morning",
            Pose("laugh", 1.0, 0.45, 6, 8, from_left=False),
            Shirt("purple"),
            1.0,
            1.0,
        ),
        ("studio", "studio", Pose("calm", 1.2, 0.5, -5), Shirt("teal", "yellow"), 1.0, 1.1),
        (
            "garden",
            "spring",
            Pose("smile", 0.9, 0.54, 9, -5, from_left=False),
            Shirt("white", "blue"),
            1.15,
            1.0,
        ),
    )
)


def draw(
    folder: Path, count: int = 10, seed: int = 7, side: int = 768, sitter: Sitter = ALVARO
) -> list[Path]:
    """Draw ``count`` pictures (JPEG and PNG) of ``sitter`` with captions into ``folder``; the same
    arguments, the same pictures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        scene, wide, high = _SCENES[number % len(_SCENES)]
        dice = random.Random(seed * 1000 + number)  # noqa: S311  # pictures, not secrets
        scene = _later(scene, number // len(_SCENES), dice)
        size = (round(wide * side), round(high * side))
        picture = _picture(scene, sitter.look, dice, side, size)
        path = folder / f"{number + 1}.{'png' if number % 3 == 2 else 'jpg'}"
        picture.save(path, quality=93) if path.suffix == ".jpg" else picture.save(
            path, compress_level=1
        )
        text = f"{sitter.words}, {caption(scene, sitter.class_token)}\n"
        path.with_suffix(".txt").write_text(text, encoding="utf-8", newline="\n")
        paths.append(path)
    return paths


def files(folder: Path) -> list[Path]:
    """The pictures that `draw` drew into ``folder``, in order."""
    found = [path for path in folder.iterdir() if path.suffix in (".jpg", ".png")]
    return sorted(found, key=lambda path: int(path.stem))


def _later(scene: Scene, round_trip: int, dice: random.Random) -> Scene:
    """From the eleventh picture on: the same places, another size and position."""
    if not round_trip:
        return scene
    zoom = scene.pose.zoom * (1 - 0.12 * (round_trip % 4))
    return replace(
        scene, pose=replace(scene.pose, zoom=zoom, x=scene.pose.x + 0.08 * (dice.random() - 0.5))
    )


def _picture(
    scene: Scene, look: Features, dice: random.Random, side: int, size: tuple[int, int]
) -> Image.Image:
    behind = background(scene.place, dice, size)
    return grainy(compose(behind, look, scene, side), dice.randrange(2**32))
