"""Pictures that were added to a dataset of ours, written down: so it is still known as ours."""

from __future__ import annotations

from pathlib import Path

from ...photos import files as photo_files
from .. import manifest


def record(root: Path, folder: Path) -> None:
    """Add the pictures in ``folder`` to the manifest of the dataset at ``root``; where it has none,
    the dataset isn't ours. Raises OSError.
    """
    data = manifest.read(root)
    if not data:
        return
    files = dict(data["files"])
    for image in photo_files.find([folder]):
        key = image.relative_to(root).as_posix()
        if not manifest.unchanged(image, files.get(key)):
            files[key] = {"from": image.name, "verdict": "good", **manifest.mark(image)}
    about = {key: value for key, value in data.items() if key not in ("version", "files")}
    manifest.write(root, about, files)
