"""How the picture with a photo's mask is called, and where it lies."""

from __future__ import annotations

from pathlib import Path

ENDINGS = (".png", ".webp", ".jpg", ".jpeg")
MARKS = (".mask", "-masklabel")
"""``1.mask.png`` beside ``1.jpg``; OneTrainer calls it ``1-masklabel.png``."""
FOLDERS = ("mask", "masks")
"""``mask/1.png`` beside ``1.jpg``, as sd-scripts' ``conditioning_data_dir`` has it."""


FILE, ALPHA = "file", "alpha"
"""Where a photo's mask may be: in a picture of its own, or in its alpha channel."""


def mask_of(photo: Path) -> Path | None:
    """The picture with the mask of ``photo``, the first of those above that is there."""
    stems = [photo.with_name(photo.stem + mark) for mark in MARKS]
    stems += [
        photo.parent / name / photo.stem for name in FOLDERS if (photo.parent / name).is_dir()
    ]
    files = (stem.with_name(stem.name + ending) for stem in stems for ending in ENDINGS)
    return next((file for file in files if file.is_file()), None)


def masked_stem(file: Path) -> str | None:
    """The stem of the photo that ``file`` would be the mask of, by its name; or None."""
    if file.suffix.lower() not in ENDINGS:
        return None
    found = (file.stem.removesuffix(mark) for mark in MARKS if file.stem.endswith(mark))
    return next(filter(None, found), None)
