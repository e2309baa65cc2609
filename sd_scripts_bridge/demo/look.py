"""What a drawn person can look like: what stays (hair, beard, glasses, skin), and what changes (the
clothes).
"""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]

WHITE: Colour = (252, 252, 250)

HAIR_STYLES = ("curly", "short", "spiky", "long", "bald")
HAIR: dict[str, Colour] = {
    "dark brown": (62, 40, 30), "black": (26, 24, 30),
        "brown": (134, 86, 48), "blond": (232, 196, 104),
    "red": (190, 80, 34), "grey": (166, 166, 170),
}  # fmt: skip
SKIN: dict[str, Colour] = {
    "light": (236, 188, 150),
    "pale": (250, 220, 202),
    "tan": (200, 142, 98),
    "dark": (124, 80, 56),
}
PAINTED: dict[str, Colour] = {
    "green": (40, 190, 70), "blue": (70, 90, 230), "violet": (150, 70, 210),
        "orange": (250, 130, 30), "lime": (200, 225, 60),
}  # fmt: skip
"""Hair and skin that nobody has on the drawings that the base model knows:
something new to learn.
"""
SHIRTS: dict[str, Colour] = {
    "teal": (24, 132, 140), "red": (204, 44, 48), "white": (240, 240, 236),
        "blue": (40, 84, 190), "yellow": (244, 198, 52),
    "green": (60, 148, 66), "grey": (120, 124, 132), "black": (34, 34, 40),
        "orange": (238, 126, 38), "purple": (122, 62, 158),
    "pink": (240, 150, 184),
}  # fmt: skip


@dataclass(frozen=True)
class Features:
    """A person: what is the same on every picture of them, and belongs into no caption."""

    hair: str
    hair_colour: str
    beard: bool
    glasses: bool
    skin: str


@dataclass(frozen=True)
class Shirt:
    """What is worn on one picture; ``stripes`` is a colour's name, too, or empty."""

    colour: str
    stripes: str = ""

    def __str__(self) -> str:
        return (
            f"a {self.colour} shirt with {self.stripes} stripes"
            if self.stripes
            else f"a plain {self.colour} shirt"
        )


SUBJECT_LOOK = Features("curly", "dark brown", beard=True, glasses=True, skin="light")
"""The demo's man. The base model has never seen him."""


def hair_of(look: Features) -> Colour:
    return (HAIR | PAINTED)[look.hair_colour]


def skin_of(look: Features) -> Colour:
    return (SKIN | PAINTED)[look.skin]


def darker(colour: Colour, factor: float = 0.76) -> Colour:
    red, green, blue = (round(level * factor) for level in colour)
    return red, green, blue


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """``colour`` with ``share`` (0 to 1) of ``other`` in it."""
    red, green, blue = (
        round(one + (two - one) * share) for one, two in zip(colour, other, strict=True)
    )
    return red, green, blue
