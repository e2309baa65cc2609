"""From photos to a dataset: check them, write clean copies and captions, open what is there, tell
if it is clean.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import Invalid, Problem, short
from ..messages import Message
from ..options.params import MOST_STEPS
from ..photos import files as photo_files
from ..photos.faces import Detector, find_detector
from ..photos.masking import NO_MASKS, Masks
from ..photos.printable import shown
from . import caption_text, manifest, subjects
from .kohya_folder import (
    HELD_OUT,
    Dataset,
    Subset,
    open_dataset,
    open_folders,
    repeats_for,
)
from .looking.findings import Finding, Progress, examine
from .subjects import PhotoShare
from .verdicts import DatasetCheck, PhotoVerdict, check, judge
from .writing import leaves
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
        copies = leaves.unsorted(root, len(files))
        findings = examine(files, copies, progress, detector, masks=masks)
        checks = [
            (share, _judged(share, findings[part], detector), copies[part])
            for share, part in zip(shares, _parts(groups), strict=True)
        ]
        checked = _together([(share, found) for share, found, _ in checks])
        if problems := _unusable([(share, found) for share, found, _ in checks]):
            raise Invalid(problems)
        written = _placed(root, checks, steps)
        leaves.finish(root, written, _with_masks(_about(shares, steps), masks), hold_out)
    return replace(open_dataset(out), checked=checked)


def _about(shares: Sequence[PhotoShare], steps: int) -> dict[str, Any]:
    """What the manifest says of the set."""
    return {
        "subject": shares[0].name,
        "class_token": shares[0].class_token,
        "wanted_steps": steps,
        **subjects.manifest_of([(share.name, share.class_token) for share in shares]),
    }


def _parts(groups: Sequence[Sequence[Path]]) -> Iterator[slice]:
    """Where each group lies in the list of all."""
    begin = 0
    for group in groups:
        yield slice(begin, begin := begin + len(group))


def _judged(
    share: PhotoShare, findings: Sequence[Finding], detector: Detector | None
) -> DatasetCheck:
    fallback = caption_text.draft(share.name, share.class_token)
    return judge(findings, share.name, fallback, paths=share.photos, detector=detector)


def _placed(
    root: Path, checks: Sequence[tuple[PhotoShare, DatasetCheck, list[Path]]], steps: int
) -> dict[str, Any]:
    """Each share's photos in its folder; shares of one subject with the same repeats lie in one."""
    repeats = subjects.repeats_of([(share, found.used) for share, found, _ in checks], steps)
    placed: dict[Path, list[tuple[PhotoVerdict, Path]]] = {}
    fallbacks: dict[Path, str] = {}
    for (share, found, copies), times in zip(checks, repeats, strict=True):
        leaf = subjects.leaf_of(share, times)
        placed.setdefault(leaf, []).extend(zip(found.photos, copies, strict=True))
        fallbacks[leaf] = caption_text.draft(share.name, share.class_token)
    written: dict[str, Any] = {}
    for leaf, photos in placed.items():
        written |= leaves.place(root, leaf, photos, fallbacks[leaf])
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

    Captions are repaired only so far that they can be read, and begin with the subject's name where
    somebody has said it (`Dataset.named`); copies of a photo stay, since somebody put them there.
    """
    out = Path(out).absolute()
    subsets = _all_of(dataset)
    detector, folders = find_detector(face_models), [subset.folder for _, subset in subsets]
    if problems := [*place_problems(out, folders), *_mask_problems(masks, detector)]:
        raise Invalid(problems)
    groups = [photo_files.find(subset.folders) for _, subset in subsets]
    files = [file for group in groups for file in group]
    with written_aside(out) as root:
        copies = leaves.unsorted(root, len(files))
        findings = examine(files, copies, progress, detector, masks=masks)
        written: dict[str, Any] = {}
        for (parent, subset), part in zip(subsets, _parts(groups), strict=True):
            name = subset.subject if dataset.named and parent != "reg" else ""
            written |= _copied(root, parent, subset, name, findings[part], copies[part])
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
        leaves.finish(root, written, _with_masks(about, masks), decided)
    return replace(open_dataset(out), checked=checked), checked


def _all_of(dataset: Dataset) -> list[tuple[str, Subset]]:
    """Every folder of the dataset, with the one that it lies in."""
    return [
        *(("img", subset) for subset in dataset.subsets),
        *(("reg", subset) for subset in dataset.regularisation),
        *((HELD_OUT, subset) for subset in _held_out(dataset)),
    ]


def _copied(
    root: Path,
    parent: str,
    subset: Subset,
    name: str,
    findings: Sequence[Finding],
    copies: Sequence[Path],
) -> dict[str, Any]:
    """Place one folder's photos, their captions beginning with ``name``; returns what the manifest
    says of each.
    """
    fallback = caption_text.draft(subset.subject, subset.class_token) or "photo"
    verdicts = judge(findings, name, fallback, drop_copies=False).photos
    leaf = leaves.held_leaf(subset) if parent == HELD_OUT else leaves.leaf_of(root / parent, subset)
    return leaves.place(root, leaf, zip(verdicts, copies, strict=True), fallback)


def _held_out(dataset: Dataset) -> list[Subset]:
    """The folders of photos that are held out, each with its subject."""
    named = {one.words: (one.subject, one.class_token) for one in dataset.subsets}
    usual = (dataset.subject, dataset.class_token)
    folders = dict.fromkeys(photo.parent for photo in dataset.held_out)
    return [Subset(one, 1, *named.get(one.name, usual), 0) for one in folders]


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
