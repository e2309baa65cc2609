"""What to mind about one photo: the reason, how much it matters, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from ...messages import Message, code_of
from ...photos.faces import Box
from ...photos.measures import SOFT, VERY_SOFT
from ...shapes.marks import OneOf
from .findings import Finding

NOTE, MIND, SERIOUS = "note", "mind", "serious"
TURN, CROP, LEAVE_OUT = "turn", "crop", "leave out"
FIXES = (TURN, CROP, LEAVE_OUT)
SMALL_FACE = 0.12
"""Of the photo's height; at 512 pixels a smaller face has fewer than 64, and no detail of it is
learnt.
"""
_EDGE = 0.01


@dataclass(frozen=True)
class Concern:
    """``fix``: what can be done to the copy at once, "" where nothing can."""

    reason: str
    severity: Annotated[str, OneOf((NOTE, MIND, SERIOUS))]
    remedy: str
    fix: Annotated[str, OneOf(("", *FIXES))]


def explained(reason: str) -> Concern:
    """The concern behind a sentence of the doctor."""
    severity, remedy, fix = _KNOWN.get(code_of(reason) or "", (MIND, _LOOK, ""))
    return Concern(reason, severity, remedy, fix)


def face_concerns(finding: Finding) -> Iterator[str]:
    """About the largest face, as far as somebody looked for faces."""
    if not finding.faces:
        return
    face, sharpness = finding.faces[0], finding.face_sharpness
    if face.height < SMALL_FACE:
        text = "small face, {percent} % of the height"
        yield Message("photo.small_face", text, percent=round(100 * face.height))
    if _is_cut(face):
        yield Message("photo.face_cut_off", "the face is cut off at the edge")
    if sharpness is not None and sharpness < SOFT:
        very = sharpness < VERY_SOFT
        yield (
            Message("photo.face_very_blurred", "the face is very blurred")
            if very
            else Message("photo.face_soft", "the face is soft")
        )


def _is_cut(face: Box) -> bool:
    return (
        face.left < _EDGE or face.top < _EDGE or face.right > 1 - _EDGE or face.bottom > 1 - _EDGE
    )


_LOOK = Message("remedy.look", "Look at it, and leave it out if it isn't as you want it.")
_BLURRED = Message("remedy.blurred", "Leave it out if you have a sharper one.")
_DARK = Message("remedy.dark", "Use a brightened copy, or leave it out.")
_BRIGHT = Message("remedy.bright", "Use a darkened copy, or leave it out.")
_SEVERAL = Message("remedy.faces", "Crop it to your subject, or leave it out.")
_KNOWN: Mapping[str, tuple[str, str, str]] = {
    "photo.very_blurred": (SERIOUS, _BLURRED, LEAVE_OUT),
    "photo.soft": (MIND, _BLURRED, LEAVE_OUT),
    "photo.face_very_blurred": (SERIOUS, _BLURRED, LEAVE_OUT),
    "photo.face_soft": (MIND, _BLURRED, LEAVE_OUT),
    "photo.dark": (MIND, _DARK, ""),
    "photo.dark_black": (MIND, _DARK, ""),
    "photo.bright": (MIND, _BRIGHT, ""),
    "photo.bright_white": (MIND, _BRIGHT, ""),
    "photo.small_more_better": (
        MIND,
        Message("remedy.small", "Use the original, not a thumbnail or a screenshot of it."),
        "",
    ),
    "photo.long_narrow_training_crops": (
        MIND,
        Message("remedy.narrow", "Crop it to your subject: check the frame over it."),
        CROP,
    ),
    "photo.small_face": (
        MIND,
        Message("remedy.small_face", "Crop it closer. A few taken from a distance do no harm."),
        "",
    ),
    "photo.face_cut_off": (
        MIND,
        Message("remedy.face_cut_off", "Leave it out, or use another: what is cut off is learnt."),
        LEAVE_OUT,
    ),
    "photo.face_found": (
        NOTE,
        Message(
            "remedy.no_face", "Fine if your subject is seen from behind; otherwise leave it out."
        ),
        "",
    ),
    "photo.mask_misfit": (
        MIND,
        Message("remedy.mask", "Make it the photo's size: with masks the photo is left out."),
        "",
    ),
    "photo.faces": (SERIOUS, _SEVERAL, LEAVE_OUT),
    "photo.someone_else": (
        SERIOUS,
        Message("remedy.someone_else", "Leave it out, unless you see your subject on it."),
        LEAVE_OUT,
    ),
    "photo.lies": (
        SERIOUS,
        Message("remedy.lies", "Turn it upright: as it is, the trainer learns it lying."),
        TURN,
    ),
    "photo.nearly_same": (
        MIND,
        Message("remedy.nearly_same", "Leave it out: what is on both counts double."),
        LEAVE_OUT,
    ),
    "photo.copy_2": (
        MIND,
        Message("remedy.copy", "Leave it out: the same photo twice counts double."),
        LEAVE_OUT,
    ),
}
