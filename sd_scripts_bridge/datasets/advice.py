"""What to mind about a set of photos as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from ..photos import files as photo_files
from ..photos.files import shown
from .caption_text import ADVICE, Repaired

FEWEST, MOST = 5, 100
CHUNK = 75
"""CLIP reads captions in chunks of so many tokens."""


class Judged(Protocol):
    """What of a verdict counts here."""

    @property
    def path(self) -> Path: ...
    @property
    def used(self) -> bool: ...
    @property
    def copy_of(self) -> Path | None: ...
    @property
    def caption(self) -> Repaired | None: ...
    @property
    def words(self) -> int | None: ...
    @property
    def tokens(self) -> int | None: ...


def set_advice(
    verdicts: Sequence[Judged],
    paths: Sequence[Path],
    faces: tuple[str, int] | None,
    *,
    captions: bool = True,
) -> Iterator[str]:
    """One sentence for each thing to mind.

    ``faces``: who looked for them, and on how many photos in vain. ``captions``: about these, too.
    """
    used = [verdict for verdict in verdicts if verdict.used]
    unreadable = sum(not verdict.used and verdict.copy_of is None for verdict in verdicts)
    copies = sum(verdict.copy_of is not None for verdict in verdicts)
    if not verdicts:
        yield "There are no photos here."
    elif len(used) < FEWEST:
        yield (
            f"{_count(len(used), 'photo')} can be used, which is few: 5 to 20 different ones "
            "give a better LoRA."
        )
    elif len(used) > MOST:
        yield f"{len(used)} photos are many: in 1500 steps each one is seen fewer than 15 times."
    if unreadable:
        yield f"{_count(unreadable, 'file')} can't be used as a photo."
    if copies:
        yield f"{_count(copies, 'copy', 'copies')} of other photos left out."
    if captions:
        yield from caption_advice(used)
    yield from _unread_folders(paths)
    if used:
        yield _face_advice(faces)


def _face_advice(faces: tuple[str, int] | None) -> str:
    if faces is None:
        return "Faces were not checked: no face detector here."
    name, without = faces
    if not without:
        return f"{name} found a face on every photo."
    return (
        f"{name} found no face on {_count(without, 'photo')}; it can miss turned and covered ones."
    )


def caption_advice(used: Sequence[Judged]) -> Iterator[str]:
    """One sentence for each thing to mind about the captions of the photos that are used."""
    texts = [verdict.caption.text for verdict in used if verdict.caption and verdict.caption.text]
    if not used:
        return
    yield f"{len(texts)} of {len(used)} photos have a caption" + (
        "." if len(texts) == len(used) else "; the others get the name and the class."
    )
    least, most = ADVICE
    outside = sum(
        verdict.words is not None and not least <= verdict.words <= most for verdict in used
    )
    if outside:
        yield (
            f"{_count(outside, 'caption')} outside the advice of {least} to {most} words on "
            "what the photo shows."
        )
    if len(texts) > 1 and len(set(texts)) == 1:
        yield (
            "All captions are the same; say what differs from photo to photo (clothes, place, "
            "light, expression)."
        )
    if longer := sum((verdict.tokens or 0) > CHUNK for verdict in used):
        yield (
            f"{_count(longer, 'caption')} longer than {CHUNK} tokens, which is what "
            "max_token_length 75 reads."
        )
    stems = Counter(verdict.path.with_suffix("") for verdict in used if verdict.caption)
    for stem in (stem for stem, times in stems.items() if times > 1):
        yield (
            f"{stems[stem]} photos share the caption beside {shown(stem.name)!r}; check that "
            "it fits each."
        )


def _unread_folders(paths: Sequence[Path]) -> Iterator[str]:
    for path in paths:
        if path.is_dir():
            read = {*photo_files.folders_of(path)} | {
                leaf.parent for leaf in photo_files.folders_of(path)
            }
            others = [
                shown(folder.name) for folder in photo_files.subfolders(path) if folder not in read
            ]
            if others:
                yield (
                    f"Not looked into below {shown(path.name)!r}: {', '.join(others[:5])}. "
                    "Name a folder to use it."
                )


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
