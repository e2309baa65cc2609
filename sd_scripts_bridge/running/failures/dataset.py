"""Pictures and captions that the trainer can't read."""

from __future__ import annotations

from .known import RAISED, FailureKind, Known, known

ROWS: tuple[Known, ...] = (
    known(
        "dataset-empty",
        FailureKind.DATASET,
        "run; bmaltais/kohya_ss#1725",
        r"^No data found\. Please verify arguments",
        "The trainer found no pictures in the dataset. Check its folder, then start again.",
    ),
    known(
        "picture-unreadable",
        FailureKind.DATASET,
        "run",
        r"^failed to get image size: (?P<file>.+?), error: (?s:.*)^ZeroDivisionError",
        "The picture {file} can't be read. Remove it or export it again, then start again.",
    ),
    known(
        "picture-damaged",
        FailureKind.DATASET,
        "run",
        r"^Error loading file: (?P<file>[^\n]+)$",
        "The picture {file} is damaged. Remove it or export it again, then start again.",
    ),
    known(
        "picture-truncated",
        FailureKind.DATASET,
        "Pillow",
        RAISED + r"(?:image file is truncated|broken (?:data stream|PNG file))",
        "A picture is cut off: the end of its file is missing. Run `sd-scripts-bridge check` on "
        "the dataset to see which one.",
    ),
    known(
        "picture-unknown",
        FailureKind.DATASET,
        "Pillow",
        RAISED + r"cannot identify image file (?P<file>'[^\n]+')",
        "{file} is not a picture. Remove it, then start again.",
    ),
    known(
        "picture-huge",
        FailureKind.DATASET,
        "Pillow",
        r"^(?:[\w.]+\.)?DecompressionBombError\b",
        "A picture is too large to be opened safely. Run `sd-scripts-bridge check` on the "
        "dataset to see which one.",
    ),
    known(
        "caption-empty",
        FailureKind.DATASET,
        "run",
        RAISED + r"caption file is empty / [^:]*: (?P<file>[^\n]+)",
        "The caption file {file} is empty. Write a caption or delete the file, then start again.",
    ),
    known(
        "caption-encoding",
        FailureKind.DATASET,
        "run",
        r"^illegal char in file \(not UTF-8\) / [^:]*: (?P<file>[^\n]+)$",
        "The caption file {file} is not UTF-8 text. Save it as UTF-8, then start again.",
    ),
    known(
        "picture-too-large",
        FailureKind.OPTION,
        "run",
        RAISED
        + r"image (?:too large, but cropping and bucketing are disabled|size is small) / [^:]*: "
        r"(?P<file>[^\n]+)",
        "The picture {file} doesn't have the training resolution. Set enable_bucket=true.",
    ),
)
