"""What was measured of a training's last sample pictures, in numbers and in words.

Four figures that are never mixed into one: likeness, following the prompt, variety between seeds,
and how near the nearest training photo is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from ..messages import Message
from .yardstick import NEEDED


@dataclass(frozen=True)
class NearestView:
    """The training photo that any sample is nearest to."""

    distance: Annotated[float, "levels of 255 between small versions of the two, in colour"]
    photo: Annotated[str, "the photo's file"]
    copies: Annotated[int, "samples that copy a training photo"]
    sentence: str


@dataclass(frozen=True)
class LikenessView:
    """How like the photos the last samples are."""

    measured: bool
    sentence: Annotated[str, "0.61; your photos among themselves 0.66 to 0.74; or what is needed"]
    by: Annotated[str | None, "what measured it"] = None
    value: Annotated[float | None, "mean similarity of the samples to the photos, -1 to 1"] = None
    photos: Annotated[float | None, "the photos among themselves: mean similarity"] = None
    low: Annotated[float | None, "the 95 % interval of that; null below 8 photos"] = None
    high: float | None = None
    step: Annotated[int | None, "of the samples"] = None
    samples: int = 0
    following: Annotated[float | None, "similarity to the prompt, by CLIP; null: not measured"] = (
        None
    )
    variety: Annotated[
        float | None, "1 - similarity of pictures of one prompt; null: one seed each"
    ] = None
    nearest: NearestView | None = None


def view(answer: Mapping[str, Any]) -> LikenessView:
    """Of a likeness job's result.json."""
    near = answer.get("nearest")
    known = {key: answer.get(key) for key in ("by", "value", "photos", "low", "high", "step")}
    more = {key: answer.get(key) for key in ("following", "variety")}
    return LikenessView(
        measured=answer.get("value") is not None,
        sentence=sentence(answer),
        samples=int(answer.get("samples", 0)),
        nearest=NearestView(**near, sentence=_near(near)) if near else None,
        **known,
        **more,
    )


def sentence(answer: Mapping[str, Any]) -> Message:
    """ "0.61; your photos among themselves 0.66 to 0.74", or that it was not measured."""
    value, low, high = answer.get("value"), answer.get("low"), answer.get("high")
    if value is None:
        why = answer.get("why") or NEEDED
        return Message("likeness.not_measured", "Not measured. {why}", why=str(why))
    values = {"value": f"{value:.2f}", "photos": f"{answer.get('photos', 0):.2f}"}
    if low is None or high is None:
        text = "{value}; your photos among themselves {photos} (too few of them for an interval)"
        return Message("likeness.few", text, **values)
    text = "{value}; your photos among themselves {low} to {high}"
    return Message(
        "likeness.said", text, value=values["value"], low=f"{low:.2f}", high=f"{high:.2f}"
    )


def _near(near: Mapping[str, Any]) -> Message:
    values = {"photo": near["photo"], "distance": f"{near['distance']:.0f}"}
    if near["copies"]:
        text = "{count} {count:sample copies|samples copy} a training photo ({photo})."
        return Message("likeness.copy", text, count=near["copies"], photo=near["photo"])
    text = "No sample is a copy of a photo; the nearest is {photo}, {distance} levels of 255 away."
    return Message("likeness.no_copy", text, **values)
