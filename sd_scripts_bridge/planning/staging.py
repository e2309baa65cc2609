"""The folder that is trained: as it lies where we wrote it, else a clean copy, made once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..datasets import held_out
from ..engines.base import Engine
from ..errors import Invalid, Problem, short
from ..jobs.job import TrainingJob
from ..messages import Message
from ..options.params import UNMASKED
from ..paths import Home
from ..photos.masking import NO_MASKS, Masks
from ..system.files import free_path
from .request import Request

if TYPE_CHECKING:
    from ..datasets.kohya_folder import Dataset
    from ..datasets.verdicts import DatasetCheck


def stage(home: Home, name: str, data: Dataset, masks: Masks = NO_MASKS) -> tuple[Path, list[str]]:
    """The folder to train, with notes; with its photos' ``masks``, or without them.

    Originals are never trained: one that isn't ours is copied clean first, and the copy of an
    unchanged folder is taken again.
    """
    from ..datasets import copies, writer

    if _lies_ready(data) and (masks.wanted or data.masks is None):
        text = (
            "The dataset's copies are trained as they are, so unmasked_weight changes nothing: "
            "`dataset --unmasked-weight` writes it into them."
        )
        is_late = bool(masks.unmasked and data.masks)
        return data.image_dir, [Message("request.unmasked_late", text)] if is_late else []
    copy = copies.find(home.datasets, data, masks)
    if copy is not None:
        return copy.image_dir, [
            Message(
                "request.copies_again",
                "The photos are unchanged: the clean copies in {folder} are trained again.",
                folder=str(copy.root),
            )
        ]
    copy, checked = writer.clean_copy(data, free_path(home.datasets, name), masks=masks)
    copies.record(copy, data, masks)
    return copy.image_dir, [*_copied(copy.root, checked)]


def _copied(folder: Path, checked: DatasetCheck) -> Iterator[str]:
    yield Message(
        "request.copies",
        "Clean copies of {count} {count:picture|pictures} are in {folder}; yours stay as they are.",
        count=checked.used,
        folder=str(folder),
    )
    left_out = len(checked.photos) - checked.used
    if left_out:
        text = "{count} {count:picture is|pictures are} left out; `check` says why."
        yield Message("request.left_out", text, count=left_out)


def _lies_ready(data: Dataset) -> bool:
    from ..datasets import writer

    try:
        return writer.is_clean(data)
    except Invalid:  # folders that lie apart have no root of their own
        return False


def token_length(data: Dataset) -> int | None:
    """150 or 225 where a caption needs it, else None. 225 is the most that the trainers take."""
    from ..datasets.caption_tokens import count_tokens, limit_for

    return limit_for(max((count_tokens(text) or 0 for text in data.caption_texts), default=0))


def of_several_lines(data: Dataset, *, at_random: bool) -> list[str]:
    """What is trained of captions with several lines; ``at_random`` with enable_wildcard."""
    count = sum(len(text.split("\n")) > 1 for text in map(str.strip, data.caption_texts))
    if not count:
        return []
    if at_random:
        text = "{count} {count:caption has|captions have} several lines: one of them at random."
        return [Message("request.random_line", text, count=count)]
    text = "{count} {count:caption has|captions have} several lines: only the first is trained."
    return [Message("request.first_line", text, count=count)]


# ---- what is held out ----


def hold_out(request: Request, data: Dataset) -> tuple[Dataset, list[str]]:
    """``data`` without the photos that are held out, or with all where none shall be, and notes.

    Raises `Invalid` for photos that aren't there.
    """
    lies_apart = request.photos is not None and request.photos.wanted_steps is None
    if request.on is not None or request.dataset_config is not None or lies_apart:
        return data, []
    if request.held_out == (held_out.NONE,):
        return held_out.whole(data), []
    wanted = held_out.wanted_of(data, request.held_out)
    if not wanted:
        return data, _notes(len(data.held_out))
    rest = held_out.reduced(data, wanted)
    return rest, _notes(data.images - rest.images)


def _notes(count: int) -> list[str]:
    if not count:
        return []
    text = (
        "{count} {count:photo is|photos are} held out: never trained on, so that the result can be "
        "measured on {count:it|them}. `--held-out none` trains on all."
    )
    return [Message("request.held_out", text, count=count)]


# ---- masks ----


def mask_options(data: Dataset, given: Mapping[str, Any]) -> dict[str, Any]:
    """What ``data`` itself says of ``alpha_mask``: photos that were written with masks are trained
    with them, unless ``given`` says otherwise.
    """
    return {"alpha_mask": True} if data.masks and "alpha_mask" not in given else {}


def unmasked_apart(others: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(the options of the scripts, what is said of `UNMASKED`), of options that we don't know by
    name. Raises `Invalid` for what is no weight.
    """
    rest = {key: value for key, value in others.items() if key != UNMASKED}
    if others.get(UNMASKED) is None:
        return rest, {}
    try:
        weight = float(others[UNMASKED])
    except (TypeError, ValueError):
        weight = -1.0
    if not 0 <= weight <= 1:
        text = "{value} is no weight of what masks hide"
        remedy = "Give a number from 0 (hidden pixels count nothing) to 1."
        value = short(str(others[UNMASKED]))
        raise Invalid([Problem("request.unmasked", UNMASKED, text, remedy, value=value)])
    return rest, {UNMASKED: weight} if weight else {}


def mask_notes(job: TrainingJob, data: Dataset) -> list[str]:
    """How many photos are trained in part; nothing where nobody asked for it."""
    from ..photos import files
    from ..photos.masking.count import count

    if job.dataset_config is not None or job.on is not None:
        return []
    if not job.params.masked:
        text = "masked_loss changes nothing alone: `--masks` (alpha_mask=true) trains with masks."
        asks = job.params.extra.get("masked_loss")
        return [Message("request.masked_loss", text)] if asks else []
    there = [folder for one in data.subsets for folder in one.folders if folder.is_dir()]
    masked = data.masks if data.masks is not None else count(files.find(there))
    if not masked:
        return [Message("request.no_masks", "No photo has a mask: all of each photo is trained.")]
    text = (
        "{masked} of {count} photos {masked:has|have} a mask: only what it shows is trained, and "
        "what it hides is grey."
    )
    return [Message("request.masks", text, masked=masked, count=data.images)]


def regularization_notes(job: TrainingJob, data: Dataset) -> list[str]:
    """That photos are shown half as often beside regularization pictures, where nobody has made the
    run longer for that.
    """
    shown = job.params.max_train_steps * job.pictures_a_step
    if not data.regularisation or shown >= 2 * data.real_steps:
        return []
    text = (
        "Every other picture that is trained is a regularization picture: {steps} steps show "
        "{photos} photos. For as many as without, train {twice} steps."
    )
    steps = job.params.max_train_steps
    values = {"steps": steps, "photos": shown // 2, "twice": 2 * steps}
    return [Message("request.regularization", text, **values)]


def enough_problems(job: TrainingJob, data: Dataset, engine: Engine) -> list[Problem]:
    """Why a training can't end by itself when it no longer gets better."""
    if not job.enough:
        return []
    if not engine.traits.measures_saves:
        return [
            Problem(
                "request.enough_engine",
                "enough",
                "{engine} can't measure while it trains",
                "Use --engine embedded; or publish the recommended step, which is chosen once all "
                "saves are measured: only the time isn't saved.",
                engine=engine.name,
            )
        ]
    if not data.held_out and not data.hold_out:
        return [
            Problem(
                "request.enough_held_out",
                "enough",
                "no photo is held out",
                "Hold one out: --held-out auto, or its name.",
            )
        ]
    return []
