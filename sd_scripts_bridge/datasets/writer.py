"""From photos to a dataset: check them, write clean copies and captions, open what is there, tell
if it is clean.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import BridgeError, Invalid, Problem, short
from ..names import normal
from ..options.params import MOST_STEPS
from ..photos import files as photo_files
from ..photos.faces import Detector, find_detector
from ..photos.masking import NO_MASKS, Masks
from ..photos.masking.masked import is_masked_file
from ..photos.printable import shown
from . import caption_text, held_out, manifest
from .kohya_folder import (
    HELD_OUT,
    Dataset,
    Subset,
    leaf_name,
    naming_problems,
    open_dataset,
    repeats_for,
)
from .looking.findings import Progress, examine
from .verdicts import DatasetCheck, PhotoVerdict, check, judge

__all__ = [
    "Dataset",
    "DatasetCheck",
    "PhotoVerdict",
    "Subset",
    "check",
    "clean_copy",
    "is_clean",
    "open_dataset",
    "prepare",
    "repeats_for",
]

_UNSORTED = "unsorted"
_STALE_SECONDS = 24 * 60 * 60


def prepare(
    paths: Sequence[Path],
    name: str,
    class_token: str,
    steps: int,
    out: Path,
    progress: Progress | None = None,
    *,
    face_models: Sequence[Path] = (),
    hold_out: Sequence[str] | None = None,
    masks: Masks = NO_MASKS,
) -> Dataset:
    """Write ``out``: numbered clean copies of the photos, each with a caption that begins with
    ``name``.

    ``hold_out``: ("auto",), ("none",), or the names of photos; None leaves it open. Nothing
    half-made is ever seen at ``out``. Raises `Invalid` with every problem found, `BridgeError` for
    a full disk.
    """
    paths, out = [Path(path).absolute() for path in paths], Path(out).absolute()
    name, class_token = normal(name), normal(class_token)
    detector, fallback = find_detector(face_models), caption_text.draft(name, class_token)
    problems = [
        *_what_is_wrong(name, class_token, steps),
        *_out_problems(out, paths),
        *_mask_problems(masks, detector),
    ]
    if problems:
        raise Invalid(problems)
    files = photo_files.find(paths)
    with _written_aside(out) as root:
        copies = _unsorted(root, len(files))
        checked = judge(
            examine(files, copies, progress, detector, masks=masks),
            name,
            fallback,
            paths=paths,
            detector=detector,
        )
        if not checked.used:
            raise Invalid(_nothing_usable(checked))
        leaf = Path("img", leaf_name(repeats_for(checked.used, steps), name, class_token))
        written = _place(root, leaf, zip(checked.photos, copies, strict=True), fallback)
        about = {"subject": name, "class_token": class_token, "wanted_steps": steps}
        _finish(root, written, _with_masks(about, masks), hold_out)
    return replace(open_dataset(out), checked=checked)


def clean_copy(
    dataset: Dataset,
    out: Path,
    progress: Progress | None = None,
    *,
    face_models: Sequence[Path] = (),
    masks: Masks = NO_MASKS,
) -> tuple[Dataset, DatasetCheck]:
    """Write ``out`` with clean copies of a dataset made by hand: the same folders and repeats, the
    same captions.

    Captions are repaired only so far that they can be read; copies of a photo stay, since somebody
    put them there.
    """
    out = Path(out).absolute()
    subsets = [("img", subset) for subset in dataset.subsets] + [
        ("reg", subset) for subset in dataset.regularisation
    ]
    if dataset.held_out:
        apart = Subset(dataset.held_out[0].parent, 1, dataset.subject, dataset.class_token, 0)
        subsets.append((HELD_OUT, apart))
    if problems := _out_problems(out, [subset.folder for _, subset in subsets]):
        raise Invalid(problems)
    detector, groups = (
        find_detector(face_models),
        [photo_files.find(subset.folders) for _, subset in subsets],
    )
    files = [file for group in groups for file in group]
    written: dict[str, Any] = {}
    with _written_aside(out) as root:
        copies = _unsorted(root, len(files))
        findings, begin = examine(files, copies, progress, detector, masks=masks), 0
        for (parent, subset), group in zip(subsets, groups, strict=True):
            part = slice(begin, begin := begin + len(group))
            fallback = caption_text.draft(subset.subject, subset.class_token) or "photo"
            verdicts = judge(findings[part], "", fallback, drop_copies=False).photos
            written |= _place(
                root,
                Path(HELD_OUT) if parent == HELD_OUT else _leaf(root / parent, subset),
                zip(verdicts, copies[part], strict=True),
                fallback,
            )
        checked = judge(findings, detector=detector, drop_copies=False)
        if not any(name.startswith("img/") for name in written):
            raise Invalid(_nothing_usable(checked))
        about = {
            "subject": dataset.subject,
            "class_token": dataset.class_token,
            "wanted_steps": dataset.wanted_steps,
        }
        decided = dataset.hold_out or (("none",) if dataset.is_decided else None)
        _finish(root, written, _with_masks(about, masks), decided)
    return replace(open_dataset(out), checked=checked), checked


def is_clean(dataset: Dataset) -> bool:
    """Whether every picture is one that we wrote and unchanged since, with a caption that can be
    trained as it is.
    """
    recorded = manifest.read(dataset.root).get("files")
    if not recorded or not _is_whole(dataset) or _has_mask_files(dataset):
        return False
    images = [
        image
        for s in (*dataset.subsets, *dataset.regularisation)
        for image in photo_files.find([s.folder])
    ]
    return all(
        manifest.unchanged(image, recorded.get(image.relative_to(dataset.root).as_posix()))
        and _caption_is_clean(image.with_suffix(".txt"))
        for image in images
    )


def _is_whole(dataset: Dataset) -> bool:
    """Whether nothing else lies beside the subsets: sd-scripts is given their parent and would
    train it, too.
    """
    whole = open_dataset(dataset.root)
    return (whole.subsets, whole.regularisation) == (dataset.subsets, dataset.regularisation)


def _has_mask_files(dataset: Dataset) -> bool:
    """Whether masks lie beside the pictures, which sd-scripts would train as pictures."""
    subsets = (*dataset.subsets, *dataset.regularisation)
    return any(photo_files.is_mask(file) for one in subsets for file in one.folder.iterdir())


def _caption_is_clean(file: Path) -> bool:
    return file.is_file() and caption_text.is_clean(file.read_bytes())


def _what_is_wrong(name: str, class_token: str, steps: int) -> list[Problem]:
    problems = naming_problems(name, class_token)
    if not 1 <= steps <= MOST_STEPS:
        problems.append(
            Problem(
                "datasets.writer.outside",
                "steps",
                "{steps} is outside 1 to {most_steps}",
                steps=short(steps),
                most_steps=f"{MOST_STEPS:,}",
            )
        )
    return problems


def _mask_problems(masks: Masks, detector: Detector | None) -> list[Problem]:
    if not masks.around_faces or detector is not None:
        return []
    return [
        Problem(
            "writer.no_face_detector",
            "face-masks",
            "there is no face detector here",
            "Install opencv-python, or paint the masks.",
        )
    ]


def _with_masks(about: dict[str, Any], masks: Masks) -> dict[str, Any]:
    """What the manifest says: nothing of masks where nobody wants any."""
    return {**about, "masks": True} if masks.wanted else about


def _out_problems(out: Path, paths: Sequence[Path]) -> list[Problem]:
    text = shown(out)
    if out.exists() and not out.is_dir():
        return [
            Problem(
                "datasets.writer.file",
                "out",
                "{text_name} is a file",
                "Choose a new folder.",
                text_name=repr(text),
            )
        ]
    if out.is_dir() and any(out.iterdir()):
        return [
            Problem(
                "datasets.writer.empty",
                "out",
                "{text_name} is not empty",
                "Choose a new folder; nothing is overwritten.",
                text_name=repr(text),
            )
        ]
    for folder in (path.resolve() for path in paths if path.is_dir()):
        if out.resolve() == folder or folder in out.resolve().parents:
            return [
                Problem(
                    "datasets.writer.lies_photos_own_folder",
                    "out",
                    "{text_name} is inside the photos' own folder",
                    "Choose a folder outside it.",
                    text_name=repr(text),
                )
            ]
    return []


def _nothing_usable(checked: DatasetCheck) -> list[Problem]:
    if not checked.photos:
        return [
            Problem(
                "datasets.writer.none",
                "photos",
                "there are none here",
                "Give the photos themselves, or the folder that holds them.",
            )
        ]
    return [
        Problem("datasets.writer.none_can_used", "photos", "none can be used"),
        *(Problem("datasets.writer.said", "", verdict.sentence) for verdict in checked.photos[:20]),
    ]


@contextlib.contextmanager
def _written_aside(out: Path) -> Iterator[Path]:
    """A new folder beside ``out`` that becomes ``out`` if all goes well, and vanishes if not."""
    prefix = f".{out.name[:50]}."
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(out.parent, prefix)
        aside = out.with_name(f"{prefix}{os.getpid()}-{time.monotonic_ns()}.part")
        aside.mkdir()
        try:
            yield aside
            if out.is_dir():
                out.rmdir()
            os.replace(aside, out)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise BridgeError(
            "datasets.writer.cant_write",
            "Can't write {shown}: {strerror}.",
            shown=repr(shown(out)),
            strerror=error.strerror or error,
        ) from error


def _remove_stale(parent: Path, prefix: str) -> None:
    """What a kill left of an earlier attempt, once it is surely nobody's."""
    for folder in parent.iterdir():
        left = folder.name.startswith(prefix) and folder.name.endswith(".part")
        if left and time.time() - folder.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _unsorted(root: Path, count: int) -> list[Path]:
    """Where the copies go before it is known which are used."""
    (root / _UNSORTED).mkdir()
    return [root / _UNSORTED / f"{number}.png" for number in range(count)]


def _place(
    root: Path, leaf: Path, copies: Iterable[tuple[PhotoVerdict, Path]], fallback: str
) -> dict[str, Any]:
    """Number the copies that are used from 1, with their captions; returns what the manifest says
    of each.
    """
    (root / leaf).mkdir(parents=True)
    written: dict[str, Any] = {}
    for verdict, copy in copies:
        if not verdict.used:
            continue
        image = leaf / f"{len(written) + 1}.png"
        os.replace(copy, root / image)
        text = verdict.caption.text if verdict.caption else fallback
        (root / image).with_suffix(".txt").write_bytes(f"{text}\n".encode())
        written[image.as_posix()] = {
            "from": shown(verdict.path.name),
            "verdict": verdict.verdict,
            **({"mask": True} if is_masked_file(root / image) else {}),
            **manifest.mark(root / image),
        }
    if not written:
        (root / leaf).rmdir()
    return written


def _leaf(parent: Path, subset: Subset) -> Path:
    """``subset``'s folder name below ``parent``, plain where it can't be printed (sd-scripts puts
    it into the LoRA).
    """
    name = subset.folder.name
    if not photo_files.LEAF.fullmatch(name) or subset.besides:
        name = leaf_name(subset.repeats, subset.subject, subset.class_token)
    if shown(name) != name:
        name = f"{subset.repeats}_subset"
    while (parent / name).exists():
        name += " again"
    return Path(parent.name, name)


def _finish(
    root: Path, written: dict[str, Any], about: dict[str, Any], hold_out: Sequence[str] | None
) -> None:
    shutil.rmtree(root / _UNSORTED)
    if hold_out is not None:
        about = {**about, HELD_OUT: list(hold_out)}
    if held_out.is_wanted(hold_out, sum(key.startswith("img/") for key in written)):
        assert hold_out is not None
        written = held_out.set_aside(root, written, hold_out, about["wanted_steps"])
    for folder in ("img", "reg", "model", "log"):
        (root / folder).mkdir(exist_ok=True)
    manifest.write(root, about, written)
