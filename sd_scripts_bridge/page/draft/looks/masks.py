"""The masks of the draft's photos: painted here, beside the photo, or its own transparency."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from ....datasets.verdicts import PhotoVerdict
from ....errors import Conflict, Invalid, NotFound, Problem
from ....photos.faces import Box
from ....photos.masking.face import face_mask
from ....photos.masking.masked import has_mask, has_shape, read_masked, weights_of
from ....photos.pixels import BROKEN, turned
from ....photos.printable import shown
from ....photos.reading import LARGEST_PIXELS, PhotoUnreadable
from ....system.files import replace_file
from ..check import Verdicts
from ..draft import Draft
from ..state import DraftPhoto, State

PAINTED = "painted"
SIDE = 1024
"""The long side of a mask that is made or shown here."""
LARGEST = 8 << 20
"""Bytes of a mask that is sent here."""


def source_of(item: DraftPhoto, verdict: PhotoVerdict | None) -> str:
    """Where the photo's mask is: "painted", "file", "alpha", or "" for nowhere."""
    return PAINTED if item.mask else verdict.mask if verdict else ""


def painted(draft: Draft, item: DraftPhoto) -> Image.Image | None:
    """The mask that was painted here, L, of the photo as its file has it upright."""
    if not item.mask:
        return None
    with Image.open(_folder(draft) / item.mask) as image:
        return image.convert("L")


def put(draft: Draft, pid: int, data: bytes) -> None:
    """Take a PNG as the mask of a photo as it is turned now: white is trained, black is ignored.

    Training with masks is on from then. Raises `NotFound`, or `Invalid` for a picture that can't be
    its mask.
    """
    item = draft.item(pid)
    mask = _read(data)
    size = _size(draft, item)
    if not has_shape(mask.size, size[::-1] if item.turn % 2 else size):
        raise Invalid([_misfit(mask.size, item, size)])
    if mask.getextrema()[1] == 0:
        problem = Problem(
            "draft.mask_hides_all", "mask", "hides all of the photo", "Leave some of it white."
        )
        raise Invalid([problem])
    _keep(draft, pid, turned(mask, -item.turn))


def around_face(draft: Draft, pid: int) -> None:
    """A box around the largest face as the mask. Raises `NotFound`, `Conflict`, `Invalid`."""
    item, judged = draft.item(pid), draft.check.judged
    seen = judged.seen.get(pid)
    if seen is None:
        raise Conflict(
            "draft.mask_too_early",
            "{file} has not been looked at yet. Wait a moment.",
            file=shown(Path(item.file).name),
        )
    if problem := _faceless(item, judged.faces, seen.finding.faces or ()):
        raise Invalid([problem])
    _keep(draft, pid, face_mask(_small(_size(draft, item)), seen.finding.faces or ()))


def _faceless(item: DraftPhoto, detector: str | None, faces: Sequence[Box]) -> Problem | None:
    if detector is None:
        return Problem(
            "draft.no_face_detector",
            "mask",
            "there is no face detector here",
            "Install opencv-python, or paint the mask.",
        )
    if faces:
        return None
    return Problem(
        "draft.no_face",
        "mask",
        "{detector} found no face on {file}",
        "Paint the mask.",
        detector=detector,
        file=shown(Path(item.file).name),
    )


def drop(draft: Draft, pid: int) -> None:
    """Forget what was painted: the photo's own mask counts again. Raises `NotFound`."""
    draft.item(pid)
    draft.change(lambda state: _with_mask(state, pid, ""))


def png(draft: Draft, pid: int) -> bytes:
    """The mask of a photo as it is turned now, of at most `SIDE` pixels. Raises `NotFound`."""
    item = draft.item(pid)
    try:
        picture = read_masked(draft.path(item), painted(draft, item))
    except PhotoUnreadable as error:
        raise NotFound(error.message) from error
    if not has_mask(picture) and not item.mask:
        text = "{file} has no mask."
        raise NotFound("draft.no_mask", text, file=shown(Path(item.file).name))
    whole = Image.new("L", picture.pixels.size, 255)
    mask = picture.pixels.getchannel("A") if has_mask(picture) else whole
    mask.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    turned(mask, item.turn).save(out, "PNG")
    return out.getvalue()


def trained(draft: Draft, item: DraftPhoto) -> Image.Image:
    """The photo as it is trained with its mask: grey where that hides it. Raises
    `PhotoUnreadable`.
    """
    return read_masked(draft.path(item), painted(draft, item)).pixels.convert("RGB")


def count(items: list[DraftPhoto], judged: Verdicts) -> int:
    """How many of these photos have a mask."""
    return sum(bool(source_of(item, judged.verdicts.get(item.id))) for item in items)


def _folder(draft: Draft) -> Path:
    return draft.folder / "masks"


def _read(data: bytes) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            if len(data) <= LARGEST and image.width * image.height <= LARGEST_PIXELS:
                image.load()
                return weights_of(image.convert("RGBA"))
            problem = Problem(
                "draft.mask_large",
                "mask",
                "is too large",
                "Send it at 1024 pixels: it grows with the photo.",
            )
            raise Invalid([problem])
    except BROKEN as error:
        problem = Problem(
            "draft.mask_no_png",
            "mask",
            "is not a PNG that can be read",
            "Send a grey PNG of the photo's shape.",
        )
        raise Invalid([problem]) from error


def _size(draft: Draft, item: DraftPhoto) -> tuple[int, int]:
    """Of the photo as its file has it upright. Raises `Conflict` where nobody has looked yet."""
    seen = draft.check.judged.seen.get(item.id)
    if seen is None or seen.finding.photo is None:
        text = "{file} has not been looked at yet, or can't be read."
        raise Conflict("draft.mask_unseen", text, file=shown(Path(item.file).name))
    return seen.finding.photo.width, seen.finding.photo.height


def _misfit(mask: tuple[int, int], item: DraftPhoto, size: tuple[int, int]) -> Problem:
    wide, high = size[::-1] if item.turn % 2 else size
    text = "is {width} x {height}, another shape than the photo ({width2} x {height2})"
    sizes = {"width": mask[0], "height": mask[1], "width2": wide, "height2": high}
    return Problem("draft.mask_misfit", "mask", text, "Send it at the photo's shape.", **sizes)


def _small(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, SIDE / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _keep(draft: Draft, pid: int, mask: Image.Image) -> None:
    """Under a name of its own, so that Undo finds the one before."""
    out = io.BytesIO()
    mask.save(out, "PNG")
    name = f"{pid}-{hashlib.sha256(out.getvalue()).hexdigest()[:16]}.png"
    _folder(draft).mkdir(parents=True, exist_ok=True)
    aside = _folder(draft) / f".{name}.part"
    aside.write_bytes(out.getvalue())
    replace_file(aside, _folder(draft) / name)

    def edit(state: State) -> State:
        training = replace(state.training, masks=True)
        return replace(_with_mask(state, pid, name), training=training)

    draft.change(edit)


def _with_mask(state: State, pid: int, name: str) -> State:
    item = state.item(pid)
    return state.with_photos({pid: replace(item, mask=name)}) if item else state
