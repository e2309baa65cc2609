"""Ten pictures to try everything with: one made-up man, drawn in ten places, lights, sizes and
poses, with captions.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from . import places
from .figure import CANVAS, figure
from .places import Painter

SUBJECT, CLASS_TOKEN = "AlvaroBadia", "man"

_LOOK = (
    "with dark curly hair, a short beard and round glasses, wearing a teal shirt with yellow "
    "stripes"
)


@dataclass(frozen=True)
class _Scene:
    """One picture. ``tint`` multiplies red, green and blue; ``zoom`` is the man's size; sizes are
    shares of the side.
    """

    place: Painter
    where: str
    mouth: str
    expression: str
    zoom: float
    x: float
    tilt: float
    gaze: int
    tint: tuple[float, float, float]
    light: str
    width: float = 1.0
    height: float = 1.0
    from_left: bool = True

    @property
    def caption(self) -> str:
        frame = "close-up" if self.zoom > 1.1 else "upper body" if self.zoom < 0.85 else "portrait"
        side = "left" if self.tilt > 0 else "right"
        leaning = f", head and shoulders leaning to the {side}" if abs(self.tilt) >= 4 else ""
        what = f"drawn {frame} of a man {_LOOK}, {self.expression}{leaning}"
        return f"{SUBJECT} {CLASS_TOKEN}, {what}, {self.where}, {self.light}"


_SCENES = (
    _Scene(
        places.beach,
        "on a beach in front of blue sea and sky",
        "laugh",
        "laughing",
        0.95,
        0.46,
        5,
        0,
        (1.05, 1.02, 0.96),
        "bright sunlight",
    ),
    _Scene(
        places.forest,
        "in a green forest between tall trees",
        "smile",
        "smiling and looking to one side",
        0.8,
        0.56,
        -7,
        9,
        (0.86, 0.96, 0.82),
        "soft green shade",
        height=1.25,
        from_left=False,
    ),
    _Scene(
        places.brick_wall,
        "in front of a red brick wall",
        "calm",
        "with a calm face",
        1.2,
        0.5,
        0,
        0,
        (1.0, 0.98, 0.96),
        "even daylight",
    ),
    _Scene(
        places.night_city,
        "in a city at night with lit windows behind him",
        "smile",
        "smiling",
        0.9,
        0.4,
        -3,
        6,
        (0.7, 0.7, 0.92),
        "cool dim light at night",
        width=1.25,
    ),
    _Scene(
        places.library,
        "in a library in front of shelves full of colourful books",
        "calm",
        "looking to one side",
        1.0,
        0.6,
        8,
        -9,
        (1.04, 0.94, 0.8),
        "warm lamp light",
        from_left=False,
    ),
    _Scene(
        places.snow,
        "in the snow with blue mountains far behind and flakes falling",
        "laugh",
        "laughing",
        0.72,
        0.5,
        -10,
        0,
        (0.94, 1.0, 1.08),
        "pale winter light",
        height=1.2,
    ),
    _Scene(
        places.sunset,
        "outdoors with dark hills and a purple and orange sky behind",
        "smile",
        "smiling",
        1.15,
        0.62,
        4,
        -7,
        (1.08, 0.86, 0.74),
        "low orange light of the sunset",
        width=1.2,
    ),
    _Scene(
        places.kitchen,
        "in a kitchen in front of shelves with coloured jars",
        "laugh",
        "laughing and looking to one side",
        0.85,
        0.42,
        6,
        8,
        (1.03, 1.0, 0.92),
        "warm morning light",
        from_left=False,
    ),
    _Scene(
        places.studio,
        "in a studio in front of a plain grey background",
        "calm",
        "with a calm face looking straight ahead",
        1.3,
        0.5,
        -5,
        0,
        (0.98, 0.98, 1.0),
        "studio light from one side",
        height=1.1,
    ),
    _Scene(
        places.garden,
        "in a garden full of small flowers of many colours",
        "smile",
        "smiling",
        0.68,
        0.58,
        11,
        -5,
        (1.06, 1.04, 0.98),
        "clear light of a spring day",
        width=1.15,
        from_left=False,
    ),
)


def draw(folder: Path, count: int = 10, seed: int = 7, side: int = 768) -> list[Path]:
    """Draw ``count`` pictures (JPEG and PNG) with captions into ``folder``; the same arguments, the
    same pictures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        scene, dice = _SCENES[number % len(_SCENES)], random.Random(seed * 1000 + number)  # noqa: S311  # pictures, not secrets
        round_trip = number // len(_SCENES)  # from the eleventh on: the same places, another pose
        picture = _picture(scene, dice, side, round_trip)
        path = folder / f"{number + 1}.{'png' if number % 3 == 2 else 'jpg'}"
        picture.save(path, quality=93) if path.suffix == ".jpg" else picture.save(
            path, compress_level=1
        )
        path.with_suffix(".txt").write_text(scene.caption + "\n", encoding="utf-8", newline="\n")
        paths.append(path)
    return paths


def _picture(scene: _Scene, dice: random.Random, side: int, round_trip: int) -> Image.Image:
    size = round(scene.width * side), round(scene.height * side)
    picture = Image.new("RGB", size)
    scene.place(picture, dice)
    picture = picture.filter(ImageFilter.GaussianBlur(side / 320))
    man = figure(scene.mouth, scene.gaze, scene.from_left)
    zoom = scene.zoom * (1 - 0.12 * (round_trip % 4)) * side / CANVAS
    shift = 0.08 * side * (dice.random() - 0.5) if round_trip else 0.0
    man = man.rotate(scene.tilt, resample=Image.Resampling.BICUBIC, center=(CANVAS / 2, CANVAS))
    man = man.resize((round(man.width * zoom), round(man.height * zoom)), Image.Resampling.LANCZOS)
    picture.paste(
        man, (round(scene.x * size[0] + shift - man.width / 2), size[1] - round(CANVAS * zoom)), man
    )
    return _lit(picture, scene, dice.randrange(2**32))


def _lit(picture: Image.Image, scene: _Scene, seed: int) -> Image.Image:
    """The scene's light over everything, darker corners, and a little grain, as a camera would have
    it.
    """
    width, height = picture.size
    grain = np.random.default_rng(seed).normal(0, 3, (height, width, 1)).astype(np.float32)
    across, down = (
        np.linspace(-1, 1, width, dtype=np.float32),
        np.linspace(-1, 1, height, dtype=np.float32),
    )
    corners = 1 - 0.13 * (across[None, :, None] ** 2 + down[:, None, None] ** 2)
    values = (
        np.asarray(picture, dtype=np.float32) * np.asarray(scene.tint, dtype=np.float32) * corners
        + grain
    )
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))
