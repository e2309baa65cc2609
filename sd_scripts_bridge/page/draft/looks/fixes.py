"""Fixes with one click: what can be done about a finding, done to the copies of some photos at
once. One undo takes all of it back; the files stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from ....datasets.framing.buckets import Buckets
from ....datasets.framing.frame import Frame
from ....datasets.looking.concerns import CROP, LEAVE_OUT, TURN
from ....errors import Invalid, Problem
from ....messages import Message, code_of
from ....photos.faces import Box
from ....shapes.marks import Example, OneOf
from ..check import Verdicts
from ..draft import Draft
from ..state import DraftPhoto
from ..view import is_used
from .frames import faces_of, frame_of

COPIES = "drop copies"
ALIKE = ("photo.nearly_same", "photo.copy_2")
"""Codes of the concerns about a photo that another one is a better version of."""
Repair = Callable[[DraftPhoto], DraftPhoto]


@dataclass(frozen=True)
class PhotoFix:
    """What to do about a finding."""

    fix: Annotated[
        str,
        OneOf((TURN, CROP, LEAVE_OUT, COPIES)),
        "turn: upright; crop: the frame onto the face; drop copies: the better one stays",
    ]
    photos: Annotated[
        list[int] | None, "null: all photos that are used and have the finding", Example([3])
    ] = None


def apply(draft: Draft, asked: PhotoFix, buckets: Buckets) -> tuple[str, ...]:
    """Do it; returns what to say of it. Raises `NotFound`, and `Invalid` for "leave out" without
    photos: a finding alone drops none.
    """
    if asked.photos is None and asked.fix == LEAVE_OUT:
        text = "it is not said which photos to leave out"
        raise Invalid([Problem("fixes.which", "photos", text, "Name them by their numbers.")])
    for pid in asked.photos or ():
        draft.item(pid)
    judged = draft.check.judged
    repair = _repair(asked, judged, buckets)
    before = {
        item.id: item
        for item in draft.state.items
        if (item.id in asked.photos if asked.photos is not None else is_used(item, judged))
    }
    changed = {pid: new for pid, item in before.items() if (new := repair(item)) != item}
    draft.change(lambda state: state.with_photos(changed))
    return (_said(asked.fix, len(changed)),)


def _repair(asked: PhotoFix, judged: Verdicts, buckets: Buckets) -> Repair:
    def turned(item: DraftPhoto) -> DraftPhoto:
        quarters = lies(item, judged)
        return replace(item, turn=quarters, move_x=0.0, move_y=0.0) if quarters else item

    def framed(item: DraftPhoto) -> DraftPhoto:
        frame, faces = frame_of(item, judged, buckets), faces_of(item, judged)
        if frame is None or not faces or not (asked.photos or any(map(frame.cuts, faces))):
            return item
        x, y = onto(frame, faces[0])
        return replace(item, move_x=x, move_y=y)

    def left_out(item: DraftPhoto) -> DraftPhoto:
        return replace(item, used=False)

    def single(item: DraftPhoto) -> DraftPhoto:
        return left_out(item) if is_worse(item, judged) else item

    return {TURN: turned, CROP: framed, LEAVE_OUT: left_out, COPIES: single}[asked.fix]


def onto(frame: Frame, face: Box) -> tuple[float, float]:
    """The move that brings the middle of ``face`` as near to the frame's middle as it goes."""
    middles = (face.left + face.width / 2, face.top + face.height / 2)
    moves = []
    for middle, share in zip(middles, (frame.box.width, frame.box.height), strict=True):
        room = 1 - share
        corner = min(max(middle - share / 2, 0.0), room)
        moves.append(2 * corner / room - 1 if room > 0 else 0.0)
    return moves[0], moves[1]


def lies(item: DraftPhoto, judged: Verdicts) -> int:
    """The turn in quarters that brings its face upright; 0: nobody knows of any."""
    seen = judged.seen.get(item.id)
    return seen.finding.lies if seen else 0


def is_worse(item: DraftPhoto, judged: Verdicts) -> bool:
    """Whether another photo of the set is a better version of it."""
    verdict = judged.verdicts.get(item.id)
    if verdict is None:
        return False
    return verdict.copy_of is not None or any(code_of(c) in ALIKE for c in verdict.concerns)


def _said(fix: str, count: int) -> Message:
    if not count:
        return Message("fixes.none", "There is nothing to do about it.")
    return {
        TURN: Message("fixes.turned", "{count} {count:photo|photos} turned upright.", count=count),
        CROP: Message(
            "fixes.framed", "{count} {count:frame|frames} moved onto the face.", count=count
        ),
    }.get(fix) or Message("fixes.left_out", "{count} {count:photo|photos} left out.", count=count)
