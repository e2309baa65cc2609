"""What may be asked about photos, and of the folders that hold them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from ...jobs.folder import KEEP
from ...photos.video.request import MOST_FRAMES, USUAL
from ...shapes.marks import Bounds, Example, OneOf
from .common import Files, HeldOut, Photos, Steps

FrameCount = Annotated[int, Bounds(1, MOST_FRAMES), "of each, how many at most"]


@dataclass(frozen=True)
class UploadBody:
    """Photos, captions (.txt named after a photo) or zips, all or nothing."""

    files: Files
    subject: Annotated[int, "whom they show: a subject's number"] = 1


@dataclass(frozen=True)
class FolderBody:
    """A folder of photos, which stay where they are."""

    path: Annotated[Path | None, "null: no folder", Example("/photos")]
    subject: Annotated[int, "whom they show: a subject's number"] = 1


@dataclass(frozen=True)
class CheckBody:
    """Photos or folders to look at."""

    photos: Photos


@dataclass(frozen=True)
class DatasetBody:
    """A kohya folder to write."""

    photos: Photos
    name: Annotated[str, Bounds(0, 1000), "of the subject", Example("AlvaroBadia")]
    class_: Annotated[str, Bounds(0, 1000), "class token", Example("man")]
    out: Annotated[Path, "where it is written", Example("/datasets/AlvaroBadia")]
    steps: Steps = 1500
    held_out: Annotated[
        HeldOut,
        "photos to measure on, never trained: names, auto or none; null: the training decides",
    ] = None
    masks: Annotated[bool, "train only what the photos' masks show"] = False
    face_masks: Annotated[bool, "the same; photos without a mask get a box around the face"] = False
    unmasked_weight: Annotated[float, Bounds(0, 1), "with masks: what hidden pixels weigh"] = 0.0


@dataclass(frozen=True)
class FramesBody:
    """A video to take photos from."""

    video: Annotated[Path, Example("/videos/IMG_0042.MOV")]
    out: Annotated[Path, "the folder they go to", Example("/photos")]
    count: Annotated[int, Bounds(1, MOST_FRAMES), "how many at most"] = USUAL


@dataclass(frozen=True)
class RegularizationBody:
    """Regularization pictures to draw: what the base model itself makes of the class word."""

    class_: Annotated[str, Bounds(0, 1000), "class token", Example("man")]
    base: Annotated[
        Path, "the base model that will be trained", Example("/models/sd15.safetensors")
    ]
    count: Annotated[
        int | None, "null: as many as the dataset shows photos of the class, at most 200"
    ] = None
    out: Annotated[
        Path | None, "the dataset whose reg folder gets them; null: the home keeps them"
    ] = None
    prompt: Annotated[str, Bounds(0, 1000), "what is asked for; empty: the class word"] = ""
    resolution: Annotated[
        Annotated[int, Bounds(64, 2048)] | None, "the side of a picture; null: the family's"
    ] = None


@dataclass(frozen=True)
class DrawRegularizationBody:
    """Regularization pictures for the draft."""

    count: Annotated[int, Bounds(0, 10_000), "of each class word; 0: none", Example(200)]
    by: Annotated[
        Literal["embedded", "webui"],
        "who draws them: our own sampler as a job, or the WebUI between other pictures",
    ] = "embedded"


@dataclass(frozen=True)
class VideosBody:
    """Videos whose best frames come into the draft."""

    files: Files
    count: FrameCount = USUAL
    subject: Annotated[int, "whom they show: a subject's number"] = 1


@dataclass(frozen=True)
class VideoFileBody:
    """A video on this machine whose best frames come into the draft."""

    video: Annotated[Path, Example("/videos/IMG_0042.MOV")]
    count: FrameCount = USUAL
    subject: Annotated[int, "whom it shows: a subject's number"] = 1


@dataclass(frozen=True)
class CleanBody:
    """Free what finished trainings don't need."""

    keep: Annotated[
        Annotated[str, OneOf(tuple(KEEP))] | None,
        "from now on keep this of each of them; null: by the home's rule",
    ] = None
    dry_run: Annotated[bool, "only say how much; nothing is freed or set"] = False


@dataclass(frozen=True)
class PngBody:
    """A PNG, as it is: white is trained, black is ignored."""

    data: bytes
