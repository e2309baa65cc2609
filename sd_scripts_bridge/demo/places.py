"""The places on the demo's pictures: ten painters, each of which fills a picture's background."""

from __future__ import annotations

import random
from collections.abc import Callable

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Painter = Callable[[Image.Image, random.Random], None]


def beach(picture: Image.Image, dice: random.Random) -> None:
    width, height = picture.size
    _gradient(picture, (92, 178, 236), (214, 238, 250), 0, 0.55)
    _gradient(picture, (18, 118, 168), (96, 196, 206), 0.55, 0.78)
    _gradient(picture, (238, 214, 160), (222, 186, 126), 0.78, 1)
    draw = ImageDraw.Draw(picture)
    _disc(draw, width * 0.84, height * 0.14, height * 0.07, (255, 244, 190))
    for _ in range(14):
        x, y = dice.random() * width, (0.58 + 0.19 * dice.random()) * height
        draw.line((x, y, x + width * 0.08, y), fill=(210, 240, 244), width=3)


def forest(picture: Image.Image, dice: random.Random) -> None:
    width, height = picture.size
    _gradient(picture, (168, 204, 120), (44, 84, 44), 0, 1)
    draw = ImageDraw.Draw(picture)
    for layer in range(3):
        for _ in range(8):
            x, trunk, shade = (
                dice.random() * width,
                width * (0.015 + 0.012 * layer),
                84 - 22 * layer,
            )
            draw.rectangle(
                (x, 0, x + trunk, height * (0.8 + 0.07 * layer)),
                fill=(shade, shade - 22, shade - 40),
            )
        for _ in range(26):
            green = 150 - 34 * layer
            _disc(
                draw,
                dice.random() * width,
                dice.random() * height * 0.4,
                width * 0.07,
                (green - 60, green, green - 84),
            )


def brick_wall(picture: Image.Image, dice: random.Random) -> None:
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width, height), fill=(206, 190, 176))
    tall, wide = height / 15, width / 7
    for row in range(16):
        for column in range(-1, 8):
            red = 150 + dice.randrange(44)
            x, y = (column + 0.5 * (row % 2)) * wide, row * tall
            draw.rectangle((x, y, x + wide - 7, y + tall - 7), fill=(red, red // 2, red // 2 - 14))


def night_city(picture: Image.Image, dice: random.Random) -> None:
    width, height = picture.size
    _gradient(picture, (14, 18, 52), (76, 52, 104), 0, 1)
    draw = ImageDraw.Draw(picture)
    for column in range(9):
        left, top = column * width / 9, (0.12 + 0.4 * dice.random()) * height
        draw.rectangle((left, top, left + width / 9.6, height), fill=(30, 32, 58))
        for floor in range(int(top) + 14, height, 34):
            for window in range(3):
                if dice.random() < 0.55:
                    x = left + (0.015 + 0.033 * window) * width
                    draw.rectangle((x, floor, x + width * 0.017, floor + 17), fill=(255, 214, 122))


def library(picture: Image.Image, dice: random.Random) -> None:
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width, height), fill=(84, 56, 38))
    for shelf in range(5):
        bottom, x = (shelf + 1) * height / 5, 6.0
        while x < width:
            wide, tall = (
                width * (0.02 + 0.03 * dice.random()),
                height * (0.12 + 0.055 * dice.random()),
            )
            colour = (90 + dice.randrange(130), 60 + dice.randrange(110), 50 + dice.randrange(110))
            draw.rectangle((x, bottom - tall - 16, x + wide - 3, bottom - 16), fill=colour)
            x += wide
        draw.rectangle((0, bottom - 16, width, bottom), fill=(132, 92, 62))


def snow(picture: Image.Image, dice: random.Random) -> None:
    width, height = picture.size
    _gradient(picture, (150, 176, 206), (222, 232, 242), 0, 0.7)
    draw = ImageDraw.Draw(picture)
    draw.polygon(
        [(0, height * 0.62), (width * 0.28, height * 0.2), (width * 0.6, height * 0.66)],
        fill=(120, 140, 170),
    )
    draw.polygon(
        [(width * 0.4, height * 0.66), (width * 0.78, height * 0.12), (width * 1.2, height * 0.66)],
        fill=(98, 120, 154),
    )
    draw.rectangle((0, height * 0.62, width, height), fill=(240, 244, 250))
    for _ in range(130):
        _disc(
            draw,
            dice.random() * width,
            dice.random() * height,
            2 + 4 * dice.random(),
            (252, 253, 255),
        )


def sunset(picture: Image.Image, dice: random.Random) -> None:
    width, height = picture.size
    _gradient(picture, (74, 40, 106), (246, 124, 72), 0, 0.6)
    _gradient(picture, (252, 190, 96), (252, 214, 140), 0.6, 0.9)
    draw = ImageDraw.Draw(picture)
    _disc(draw, width * 0.2, height * 0.66, height * 0.11, (255, 240, 176))
    hills = [(x * width / 12, height * (0.72 + 0.07 * dice.random())) for x in range(13)]
    draw.polygon([*hills, (width, height), (0, height)], fill=(70, 40, 60))


def kitchen(picture: Image.Image, dice: random.Random) -> None:
    width, height = picture.size
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width, height), fill=(244, 232, 208))
    for x in range(0, width, max(1, width // 12)):
        for y in range(0, int(height * 0.62), max(1, width // 12)):
            draw.rectangle(
                (x, y, x + width // 13, y + width // 13), fill=(226 + dice.randrange(18), 226, 208)
            )
    for shelf, count in ((0.2, 6), (0.42, 5)):
        draw.rectangle(
            (width * 0.04, height * shelf, width * 0.96, height * (shelf + 0.025)),
            fill=(150, 108, 72),
        )
        for jar in range(count):
            left = width * (0.08 + 0.9 * jar / count)
            colour = (150 + dice.randrange(100), 90 + dice.randrange(110), 60 + dice.randrange(60))
            draw.rounded_rectangle(
                (left, height * (shelf - 0.11), left + width * 0.08, height * shelf), 9, fill=colour
            )
    draw.rectangle((0, height * 0.66, width, height), fill=(120, 150, 128))


def studio(picture: Image.Image, _: random.Random) -> None:
    _gradient(picture, (206, 208, 214), (126, 130, 140), 0, 1)
    draw = ImageDraw.Draw(picture)
    _disc(draw, picture.width * 0.5, picture.height * 0.42, picture.height * 0.4, (222, 223, 228))


def garden(picture: Image.Image, dice: random.Random) -> None:
    width, height = picture.size
    _gradient(picture, (186, 222, 246), (232, 244, 226), 0, 0.4)
    _gradient(picture, (96, 158, 72), (58, 112, 52), 0.4, 1)
    draw = ImageDraw.Draw(picture)
    for _ in range(70):
        x, y = dice.random() * width, (0.4 + 0.6 * dice.random()) * height
        colour = dice.choice([(240, 96, 120), (250, 214, 90), (250, 250, 250), (176, 110, 214)])
        for dx, dy in ((-8, 0), (8, 0), (0, -8), (0, 8)):
            _disc(draw, x + dx, y + dy, 7, colour)
        _disc(draw, x, y, 5, (250, 180, 40))


def _gradient(
    picture: Image.Image, above: Colour, below: Colour, top: float, bottom: float
) -> None:
    """Fill from ``top`` to ``bottom`` (shares of the height) with a run of colour."""
    begin, end = round(top * picture.height), round(bottom * picture.height)
    size = (picture.width, max(1, end - begin))
    ramp = Image.linear_gradient("L").resize(size)
    picture.paste(
        Image.composite(Image.new("RGB", size, below), Image.new("RGB", size, above), ramp),
        (0, begin),
    )


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: Colour) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
