"""What travels to the cluster: our package, the photos with their captions, and a small base model,
as zips.

Ray's dashboard takes 100 MiB at once, so photos go in several parts. A part is the same bytes
whenever it is made of the same files, so that what the cluster has already is not sent again.
"""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import Invalid, Problem
from ..paths import PACKAGE_PARENT
from .ray_jobs import RayJobs

PART = "lora_bridge_part"
"""The folder in a part's zip; it lies on the remote program's sys.path."""
PART_BYTES = 80_000_000
LARGEST_BASE = 200_000_000
LARGEST_DATASET = 4_000_000_000
_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_OURS = (".py", ".toml", ".json")

File = tuple[str, Path]
"""A file's place in the parcel, and where it lies here."""


def problems(image_dir: Path, base: Path | None) -> list[Problem]:
    """What is too large to send."""
    found = []
    if base is not None and base.stat().st_size > LARGEST_BASE:
        found.append(
            Problem(
                "parcel.gb_too_much_send",
                "base",
                "{name} has {st_size} GB, too much to send through Ray",
                "Put it where the cluster can read it, and give --on-base PATH (its path there).",
                name=base.name,
                st_size=f"{base.stat().st_size / 1000000000.0:.1f}",
            )
        )
    size = sum(path.stat().st_size for _, path in photos(image_dir))
    if size > LARGEST_DATASET:
        found.append(
            Problem(
                "parcel.photos_gb_too_much",
                "dataset",
                "the photos have {size} GB, too much to send through Ray",
                "Train there: copy them to the cluster, and run `train` on it.",
                size=f"{size / 1000000000.0:.1f}",
            )
        )
    return found


def photos(image_dir: Path) -> list[File]:
    """The pictures and captions of a kohya folder, with the ``reg`` folder beside it."""
    folders = [("img", image_dir), ("reg", image_dir.parent / "reg")]
    return [
        (f"{name}/{path.relative_to(folder).as_posix()}", path)
        for name, folder in folders
        if folder.is_dir()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix != ".npz"
    ]


def send(
    jobs: RayJobs, image_dir: Path, base: Path | None, tokenizers: Path | None = None
) -> dict[str, Any]:
    """Everything that the cluster lacks; returns the runtime environment that holds it.

    Raises `Invalid`.
    """
    found = problems(image_dir, base)
    if found:
        raise Invalid(found)
    files = [*photos(image_dir), *([(f"base/{base.name}", base)] if base else [])]
    if tokenizers:
        files += [
            (f"engines/tokenizers/{path.relative_to(tokenizers).as_posix()}", path)
            for path in sorted(tokenizers.rglob("*"))
            if path.is_file()
        ]
    parts = [jobs.upload(part) for part in _parts(files)]
    return {"working_dir": jobs.upload(_zip(_package())), "py_modules": parts}


def _package() -> list[File]:
    folder = PACKAGE_PARENT / "sd_scripts_bridge"
    return [
        (path.relative_to(PACKAGE_PARENT).as_posix(), path)
        for path in sorted(folder.rglob("*"))
        if path.suffix in _OURS and "__pycache__" not in path.parts
    ]


def _parts(files: list[File]) -> Iterator[bytes]:
    """Each below the dashboard's limit, unless one file alone is above it; at most a part is in
    memory.
    """
    part: list[File] = []
    size = 0
    for name, path in files:
        if part and size + path.stat().st_size > PART_BYTES:
            yield _zip(part)
            part, size = [], 0
        part.append((f"{PART}/{name}", path))
        size += path.stat().st_size
    if part:
        yield _zip(part)


def _zip(files: list[File]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as parcel:
        for name, path in files:
            entry = zipfile.ZipInfo(name, _LONG_AGO)
            entry.external_attr = 0o644 << 16
            parcel.writestr(entry, path.read_bytes())
    return out.getvalue()


def unpack(path: list[str], out: Path) -> Path:
    """Put the parts that lie on ``path`` (a sys.path) together in ``out``; returns it.

    Runs on the cluster.
    """
    for folder in {Path(entry) / PART for entry in path}:
        for file in folder.rglob("*") if folder.is_dir() else ():
            target = out / file.relative_to(folder)
            if file.is_file() and not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                try:
                    os.link(file, target)
                except OSError:
                    shutil.copyfile(file, target)
    return out
