"""What the trainer will see of each photo of the draft, with the options that hold now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from typing import Annotated

from ....datasets.framing.buckets import Buckets, Size
from ....datasets.framing.frame import Frame, batches, bucket_counts, frame
from ....datasets.views import BucketView
from ....messages import Message
from ....options.params import TrainingParams
from ....photos.faces import Box
from ..check import Verdicts
from ..draft import Draft
from ..state import DraftPhoto
from ..view import is_used
from .held_out import held_out

Shares = Annotated[Sequence[float], "left, top, width, height in shares of the upright photo"]


@dataclass(frozen=True)
class FrameView:
    """What is trained of one photo."""

    id: int
    width: Annotated[int, "of the size that is trained"]
    height: int
    box: Shares
    move: Annotated[Sequence[float], "how far from the middle, -1 to 1: sideways, up and down"]
    can_move: Annotated[Sequence[bool], "whether something is cut off: beside it, above or below"]
    faces: Sequence[Shares]
    cuts_face: bool


@dataclass(frozen=True)
class FramesView:
    """The draft's photos as the trainer will see them."""

    frames: Sequence[FrameView]
    buckets: Annotated[Sequence[BucketView], "the fullest first"]
    notes: Annotated[Sequence[str], "what to mind about them"]


def frames(draft: Draft, params: TrainingParams, repeats: int) -> FramesView:
    """Of all photos that can be read, with these options; ``repeats`` of each photo are trained."""
    state, judged, buckets = draft.state, draft.check.judged, Buckets(params)
    found = [
        (item, framed)
        for item in state.items
        if (framed := frame_of(item, judged, buckets)) is not None
    ]
    views = [_view(item, framed, faces_of(item, judged)) for item, framed in found]
    held = held_out(state, judged)
    used = {item.id for item in state.items if is_used(item, judged) and item.id not in held}
    counts = bucket_counts(framed for item, framed in found if item.id in used)
    cut = [view for view in views if view.cuts_face and view.id in used]
    return FramesView(
        views,
        [BucketView(*size, count) for size, count in counts],
        [*_cut_faces(len(cut)), *_mixed(counts, repeats, params.train_batch_size)],
    )


def frame_of(item: DraftPhoto, judged: Verdicts, buckets: Buckets) -> Frame | None:
    """Of a photo that was looked at and can be read."""
    size = upright_size(item, judged)
    return frame(size, buckets, item.move) if size else None


def upright_size(item: DraftPhoto, judged: Verdicts) -> Size | None:
    """Width and height as the photo is turned now; None where it can't be read."""
    seen = judged.seen.get(item.id)
    if seen is None or seen.finding.photo is None:
        return None
    photo = seen.finding.photo
    return (photo.height, photo.width) if item.turn % 2 else (photo.width, photo.height)


def faces_of(item: DraftPhoto, judged: Verdicts) -> tuple[Box, ...]:
    """The faces that were found, as the photo is turned now."""
    seen = judged.seen.get(item.id)
    return tuple(face.turned(item.turn) for face in (seen.finding.faces if seen else None) or ())


def _view(item: DraftPhoto, framed: Frame, faces: Sequence[Box]) -> FrameView:
    return FrameView(
        item.id,
        *framed.bucket,
        box=astuple(framed.box),
        move=item.move,
        can_move=framed.can_move,
        faces=[astuple(face) for face in faces],
        cuts_face=any(framed.cuts(face) for face in faces),
    )


def _cut_faces(count: int) -> Iterator[str]:
    if count:
        text = "On {count} {count:photo|photos} the crop cuts a face. Move the frame."
        yield Message("frames.cut_faces", text, count=count)


def _mixed(counts: Sequence[tuple[Size, int]], repeats: int, batch: int) -> Iterator[str]:
    """What sizes cost that don't fill their batches."""
    if batch < 2 or not counts or not repeats:
        return
    pictures = sum(photos for _, photos in counts) * repeats
    needed, least = batches(counts, repeats, batch), -(-pictures // batch)
    if needed > least:
        text = (
            "Only pictures of one size make a batch: {needed} steps per epoch, where photos of "
            "one size would need {least}."
        )
        yield Message("frames.mixed", text, needed=needed, least=least)
