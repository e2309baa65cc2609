"""The draft's photos as a dataset on the disk: clean copies with the captions that the page shows,
nothing is decided again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import Image

from ...datasets import manifest
from ...datasets.captions.authors import HAND, record
from ...datasets.framing.buckets import Buckets
from ...datasets.framing.frame import Frame, cut_out
from ...datasets.held_out import NONE
from ...datasets.kohya_folder import Subset, open_dataset
from ...datasets.subjects import manifest_of
from ...datasets.writer import clean_copy
from ...errors import BridgeError, Conflict, Invalid, Problem
from ...photos import files as photo_files
from ...photos.masking import Masks
from ...photos.masking.masked import read_masked
from ...photos.masking.names import mask_of
from ...photos.pixels import turned
from ...photos.printable import shown
from ...photos.reading import PhotoUnreadable, read
from ...system.files import free_path, mark
from . import subjects
from .captions import caption_of
from .draft import Draft
from .looks.frames import frame_of
from .looks.held_out import held_out
from .looks.masks import painted
from .state import DraftPhoto, DraftSubject, State
from .view import is_used


def write(draft: Draft, buckets: Buckets, regularization: Sequence[Subset] = ()) -> Path:
    """A new folder in ``<home>/datasets`` with the photos that are used, turned and framed for
    ``buckets`` as the user has it, and the regularization pictures.

    Raises `Invalid`, `Conflict`, `BridgeError`.
    """
    with draft.writing_lock:
        if draft.writing is not None:
            raise Conflict(
                "dataset.photos_being_copied_start",
                "The photos are being copied for a start already. Wait until that is done.",
            )
        draft.writing = (0, 0)
    try:
        return _write(draft, buckets, regularization)
    except OSError as error:
        raise BridgeError(
            "dataset.photos_cant_copied",
            "The photos can't be copied: {filename} {strerror}.",
            filename=error.filename or "",
            strerror=error.strerror or error,
        ) from error
    finally:
        draft.writing = None


def _write(draft: Draft, buckets: Buckets, regularization: Sequence[Subset]) -> Path:
    state, judged = draft.state, draft.check.judged
    used = [item for item in state.items if is_used(item, judged)]
    held, changed = held_out(state, judged), list[str]()
    _refuse_changed(draft, used)
    stage = draft.folder / f".stage.{os.getpid()}.part"
    shutil.rmtree(stage, ignore_errors=True)
    try:
        by_name: dict[str, DraftPhoto] = {}
        parts = subjects.folders(state, used, state.training.steps)
        for part in parts:
            leaf = stage / "img" / part.leaf
            leaf.mkdir(parents=True)
            for item in part.items:
                text = caption_of(item, state, judged)
                target = _put(draft.path(item), leaf, len(by_name) + 1, text)
                staged = _changed(draft, target, item, frame_of(item, judged, buckets), buckets)
                by_name[shown(staged.name)] = item
                changed += [] if staged.is_symlink() else [shown(staged.name)]
        apart = tuple(name for name, item in by_name.items() if item.id in held)
        manifest.write(stage, _about(state, [part.subject for part in parts]), {})
        out = free_path(draft.home.datasets, state.name)
        made, checked = clean_copy(
            replace(
                open_dataset(stage), hold_out=apart or (NONE,), regularisation=tuple(regularization)
            ),
            out,
            lambda done, total: _progress(draft, done, total),
            masks=Masks(buckets.params.masked, unmasked=buckets.params.unmasked_weight),
        )
        if made.images + len(made.held_out) != len(used):
            shutil.rmtree(out, ignore_errors=True)
            raise Invalid(
                [Problem("dataset.said", "", v.sentence) for v in checked.photos if not v.used]
            )
        _record_authors(out, by_name)
        _record_photos(out, {name: draft.path(by_name[name]) for name in changed})
        return out
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def _changed(
    draft: Draft, target: Path, item: DraftPhoto, frame: Frame | None, buckets: Buckets
) -> Path:
    """As `_change`, with its mask where masks are trained."""
    mask = _masked(draft, item, buckets.params.unmasked_weight) if buckets.params.masked else None
    return _change(target, item, frame, buckets, mask)


def _about(state: State, trained: Sequence[DraftSubject]) -> dict[str, Any]:
    """What the manifest says of the set."""
    return {
        **manifest_of([(one.name, one.class_token) for one in trained]),
        "subject": state.name,
        "class_token": state.class_token,
        "wanted_steps": state.training.steps,
    }


def _record_authors(root: Path, by_name: Mapping[str, DraftPhoto]) -> None:
    """Which captions a captioner wrote; one that was changed since is known by its other text."""
    written = {}
    for key, about in manifest.read(root)["files"].items():
        image, item = root / key, by_name.get(about["from"])
        if item is None or item.caption is None or not key.startswith("img/"):
            continue
        if item.by not in ("", HAND):
            text = "" if item.edited else image.with_suffix(".txt").read_text("utf-8").strip()
            written[image] = (item.by, text)
    if written:
        record(root, written)


def _record_photos(root: Path, by_name: Mapping[str, Path]) -> None:
    """The content of photos whose copies look otherwise (masked, turned, framed): `forget` knows
    them by it.
    """
    about = manifest.read(root)
    files = about.pop("files")
    for key, entry in files.items():
        if entry["from"] in by_name and not key.startswith("reg/"):
            entry["photo"] = manifest.sha256(by_name[entry["from"]])
    if by_name:
        manifest.write(root, about, files)


def _progress(draft: Draft, done: int, total: int) -> None:
    draft.writing = (done, total)


def _refuse_changed(draft: Draft, used: Sequence[DraftPhoto]) -> None:
    """What the user has seen is what is trained."""
    changed = []
    for item in used:
        seen = draft.check.judged.seen.get(item.id)
        if seen is None or mark(draft.path(item)) != seen.mark:
            changed.append(shown(Path(item.file).name))
    if changed:
        draft.look_again()
        raise Conflict(
            "dataset.changed_since_they_looked",
            "Changed since they were checked: {changed}. They are being checked again; look at "
            "the result, and start again.",
            changed=", ".join(changed[:5]),
        )


def _put(photo: Path, leaf: Path, number: int, caption: str) -> Path:
    """The photo under its number and name, without a copy where that is possible, and its caption
    beside it.
    """
    ending = photo.suffix if photo.suffix.lower() in photo_files.PICTURE_ENDINGS else ".jpg"
    name = f"{number} {photo.stem}"
    while len(name.encode(errors="surrogateescape")) > 200:
        name = name[:-1]
    target = leaf / f"{name.rstrip(' .')}{ending}"
    for way in (os.symlink, os.link, shutil.copyfile):
        try:
            way(photo.resolve(), target)
            break
        except OSError:
            if way is shutil.copyfile:
                raise
    target.with_suffix(".txt").write_text(f"{caption}\n", encoding="utf-8")
    return target


def _masked(draft: Draft, item: DraftPhoto, unmasked: float) -> Image.Image | None:
    """The photo with its mask, where that lies elsewhere than in the photo itself.

    Raises `Invalid` for one that can't be used.
    """
    path = draft.path(item)
    if not item.mask and not mask_of(path):
        return None
    try:
        return read_masked(path, painted(draft, item), unmasked).pixels
    except PhotoUnreadable as error:
        raise Invalid([Problem("dataset.said", "", error.message)]) from error


def _change(
    staged: Path,
    item: DraftPhoto,
    framed: Frame | None,
    buckets: Buckets,
    masked: Image.Image | None,
) -> Path:
    """Turn and cut what the user has turned, or framed otherwise than the trainer does, its mask
    with it; where it lies then.
    """
    moved = framed is not None and item.move != (0.0, 0.0)
    if not item.turn and not moved and masked is None:
        return staged
    pixels = masked or read(staged, masked=buckets.params.masked).pixels
    pixels = turned(pixels, item.turn)
    if framed is not None and moved:
        pixels = cut_out(pixels, framed, buckets)
    staged.unlink()
    cut = staged.with_suffix(".png")
    pixels.save(cut, compress_level=1)
    return cut
