"""The made-up man on the demo's pictures: always the same face, hair, glasses and shirt."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw

CANVAS, BELOW = 800, 200
"""Side of the square that is meant to be seen, and what the body goes on below it, for when it is
tilted.
"""
MOUTHS = ("smile", "laugh", "calm")

_SKIN, _SKIN_DARK, _BLUSH = (236, 188, 150), (204, 146, 112), (231, 150, 128)
_HAIR, _HAIR_LIGHT, _BEARD = (62, 40, 30), (96, 64, 46), (120, 82, 62)
_SHIRT, _SHIRT_DARK, _STRIPE = (24, 132, 140), (16, 100, 108), (250, 196, 72)
_FRAME, _IRIS, _LIP, _WHITE = (44, 52, 84), (92, 64, 40), (222, 120, 108), (252, 252, 250)


def figure(mouth: str, gaze: int, lit_from_left: bool) -> Image.Image:
    """Head and shoulders on a transparent canvas; ``gaze`` moves the pupils by so many pixels to
    the right.
    """
    canvas = Image.new("RGBA", (CANVAS, CANVAS + BELOW), (0, 0, 0, 0))
    draw = ImageDraw.Draw(canvas)
    _body(draw)
    _head(draw)
    _eyes(draw, gaze)
    _mouth(draw, mouth)
    _hair(draw)
    return _shaded(canvas, lit_from_left)


def _disc(
    draw: ImageDraw.ImageDraw,
    x: float,
    y: float,
    rx: float,
    ry: float,
    colour: tuple[int, int, int],
) -> None:
    draw.ellipse((x - rx, y - ry, x + rx, y + ry), fill=colour)


def _body(draw: ImageDraw.ImageDraw) -> None:
    draw.rounded_rectangle((120, 610, 680, 1200), 150, fill=_SHIRT)
    for y in (700, 752):
        draw.rectangle((124, y, 676, y + 18), fill=_STRIPE)
    for x in (214, 574):
        draw.rectangle((x, 690, x + 10, 800), fill=_SHIRT_DARK)
    draw.rounded_rectangle((335, 520, 465, 655), 40, fill=_SKIN_DARK)
    draw.polygon(
        [(318, 612), (400, 690), (482, 612), (510, 632), (400, 738), (290, 632)], fill=_SHIRT_DARK
    )
    draw.polygon([(340, 606), (460, 606), (400, 682)], fill=_SKIN_DARK)


def _head(draw: ImageDraw.ImageDraw) -> None:
    for x in (224, 576):
        _disc(draw, x, 380, 32, 48, _SKIN)
        _disc(draw, x, 384, 16, 28, _SKIN_DARK)
    _disc(draw, 400, 330, 172, 190, _SKIN)
    draw.rounded_rectangle((232, 300, 568, 580), 150, fill=_SKIN)
    draw.chord((232, 240, 568, 592), 8, 172, fill=_BEARD)
    draw.chord((262, 356, 538, 520), 0, 180, fill=_SKIN)
    for x in (288, 512):
        _disc(draw, x, 440, 30, 20, _BLUSH)


def _eyes(draw: ImageDraw.ImageDraw, gaze: int) -> None:
    for x in (324, 476):
        _disc(draw, x, 366, 36, 26, _WHITE)
        _disc(draw, x + gaze, 368, 19, 21, _IRIS)
        _disc(draw, x + gaze, 368, 9, 10, (20, 16, 16))
        _disc(draw, x + gaze - 6, 360, 5, 5, _WHITE)
        draw.arc((x - 44, 292, x + 44, 352), 205, 335, fill=_HAIR, width=13)
        draw.ellipse((x - 62, 310, x + 62, 424), outline=_FRAME, width=10)
    draw.arc((378, 346, 422, 386), 190, 350, fill=_FRAME, width=9)
    for left, right in ((228, 264), (536, 572)):
        draw.line((left, 362, right, 362), fill=_FRAME, width=9)
    draw.line([(404, 392), (420, 448), (392, 456)], fill=_SKIN_DARK, width=9, joint="curve")


def _mouth(draw: ImageDraw.ImageDraw, mouth: str) -> None:
    draw.chord((322, 452, 478, 530), 188, 352, fill=_BEARD)
    if mouth == "laugh":
        draw.chord((334, 442, 466, 560), 12, 168, fill=(120, 36, 40))
        draw.chord((346, 452, 454, 536), 18, 162, fill=_WHITE)
    elif mouth == "smile":
        draw.chord((340, 452, 460, 544), 18, 162, fill=_LIP)
        draw.chord((340, 436, 460, 524), 18, 162, fill=_BEARD)
    else:
        draw.rounded_rectangle((352, 506, 448, 522), 7, fill=_LIP)


def _hair(draw: ImageDraw.ImageDraw) -> None:
    curls = [
        (238, 300, 38),
        (228, 246, 44),
        (254, 190, 54),
        (304, 146, 60),
        (364, 122, 64),
        (432, 122, 64),
        (494, 146, 60),
        (546, 192, 54),
        (572, 248, 44),
        (562, 300, 38),
        (330, 196, 54),
        (400, 180, 60),
        (470, 196, 54),
    ]
    for x, y, radius in curls:
        _disc(draw, x, y, radius, radius, _HAIR)
    for x, y, radius in curls:
        draw.arc(
            (x - radius * 0.6, y - radius * 0.7, x + radius * 0.5, y + radius * 0.4),
            170,
            320,
            fill=_HAIR_LIGHT,
            width=7,
        )


def _shaded(canvas: Image.Image, lit_from_left: bool) -> Image.Image:
    """Darker towards the side away from the light."""
    ramp = Image.linear_gradient("L").rotate(90 if lit_from_left else 270).resize(canvas.size)
    shade = ramp.point([max(0, level - 96) * 90 // 160 for level in range(256)])
    alpha = canvas.getchannel("A")
    dark = Image.new("RGBA", canvas.size, (30, 20, 40, 255))
    dark.putalpha(ImageChops.multiply(alpha, shade))
    return Image.alpha_composite(canvas, dark)
