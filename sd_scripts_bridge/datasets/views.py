"""The doctor's report and a written folder, as REST and ``--json`` tell them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from ..options.params import TrainingParams
from ..photos.headers.scan import Headers
from ..photos.masking.names import ALPHA, FILE
from ..photos.printable import shown
from ..shapes.marks import Example, OneOf
from .framing.buckets import Buckets
from .framing.frame import bucket_counts, frame
from .kohya_folder import Dataset
from .looking.concerns import Concern
from .looking.coverage import Facet
from .looking.passes import summary
from .verdicts import GOOD, LEFT_OUT, MIND, DatasetCheck, PhotoVerdict

MOST_SIZES = 1000

MASKS = ("", ALPHA, FILE)


@dataclass(frozen=True)
class VerdictView:
    """What becomes of one photo."""

    file: Annotated[str, Example("IMG_2031.jpg")]
    path: Annotated[str, Example("/photos/IMG_2031.jpg")]
    verdict: Annotated[str, OneOf((GOOD, MIND, LEFT_OUT))]
    used: bool
    sentence: str
    width: Annotated[int, Example(3024)]
    height: Annotated[int, Example(4032)]
    notes: Annotated[Sequence[str], "what reading it took"]
    concerns: Annotated[Sequence[str], "what to mind"]
    findings: Annotated[Sequence[Concern], "the same, with severity and remedy"]
    caption: Annotated[str | None, "what will be written; null: there is none"]
    words: Annotated[int | None, "of the caption"]
    tokens: Annotated[int | None, "CLIP's"]
    copy_of: Annotated[str | None, "the same photo, which is used"]
    mask: Annotated[str, "where its mask is, which counts where masks are on", OneOf(MASKS)]


@dataclass(frozen=True)
class BucketView:
    """A size that is trained, and how many of the used photos get it."""

    width: Annotated[int, Example(448)]
    height: Annotated[int, Example(576)]
    photos: Annotated[int, Example(10)]


@dataclass(frozen=True)
class ReportView:
    """The dataset doctor's report on photos."""

    used: Annotated[int, Example(10)]
    total: Annotated[int, Example(12)]
    summary: Annotated[str, Example("10 of 12 photos will be used.")]
    advice: Annotated[Sequence[str], "what to mind about the set"]
    coverage: Annotated[Sequence[Facet], "what the set shows of its subject"]
    buckets: Annotated[
        Sequence[BucketView], "the sizes that the trainer will see, the fullest first"
    ]
    masks: Annotated[int, "photos that will be used and have a mask", Example(3)]
    photos: Sequence[VerdictView]
    passes: Annotated[
        Sequence[str], "of 1,000 photos and more: what was done in which pass, and how long it took"
    ] = ()


@dataclass(frozen=True)
class SizeView:
    """A size, and how many photos have it once they are upright."""

    width: Annotated[int, Example(3024)]
    height: Annotated[int, Example(4032)]
    photos: Annotated[int, Example(10)]


@dataclass(frozen=True)
class HeadersView:
    """What the photos' headers say, without decoding any."""

    files: Annotated[int, Example(12)]
    known: Annotated[int, "kept from an earlier scan: size and time of the file are the same"]
    pictures: Annotated[int, Example(11)]
    formats: Annotated[Mapping[str, int], "how many of each", Example({"JPEG": 11})]
    sizes: Annotated[Sequence[SizeView], "the most frequent first, at most 1,000"]
    turned: Annotated[int, "pictures that aren't stored upright"]
    too_small: Annotated[int, "pictures that are too small to train"]
    no_pictures: Annotated[int, "files that aren't pictures, or can't be opened", Example(1)]
    seconds: Annotated[float, Example(0.4)]
    summary: str


@dataclass(frozen=True)
class FolderView:
    """One folder of a written dataset."""

    subject: Annotated[str, "name and class, as captions say them", Example("AlvaroBadia man")]
    folder: Annotated[str, Example("/datasets/AlvaroBadia/img/150_AlvaroBadia man")]
    images: Annotated[int, Example(10)]
    repeats: Annotated[int, Example(150)]


@dataclass(frozen=True)
class DatasetView:
    """A kohya folder that was just written."""

    root: Annotated[str, Example("/datasets/AlvaroBadia")]
    folder: Annotated[str, Example("/datasets/AlvaroBadia/img/150_AlvaroBadia man")]
    images: Annotated[int, Example(10)]
    repeats: Annotated[int, Example(150)]
    wanted_steps: Annotated[int | None, Example(1500)]
    steps: Annotated[int, "images x repeats", Example(1500)]
    folders: Annotated[Sequence[FolderView], "all of them; the first one is told above, too"]
    held_out: Annotated[Sequence[str], "photos that are never trained on"]
    masks: Annotated[int | None, "photos with a mask; null: written without masks"]
    report: ReportView | None


def buckets_of(checked: DatasetCheck, resolution: str = "512") -> list[BucketView]:
    """The sizes that a training at ``resolution`` ("512" or "512,768") will see of the photos that
    are used, with buckets from half to twice its side, as our presets have them.
    """
    side = max(TrainingParams(resolution=resolution).area)
    params = TrainingParams(
        resolution=resolution, min_bucket_reso=side // 2, max_bucket_reso=2 * side
    )
    buckets = Buckets(params)
    sizes = [(photo.width, photo.height) for photo in checked.photos if photo.used]
    counts = bucket_counts(frame(size, buckets) for size in sizes)
    return [BucketView(*size, count) for size, count in counts]


def report_view(checked: DatasetCheck, resolution: str = "512") -> ReportView:
    """What the doctor says, with its sentences."""
    return ReportView(
        used=checked.used,
        total=len(checked.photos),
        summary=checked.summary,
        advice=checked.advice,
        coverage=checked.coverage,
        buckets=buckets_of(checked, resolution),
        masks=checked.masks,
        photos=[_verdict_view(verdict) for verdict in checked.photos],
        passes=checked.passes,
    )


def headers_view(headers: Headers) -> HeadersView:
    """The sums, and their sentence."""
    return HeadersView(
        files=headers.files,
        known=headers.known,
        pictures=headers.pictures,
        formats=dict(headers.formats.most_common()),
        sizes=[SizeView(*size, count) for size, count in headers.sizes.most_common(MOST_SIZES)],
        turned=headers.turned,
        too_small=headers.too_small,
        no_pictures=headers.no_pictures,
        seconds=round(headers.seconds, 3),
        summary=summary(headers),
    )


def dataset_view(data: Dataset) -> DatasetView:
    """The folder, and what was said about its photos."""
    return DatasetView(
        root=str(data.root),
        folder=str(data.subsets[0].folder),
        images=data.images,
        repeats=data.subsets[0].repeats,
        wanted_steps=data.wanted_steps,
        steps=data.real_steps,
        folders=[
            FolderView(one.words, str(one.folder), one.images, one.repeats) for one in data.subsets
        ],
        held_out=[str(photo) for photo in data.held_out],
        masks=data.masks,
        report=report_view(data.checked) if data.checked else None,
    )


def _verdict_view(verdict: PhotoVerdict) -> VerdictView:
    return VerdictView(
        file=shown(verdict.path.name),
        path=shown(verdict.path),
        verdict=verdict.verdict,
        used=verdict.used,
        sentence=verdict.sentence,
        width=verdict.width,
        height=verdict.height,
        notes=verdict.notes,
        concerns=verdict.concerns,
        findings=verdict.findings,
        caption=verdict.caption.text if verdict.caption else None,
        words=verdict.words,
        tokens=verdict.tokens,
        copy_of=shown(verdict.copy_of) if verdict.copy_of else None,
        mask=verdict.mask,
    )
