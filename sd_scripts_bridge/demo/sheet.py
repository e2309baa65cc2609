"""The demo's last picture: ten photos, and below them what the base model draws without and with
the LoRA, at the same prompts and seeds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ..models.shipped import demo_base
from .look import Shirt
from .photos import CLASS_TOKEN, LIGHTS, PLACES, SUBJECT
from .scene import Pose, Scene, caption

TILE, GAP, HEAD = 112, 4, 18
PAPER, INK = (250, 250, 248), (40, 42, 48)
SAMPLING_STEPS, GUIDANCE = 20, 4.0
SCENES = tuple(
    Scene(PLACES[place], LIGHTS[light], Pose(mouth, 1.04), Shirt(colour))
    for place, light, mouth, colour in (
        ("beach", "sun", "smile", "red"),
        ("forest", "day", "calm", "yellow"),
        ("brick wall", "day", "smile", "blue"),
        ("night city", "night", "laugh", "white"),
        ("library", "lamp", "smile", "green"),
        ("snow", "winter", "calm", "purple"),
        ("sunset", "sunset", "smile", "teal"),
        ("kitchen", "morning", "calm", "orange"),
        ("studio", "studio", "laugh", "black"),
        ("garden", "spring", "smile", "pink"),
    )
)
"""What is asked for: every place again, in a shirt that he wears there on no photo."""


@dataclass(frozen=True)
class Row:
    """Pictures of one kind; each fills a square."""

    title: str
    pictures: Sequence[Image.Image]


def draw_rows(base: Path, tokenizers: Path, loras: Mapping[str, Path | None]) -> list[Row]:
    """A row for each LoRA file by its title (None is the base alone):
    one picture for each scene.
    """
    texts = [prompt(scene) for scene in SCENES]
    return [
        Row(title, drawn)
        for title, drawn in zip(loras, _drawn(base, tokenizers, loras.values(), texts), strict=True)
    ]


def draw_names(base: Path, tokenizers: Path, lora: Path, names: Sequence[str]) -> list[Row]:
    """A row for each of ``names`` ("Ada woman"), drawn with ``lora``: one picture for each scene;
    of each the last word is the class.
    """
    texts = [
        f"{name}, {caption(scene, name.rpartition(' ')[2])}" for name in names for scene in SCENES
    ]
    [drawn] = _drawn(base, tokenizers, [lora], texts)
    size = len(SCENES)
    return [Row(name, drawn[n * size : (n + 1) * size]) for n, name in enumerate(names)]


def _drawn(
    base: Path, tokenizers: Path, loras: Iterable[Path | None], texts: Sequence[str]
) -> list[list[Image.Image]]:
    """For each LoRA a picture of each text; the seed is the scene's number."""
    from safetensors.torch import load_file

    from ..engines.embedded.sampling import loading
    from ..engines.embedded.sampling.applied import applied
    from ..engines.embedded.sampling.sampler import Prompt

    network, sampler = loading.load(base, "sd1", tokenizers)
    prompts = [
        Prompt(
            text, 1 + n % len(SCENES), scale=GUIDANCE, width=demo_base.SIDE, height=demo_base.SIDE
        )
        for n, text in enumerate(texts)
    ]
    found = []
    for lora in loras:
        with applied(network, {} if lora is None else load_file(lora)):
            found.append(sampler.draw(prompts, SAMPLING_STEPS, at_once=len(SCENES)))
    return found


def prompt(scene: Scene) -> str:
    """The prompt for ``scene``, as the captions of the photos begin."""
    return f"{SUBJECT} {CLASS_TOKEN}, {caption(scene, CLASS_TOKEN)}"


def paste(rows: Sequence[Row]) -> Image.Image:
    """All rows on one sheet, each below its title."""
    columns = max(len(row.pictures) for row in rows)
    width = GAP + columns * (TILE + GAP)
    sheet = Image.new("RGB", (width, GAP + len(rows) * (HEAD + TILE + GAP)), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default()
    for number, row in enumerate(rows):
        top = GAP + number * (HEAD + TILE + GAP)
        pen.text((GAP + 1, top + 2), row.title, fill=INK, font=font)
        for column, picture in enumerate(row.pictures):
            sheet.paste(_square(picture), (GAP + column * (TILE + GAP), top + HEAD))
    return sheet


def _square(picture: Image.Image) -> Image.Image:
    """The middle of ``picture`` as a tile."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    middle = picture.convert("RGB").crop((left, top, left + side, top + side))
    return middle.resize((TILE, TILE), Image.Resampling.BICUBIC)
