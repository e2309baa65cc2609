"""A drawn person's head and shoulders: a `Features`, in a shirt, with an expression."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw

from .look import SHIRTS, WHITE, Colour, Features, Shirt, darker, hair_of, mixed, skin_of

CANVAS, BELOW = 800, 200
"""Side of the square that is meant to be seen, and how far the body goes on below it, for when it
is tilted.
"""

_FRAME, _IRIS, _LIP, _BLACK = (44, 52, 84), (92, 64, 40), (222, 120, 108), (20, 16, 16)
_CURLS = (
    (238, 300, 38), (228, 246, 44), (254, 190, 54), (304, 146, 60), (364, 122, 64), (432, 122, 64),
    (494, 146, 60), (546, 192, 54), (572, 248, 44), (562, 300, 38), (330, 196, 54), (400, 180, 60),
    (470, 196, 54),
)  # fmt: skip
_SPIKES = (
    (226, 300), (206, 214), (252, 226), (244, 118), (312, 158), (336, 62), (388, 140), (440, 56),
    (474, 150), (552, 100), (546, 214), (594, 206), (574, 300), (520, 224), (400, 204), (280, 224),
)  # fmt: skip


def figure(
    look: Features, shirt: Shirt, mouth: str, gaze: int, lit_from_left: bool, scale: float = 1.0
) -> Image.Image:
    """Head and shoulders on a transparent canvas of 800 x 1000 pixels times ``scale``.

    ``gaze`` moves the pupils by that many pixels (before scaling) to the right.
    """
    canvas = Image.new(
        "RGBA", (round(CANVAS * scale), round((CANVAS + BELOW) * scale)), (0, 0, 0, 0)
    )
    pen = _Pen(canvas, scale)
    if look.hair == "long":
        pen.rounded((196, 150, 604, 690), 190, hair_of(look))
    _body(pen, look, shirt)
    _head(pen, look)
    _eyes(pen, look, gaze)
    _mouth(pen, look, mouth)
    _hair(pen, look)
    return _shaded(canvas, lit_from_left)


class _Pen:
    """ImageDraw in the coordinates of the full canvas, whatever the size of the picture."""

    def __init__(self, canvas: Image.Image, scale: float) -> None:
        self.draw, self.scale = ImageDraw.Draw(canvas), scale

    def box(self, values: Sequence[float]) -> list[float]:
        return [value * self.scale for value in values]

    def width(self, pixels: float) -> int:
        return max(1, round(pixels * self.scale))

    def disc(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        self.draw.ellipse(self.box((x - rx, y - ry, x + rx, y + ry)), fill=colour)

    def ring(self, box: Sequence[float], colour: Colour, width: float) -> None:
        self.draw.ellipse(self.box(box), outline=colour, width=self.width(width))

    def rectangle(self, box: Sequence[float], colour: Colour) -> None:
        self.draw.rectangle(self.box(box), fill=colour)

    def rounded(self, box: Sequence[float], radius: float, colour: Colour) -> None:
        self.draw.rounded_rectangle(self.box(box), radius * self.scale, fill=colour)

    def chord(self, box: Sequence[float], start: float, end: float, colour: Colour) -> None:
        self.draw.chord(self.box(box), start, end, fill=colour)

    def arc(
        self, box: Sequence[float], start: float, end: float, colour: Colour, width: float
    ) -> None:
        self.draw.arc(self.box(box), start, end, fill=colour, width=self.width(width))

    def polygon(self, points: Sequence[tuple[float, float]], colour: Colour) -> None:
        self.draw.polygon([(x * self.scale, y * self.scale) for x, y in points], fill=colour)

    def line(self, points: Sequence[tuple[float, float]], colour: Colour, width: float) -> None:
        scaled = [(x * self.scale, y * self.scale) for x, y in points]
        self.draw.line(scaled, fill=colour, width=self.width(width), joint="curve")


def _body(pen: _Pen, look: Features, shirt: Shirt) -> None:
    colour, skin = SHIRTS[shirt.colour], darker(skin_of(look), 0.82)
    pen.rounded((120, 610, 680, 1200), 150, colour)
    if shirt.stripes:
        for y in (700, 752):
            pen.rectangle((124, y, 676, y + 18), SHIRTS[shirt.stripes])
    for x in (214, 574):
        pen.rectangle((x, 690, x + 10, 800), darker(colour))
    pen.rounded((335, 520, 465, 655), 40, skin)
    pen.polygon(
        [(318, 612), (400, 690), (482, 612), (510, 632), (400, 738), (290, 632)], darker(colour)
    )
    pen.polygon([(340, 606), (460, 606), (400, 682)], skin)


def _head(pen: _Pen, look: Features) -> None:
    skin = skin_of(look)
    for x in (224, 576):
        pen.disc(x, 380, 32, 48, skin)
        pen.disc(x, 384, 16, 28, darker(skin, 0.82))
    pen.disc(400, 330, 172, 190, skin)
    pen.rounded((232, 300, 568, 580), 150, skin)
    if look.beard:
        pen.chord((232, 240, 568, 592), 8, 172, _beard(look))
        pen.chord((262, 356, 538, 520), 0, 180, skin)
    for x in (288, 512):
        pen.disc(x, 440, 30, 20, _blush(skin))


def _beard(look: Features) -> Colour:
    """The hair's colour with the skin shining through."""
    return mixed(hair_of(look), skin_of(look), 0.32)


def _blush(skin: Colour) -> Colour:
    red, green, blue = darker(skin, 0.86)
    return skin[0], green - 8, blue + (red > 150) * 4


def _eyes(pen: _Pen, look: Features, gaze: int) -> None:
    for x in (324, 476):
        pen.disc(x, 366, 36, 26, WHITE)
        pen.disc(x + gaze, 368, 19, 21, _IRIS)
        pen.disc(x + gaze, 368, 9, 10, _BLACK)
        pen.disc(x + gaze - 6, 360, 5, 5, WHITE)
        pen.arc((x - 44, 292, x + 44, 352), 205, 335, hair_of(look), 13)
    if look.glasses:
        _glasses(pen)
    pen.line([(404, 392), (420, 448), (392, 456)], darker(skin_of(look), 0.82), 9)


def _glasses(pen: _Pen) -> None:
    for x in (324, 476):
        pen.ring((x - 62, 310, x + 62, 424), _FRAME, 16)
    pen.arc((378, 346, 422, 386), 190, 350, _FRAME, 14)
    for left, right in ((228, 264), (536, 572)):
        pen.line([(left, 362), (right, 362)], _FRAME, 14)


def _mouth(pen: _Pen, look: Features, mouth: str) -> None:
    around = _beard(look) if look.beard else skin_of(look)
    if look.beard:
        pen.chord((322, 452, 478, 530), 188, 352, around)
    if mouth == "laugh":
        pen.chord((334, 442, 466, 560), 12, 168, (120, 36, 40))
        pen.chord((346, 452, 454, 536), 18, 162, WHITE)
    elif mouth == "smile":
        pen.chord((340, 452, 460, 544), 18, 162, _LIP)
        pen.chord((340, 436, 460, 524), 18, 162, around)
    else:
        pen.rounded((352, 506, 448, 522), 7, _LIP)


def _hair(pen: _Pen, look: Features) -> None:
    colour = hair_of(look)
    if look.hair == "curly":
        for x, y, radius in _CURLS:
            pen.disc(x, y, radius, radius, colour)
        for x, y, radius in _CURLS:
            box = (x - radius * 0.6, y - radius * 0.7, x + radius * 0.5, y + radius * 0.4)
            pen.arc(box, 170, 320, mixed(colour, WHITE, 0.2), 7)
    elif look.hair == "spiky":
        pen.polygon(_SPIKES, colour)
    elif look.hair in ("short", "long"):
        pen.chord((222, 116, 578, 480), 200, 340, colour)
        pen.rounded((222, 230, 252, 330), 14, colour)
        pen.rounded((548, 230, 578, 330), 14, colour)


def _shaded(canvas: Image.Image, lit_from_left: bool) -> Image.Image:
    """Darker towards the side away from the light."""
    ramp = Image.linear_gradient("L").rotate(90 if lit_from_left else 270).resize(canvas.size)
    shade = ramp.point([max(0, level - 96) * 90 // 160 for level in range(256)])
    alpha = canvas.getchannel("A")
    dark = Image.new("RGBA", canvas.size, (30, 20, 40, 255))
    dark.putalpha(ImageChops.multiply(alpha, shade))
    return Image.alpha_composite(canvas, dark)
