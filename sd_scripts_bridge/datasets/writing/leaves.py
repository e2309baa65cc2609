"""The folders of a dataset that is being written: numbered photos, captions beside them."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from ...photos import files as photo_files
from ...photos.masking.masked import is_masked_file
from ...photos.printable import shown
from .. import held_out, manifest
from ..kohya_folder import HELD_OUT, Subset, leaf_name
from ..verdicts import PhotoVerdict

_UNSORTED = "unsorted"


def unsorted(root: Path, count: int) -> list[Path]:
    """Where the copies go before it is known which are used."""
    (root / _UNSORTED).mkdir()
    return [root / _UNSORTED / f"{number}.png" for number in range(count)]


def place(
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


def leaf_of(parent: Path, subset: Subset) -> Path:
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


def held_leaf(subset: Subset) -> Path:
    """The folder of a subject's photos that are held out."""
    own = subset.folder.name
    return Path(HELD_OUT) if own == HELD_OUT else Path(HELD_OUT, shown(own))


def finish(
    root: Path, written: dict[str, Any], about: dict[str, Any], hold_out: Sequence[str] | None
) -> None:
    """Set photos aside where that is wanted, and write the manifest."""
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
