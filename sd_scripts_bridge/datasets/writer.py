"""From photos to a dataset: check them, write clean copies and captions, open what is there, tell
if it is clean.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import Invalid, Problem, short
from ..messages import Message
from ..options.params import MOST_STEPS
from ..photos import files as photo_files
from ..photos.faces import Detector, find_detector
from ..photos.masking import NO_MASKS, Masks
from ..photos.masking.masked import is_masked_file
from ..photos.printable import shown
from . import caption_text, held_out, manifest, subjects
from .kohya_folder import (
    HELD_OUT,
    Dataset,
    Subset,
    leaf_name,
    open_dataset,
    open_folders,
    repeats_for,
)
from .looking.findings import Progress, examine
from .subjects import PhotoShare
from .verdicts import DatasetCheck, PhotoVerdict, check, judge
from .writing.new_folder import place_problems, written_aside

__all__ = [
    "Dataset",
    "DatasetCheck",
    "PhotoVerdict",
    "Subset",
    "check",
    "clean_copy",
    "is_clean",
    "open_dataset",
    "open_folders",
    "prepare",
    "prepare_several",
    "repeats_for",
]

_UNSORTED = "unsorted"


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
    share = subjects.share(name, class_token, paths)
    return prepare_several(
        [share], steps, out, progress, face_models=face_models, hold_out=hold_out, masks=masks
    )


def prepare_several(
    shares: Sequence[PhotoShare],
    steps: int,
    out: Path,
    progress: Progress | None = None,
    *,
    face_models: Sequence[Path] = (),
    hold_out: Sequence[str] | None = None,
    masks: Masks = NO_MASKS,
) -> Dataset:
    """As `prepare`, of several subjects: each share of their photos becomes a folder of its own.
    All of them together make about ``steps`` steps. Raises as `prepare`.
    """
    out = Path(out).absolute()
    given = [path for share in shares for path in share.photos]
    detector = find_detector(face_models)
    problems = [
        *_what_is_wrong(shares, steps),
        *place_problems(out, given),
        *_mask_problems(masks, detector),
    ]
    if problems:
        raise Invalid(problems)
    groups = [photo_files.find(share.photos) for share in shares]
    files = [file for group in groups for file in group]
    with written_aside(out) as root:
        copies = _unsorted(root, len(files))
        findings = examine(files, copies, progress, detector, masks=masks)
        begin, checks = 0, []
        for share, group in zip(shares, groups, strict=True):
            part = slice(begin, begin := begin + len(group))
            fallback = caption_text.draft(share.name, share.class_token)
            found = judge(
                findings[part], share.name, fallback, paths=share.photos, detector=detector
            )
            checks.append((share, found, copies[part]))
        checked = _together([(share, found) for share, found, _ in checks])
        if problems := _unusable([(share, found) for share, found, _ in checks]):
            raise Invalid(problems)
        written = _placed(root, checks, steps)
        about = {
            "subject": shares[0].name,
            "class_token": shares[0].class_token,
            "wanted_steps": steps,
            **subjects.manifest_of([(share.name, share.class_token) for share in shares]),
        }
        _finish(root, written, _with_masks(about, masks), hold_out)
    return replace(open_dataset(out), checked=checked)


def _placed(
    root: Path, checks: Sequence[tuple[PhotoShare, DatasetCheck, list[Path]]], steps: int
) -> dict[str, Any]:
    """Each share's photos in its folder; shares of one subject with the same repeats lie in one."""
    repeats = subjects.repeats_of([(share, found.used) for share, found, _ in checks], steps)
    leaves: dict[Path, list[tuple[PhotoVerdict, Path]]] = {}
    fallbacks: dict[Path, str] = {}
    for (share, found, copies), times in zip(checks, repeats, strict=True):
        leaf = subjects.leaf_of(share, times)
        leaves.setdefault(leaf, []).extend(zip(found.photos, copies, strict=True))
        fallbacks[leaf] = caption_text.draft(share.name, share.class_token)
    written: dict[str, Any] = {}
    for leaf, photos in leaves.items():
        written |= _place(root, leaf, photos, fallbacks[leaf])
    return written


def _together(checks: Sequence[tuple[PhotoShare, DatasetCheck]]) -> DatasetCheck:
    """One report on all subjects; what is to be minded of a set says whose it is."""
    if len(checks) == 1:
        return checks[0][1]
    photos = tuple(photo for _, found in checks for photo in found.photos)
    text = "{subject}: {said}"
    advice = [
        Message("subjects.of", text, subject=shown(share.words), said=said)
        for share, found in checks
        for said in found.advice
    ]
    return DatasetCheck(photos, tuple(advice))


def _unusable(checks: Sequence[tuple[PhotoShare, DatasetCheck]]) -> list[Problem]:
    """Of which subject no photo can be used."""
    return [problem for _, found in checks if not found.used for problem in _nothing_usable(found)]


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
    subsets = [
        *(("img", subset) for subset in dataset.subsets),
        *(("reg", subset) for subset in dataset.regularisation),
        *((HELD_OUT, subset) for subset in _held_out(dataset)),
    ]
    detector, folders = find_detector(face_models), [subset.folder for _, subset in subsets]
    if problems := [*place_problems(out, folders), *_mask_problems(masks, detector)]:
        raise Invalid(problems)
    groups = [photo_files.find(subset.folders) for _, subset in subsets]
    files = [file for group in groups for file in group]
    written: dict[str, Any] = {}
    with written_aside(out) as root:
        copies = _unsorted(root, len(files))
        findings, begin = examine(files, copies, progress, detector, masks=masks), 0
        for (parent, subset), group in zip(subsets, groups, strict=True):
            part = slice(begin, begin := begin + len(group))
            fallback = caption_text.draft(subset.subject, subset.class_token) or "photo"
            verdicts = judge(findings[part], "", fallback, drop_copies=False).photos
            written |= _place(
                root,
                _held_leaf(subset) if parent == HELD_OUT else _leaf(root / parent, subset),
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
            **subjects.manifest_of([(one.subject, one.class_token) for one in dataset.subsets]),
        }
        decided = dataset.hold_out or (("none",) if dataset.is_decided else None)
        _finish(root, written, _with_masks(about, masks), decided)
    return replace(open_dataset(out), checked=checked), checked


def _held_out(dataset: Dataset) -> list[Subset]:
    """The folders of photos that are held out, each with its subject."""
    named = {one.words: (one.subject, one.class_token) for one in dataset.subsets}
    usual = (dataset.subject, dataset.class_token)
    folders = dict.fromkeys(photo.parent for photo in dataset.held_out)
    return [Subset(one, 1, *named.get(one.name, usual), 0) for one in folders]


def _held_leaf(subset: Subset) -> Path:
    own = subset.folder.name
    return Path(HELD_OUT) if own == HELD_OUT else Path(HELD_OUT, shown(own))


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


def _what_is_wrong(shares: Sequence[PhotoShare], steps: int) -> list[Problem]:
    problems = [problem for share in shares for problem in share.problems]
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
    if held_out.is_wanted(hold_out, _counts(written)):
        assert hold_out is not None
        written = held_out.set_aside(root, written, hold_out, about["wanted_steps"])
    for folder in ("img", "reg", "model", "log"):
        (root / folder).mkdir(exist_ok=True)
    manifest.write(root, about, written)


def _counts(written: Mapping[str, Any]) -> list[int]:
    """How many photos each subject has."""
    leaves = [PurePosixPath(key).parent.name for key in written if key.startswith("img/")]
    return list(Counter(leaf.partition("_")[2] for leaf in leaves).values())
