"""The dataset doctor: what will be used of a set of photos, and what to mind, one sentence per
photo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..messages import Message, code_of, joined
from ..photos import files as photos
from ..photos.faces import Detector, find_detector
from ..photos.masking.masked import fits
from ..photos.masking.names import ALPHA, FILE, mask_of
from ..photos.printable import shown
from . import caption_text, caption_tokens
from .advice import set_advice
from .caption_text import Repaired
from .looking.concerns import Concern, explained, face_concerns
from .looking.coverage import Facet, coverage
from .looking.findings import Finding, Progress, examine
from .looking.originals import better_ones, originals_of
from .looking.passes import Watch, look_in_passes
from .looking.people import NOT_ASKED, SamePerson

LONG = 1000
"""From this many photos on a check takes long enough to be kept."""
GOOD_AREA = 512 * 512
WIDEST = 2.0
GOOD, MIND, LEFT_OUT = "good", "mind", "left out"
BRIGHT, TRANSPARENT = ("photo.bright", "photo.bright_white"), "photo.transparent"
"""Codes of `photos.measures` and `photos.pixels`: what lies on white is bright, which is fine."""


Compare = Callable[[Sequence[Finding], Progress | None], Sequence[SamePerson]]
"""Who is on the photos, for each subject; told how many faces are compared."""


@dataclass(frozen=True)
class PhotoVerdict:
    """What becomes of one file, in one sentence.

    ``caption`` is the text that will be written, None where there is none.
    """

    path: Path
    verdict: str
    sentence: str
    width: int = 0
    height: int = 0
    notes: tuple[str, ...] = ()
    concerns: tuple[str, ...] = ()
    caption: Repaired | None = None
    words: int | None = None
    tokens: int | None = None
    copy_of: Path | None = None
    mask: str = ""
    """Where its mask is: `masks.FILE`, `masks.ALPHA`, or nowhere."""

    @property
    def findings(self) -> list[Concern]:
        """The concerns, each with its severity and its remedy."""
        return [explained(concern) for concern in self.concerns]

    @property
    def used(self) -> bool:
        return self.verdict != LEFT_OUT


@dataclass(frozen=True)
class DatasetCheck:
    """All verdicts in order, and advice about the set as a whole."""

    photos: tuple[PhotoVerdict, ...]
    advice: tuple[str, ...] = field(default=())
    coverage: tuple[Facet, ...] = field(default=())
    passes: tuple[str, ...] = field(default=(), compare=False)
    """What was done in which pass, of a check of many photos."""

    @property
    def used(self) -> int:
        return sum(verdict.used for verdict in self.photos)

    @property
    def masks(self) -> int:
        """Photos that will be used and have a mask."""
        return sum(bool(verdict.mask) for verdict in self.photos if verdict.used)

    @property
    def summary(self) -> str:
        return Message(
            "photo.photos_used",
            "{used} of {count} {count:photo|photos} will be used.",
            used=self.used,
            count=len(self.photos),
        )

    def lines(self) -> list[str]:
        """As a terminal shows it: a line per photo, the advice, the summary."""
        rows = [line for verdict in self.photos for line in _lines(verdict)]
        shown = [
            f"set       {joined([facet.text, facet.missing], '; ')}" for facet in self.coverage
        ]
        text = "{masks} of {count} photos {masks:has|have} a mask (used with `--masks`)"
        masked = Message("photo.masks", text, masks=self.masks, count=self.used)
        masks = [f"masks     {masked}"] if self.masks else []
        notes = [f"note      {advice}" for advice in self.advice]
        return [*rows, *shown, *masks, *notes, self.summary]


def check(
    paths: Sequence[Path],
    progress: Progress | None = None,
    *,
    face_models: Sequence[Path] = (),
    kept: Path | None = None,
    watch: Watch | None = None,
    compare: Compare | None = None,
) -> DatasetCheck:
    """Look at every photo in ``paths`` and change nothing.

    ``face_models``: folders that may hold YuNet's .onnx. ``kept``: the file in which the findings
    of `LONG` and more photos wait for the next time, or for a check that was broken off.
    ``watch``: who is told of it, in the place of ``progress``. ``compare``: who can tell whether
    these are photos of one person.
    """
    paths, watch = [Path(path).absolute() for path in paths], watch or Watch(photos=progress)
    detector, files = find_detector(face_models), photos.find(paths)
    if kept and len(files) >= LONG:
        findings, passes = look_in_passes(files, kept, detector, watch)
    else:
        findings, passes = examine(files, progress=watch.photos, detector=detector), ()
    people = compare(findings, watch.faces) if compare else (NOT_ASKED,)
    judged = judge(findings, paths=paths, detector=detector, people=people)
    return replace(judged, passes=passes)


def judge(
    findings: Sequence[Finding],
    name: str = "",
    fallback: str = "",
    *,
    paths: Sequence[Path] = (),
    detector: Detector | None = None,
    drop_copies: bool = True,
    people: Sequence[SamePerson] = (NOT_ASKED,),
) -> DatasetCheck:
    """Verdicts on ``findings``; ``people``: who is on them, for each subject.

    Captions are repaired as `captions.repair` does with ``name`` and ``fallback``.
    """
    originals, of_people = originals_of(findings), _of_people(findings)
    better = better_ones([one for one in findings if one.path not in originals])
    strangers = {sha: one for told in people for sha, one in told.strangers.items()}
    several_folders = len({finding.path.parent for finding in findings}) > 1
    verdicts = []
    for finding in findings:
        label, original = _label(finding.path, several_folders), originals.get(finding.path)
        if finding.photo is None:
            verdicts.append(PhotoVerdict(finding.path, LEFT_OUT, _said(label, finding.reason)))
        elif original and drop_copies:
            verdicts.append(_copy_verdict(finding, original, label))
        else:
            found = [*_concerns(finding, of_people), *_about_others(finding, original, better)]
            if stranger := strangers.get(finding.sha256):
                found.append(stranger.reason)
            verdicts.append(_verdict(finding, label, (name, fallback), found))
    faceless = sum(
        verdict.used and not finding.faces
        for verdict, finding in zip(verdicts, findings, strict=True)
    )
    faces = (detector.name, faceless) if detector else None
    used = [finding for finding, verdict in zip(findings, verdicts, strict=True) if verdict.used]
    advice = tuple(set_advice(verdicts, paths, faces))
    return DatasetCheck(tuple(verdicts), advice, tuple(coverage(used, people)))


def _label(path: Path, several_folders: bool) -> str:
    """A photo's name, with its folder's where there are several."""
    return shown(Path(path.parent.name, path.name) if several_folders else path.name)


def _lines(verdict: PhotoVerdict) -> Iterator[str]:
    yield f"{verdict.verdict:<8}  {verdict.sentence}"
    remedies = dict.fromkeys(finding.remedy for finding in verdict.findings)
    if verdict.used and remedies:
        yield f"{'':<8}  {joined(list(remedies), ' ')}"


def _said(label: str, reason: str) -> Message:
    return Message("photo.unreadable", "{file} {reason}", file=label, reason=reason)


def _copy_verdict(finding: Finding, original: Finding, label: str) -> PhotoVerdict:
    what = (
        Message("photo.same_file", "is the same file as")
        if finding.sha256 == original.sha256
        else Message("photo.copy", "is a copy of")
    )
    sentence = Message(
        "photo.used_instead",
        "{label} {what_name} {shown}, which is used instead.",
        label=label,
        what_name=what,
        shown=shown(original.path.name),
    )
    return PhotoVerdict(finding.path, LEFT_OUT, sentence, copy_of=original.path)


def _verdict(
    finding: Finding, label: str, captions_as: tuple[str, str], concerns: list[str]
) -> PhotoVerdict:
    photo = finding.photo
    assert photo is not None
    keep_lines = not captions_as[0]  # somebody's own set: its captions stay as they are
    caption = (
        None
        if finding.caption is None
        else caption_text.repair(finding.caption, *captions_as, keep_lines=keep_lines)
    )
    text = caption.text.partition("\n")[0] if caption else ""
    counted = (
        (caption_text.words(text), caption_tokens.count_tokens(text)) if text else (None, None)
    )
    facts = [f"{photo.width} x {photo.height}", *photo.notes, *_caption_facts(caption, *counted)]
    return PhotoVerdict(
        finding.path,
        MIND if concerns else GOOD,
        _used_sentence(label, joined(facts, ", "), concerns),
        photo.width,
        photo.height,
        photo.notes,
        tuple(concerns),
        caption,
        words=counted[0],
        tokens=counted[1],
        mask=_mask(finding),
    )


def _used_sentence(label: str, about: str, concerns: Sequence[str]) -> str:
    if not concerns:
        return Message("photo.good", "{label} is good ({about}).", label=label, about=about)
    return Message(
        "photo.used_mind",
        "{label} will be used ({about}); mind: {concerns}.",
        label=label,
        about=about,
        concerns=joined(concerns, "; "),
    )


def _mask(finding: Finding) -> str:
    """Where the photo's mask is, "" for nowhere."""
    notes = finding.photo.notes if finding.photo else ()
    if mask_of(finding.path):
        return FILE
    return ALPHA if any(code_of(note) == TRANSPARENT for note in notes) else ""


def _of_people(findings: Sequence[Finding]) -> bool:
    """Whether a photo without a face is an exception here;
    a set of dogs needs no warning at each.
    """
    counts = [finding.faces for finding in findings if finding.faces is not None]
    return sum(map(bool, counts)) * 2 > len(counts)


def _concerns(finding: Finding, of_people: bool) -> Iterator[str]:
    photo, measures = finding.photo, finding.measures
    assert photo is not None and measures is not None
    if photo.width * photo.height < GOOD_AREA:
        yield Message("photo.small_more_better", "small, 512 x 512 or more is better")
    if max(photo.width, photo.height) > WIDEST * min(photo.width, photo.height):
        yield Message("photo.long_narrow_training_crops", "long and narrow, so training crops it")
    for concern in measures.concerns():
        if not (
            code_of(concern) in BRIGHT and any(code_of(note) == TRANSPARENT for note in photo.notes)
        ):
            yield concern
    if finding.lies:
        yield Message("photo.lies", "lies on its side")
    elif of_people and finding.faces == ():
        yield Message("photo.face_found", "no face found")
    elif finding.faces is not None and len(finding.faces) > 1:
        yield Message("photo.faces", "{count} faces", count=len(finding.faces))
    yield from face_concerns(finding)
    mask = mask_of(finding.path)
    if mask and not fits(mask, (photo.width, photo.height)):
        text = "its mask {mask} doesn't fit"
        yield Message("photo.mask_misfit", text, mask=shown(mask.name))


def _about_others(
    finding: Finding, original: Finding | None, better: Mapping[Path, Finding]
) -> Iterator[str]:
    if original:
        yield Message("photo.copy_2", "a copy of {shown}", shown=shown(original.path.name))
    if other := better.get(finding.path):
        text = "nearly the same as {shown}, which is better"
        yield Message("photo.nearly_same", text, shown=shown(other.path.name))


def _caption_facts(
    caption: Repaired | None, words: int | None, tokens: int | None
) -> Iterator[str]:
    if caption is None:
        return
    yield Message("photo.caption_words", "caption of {words} {words:word|words}", words=words or 0)
    if tokens is not None:
        yield Message("photo.caption_tokens", "{tokens} {tokens:token|tokens}", tokens=tokens)
    yield from (
        Message("photo.caption_change", "caption: {change}", change=change)
        for change in (*caption.changes, *caption.remarks)
    )
